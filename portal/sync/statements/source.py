"""What belongs to the Business, beside what it has: temporary tables that live as long as the run's transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.connectors.ladder import person_key_sql
from portal.crm.models import TYPED_FIELDS
from portal.extensions import db

# Copied one to one from the book's policy; the premium is text in the copy.
COPIED = (
    "carrier", "sort_key", "policy_number", "number_key", "member_number", "line_of_business", "product", "plan_id",
    "plan_name", "status", "status_raw", "status_reason", "effective_date", "term_date", "renewal_date", "as_of",
    "content_hash",
)  # fmt: skip

_POLICIES = """
CREATE TEMPORARY TABLE sync_policy ON COMMIT DROP AS
SELECT p.id AS policy_id, p.member_id, p.carrier, p.member_number, p.writing_npn AS npn, c.id AS copy_id,
       c.contact_id AS copy_contact_id, s.contact_id, c.removed_at IS NOT NULL AS removed,
       c.released_at IS NOT NULL AS released,
       coalesce(c.released_at IS NULL AND c.contact_id = s.contact_id AND c.content_hash = p.content_hash
                AND c.npn = p.writing_npn AND c.as_of = p.as_of AND c.member_id = p.member_id
                AND c.sort_key = p.sort_key AND c.status = p.status, false) AS same
FROM policy p
LEFT JOIN crm_policy c ON c.fmo_id = :fmo AND c.business_id = :business AND c.policy_id = p.id
LEFT JOIN contact_source s ON s.fmo_id = :fmo AND s.business_id = :business AND s.member_id = p.member_id
WHERE p.fmo_id = :fmo AND p.writing_npn = ANY(:npns)
"""


def _value(field: str) -> str:
    column = "to_char(m.birth_date, 'YYYY-MM-DD')" if field == "birth_date" else f"nullif(m.{field}, '')"
    return f"'{field}', {column}"


# Only members that are new here or changed: a run with nothing new writes no row, here neither.
_MEMBERS = f"""
CREATE TEMPORARY TABLE sync_member ON COMMIT DROP AS
SELECT v.*, s.id AS source_id, coalesce(s.contact_id, b.copy_contact_id) AS contact_id
FROM (SELECT member_id, (array_agg(copy_contact_id ORDER BY copy_contact_id)
                         FILTER (WHERE copy_contact_id IS NOT NULL))[1] AS copy_contact_id
      FROM sync_policy GROUP BY member_id) b
JOIN (SELECT m.id AS member_id, m.mbi, m.mbi_hash, m.carrier, m.as_of, m.first_name, m.last_name, m.birth_date, m.zip,
             jsonb_strip_nulls(jsonb_build_object({", ".join(map(_value, TYPED_FIELDS))})) AS carried
      FROM member m WHERE m.fmo_id = :fmo) v ON v.member_id = b.member_id
LEFT JOIN contact_source s ON s.fmo_id = :fmo AND s.business_id = :business AND s.member_id = b.member_id
WHERE s.id IS NULL OR s.carried <> v.carried OR s.as_of <> v.as_of OR s.carrier <> v.carrier
   OR s.mbi IS DISTINCT FROM v.mbi OR s.mbi_hash IS DISTINCT FROM v.mbi_hash
"""

_KEYS = f"""
CREATE TEMPORARY TABLE sync_key ON COMMIT DROP AS
SELECT member_id, 'mbi' AS kind, mbi_hash AS value FROM sync_member WHERE mbi_hash IS NOT NULL
UNION
SELECT member_id, 'number', carrier || '|' || member_number FROM sync_policy
WHERE NOT same AND member_number <> ''
UNION
SELECT member_id, 'person', value
FROM (SELECT member_id, {person_key_sql("first_name", "last_name", "birth_date", "zip")} AS value
      FROM sync_member) named
WHERE value IS NOT NULL
"""

_LINKS = """
CREATE TEMPORARY TABLE sync_link
(member_id uuid PRIMARY KEY, contact_id uuid NOT NULL, rung text NOT NULL, fresh boolean NOT NULL) ON COMMIT DROP
"""


def open_npns(fmo_id: UUID, business_id: UUID) -> list[str]:
    """The NPNs of the Business at this moment, canonical text."""
    rows = db.session.execute(
        text("SELECT npn FROM business_npn WHERE fmo_id = :fmo AND business_id = :business AND until IS NULL"),
        {"fmo": fmo_id, "business": business_id},
    )
    return sorted(rows.scalars())


def collect(fmo_id: UUID, business_id: UUID, npns: list[str]) -> None:
    """Make `sync_policy` (what belongs, with its copy), `sync_member` (new or changed), `sync_key`, `sync_link`."""
    known: dict[str, Any] = {"fmo": fmo_id, "business": business_id}
    db.session.execute(text(_POLICIES), {**known, "npns": npns})
    db.session.execute(text("ANALYZE sync_policy"))
    db.session.execute(text(_MEMBERS), known)
    db.session.execute(text("ANALYZE sync_member"))
    db.session.execute(text(_KEYS))
    db.session.execute(text("ANALYZE sync_key"))
    db.session.execute(text(_LINKS))


def totals() -> tuple[int, int]:
    """(policies that belong, members new or changed) as collected."""
    row = db.session.execute(
        text("SELECT (SELECT count(*) FROM sync_policy), (SELECT count(*) FROM sync_member)")
    ).one()
    return int(row[0]), int(row[1])
