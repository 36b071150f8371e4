"""What belongs to the Business and may differ from what it has: temporary tables, as long as the transaction.

A run reads only what the book has changed since the last one: of each NPN the policies above its watermark. A feed
gives its number to the policies of every member that it changes as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.crm.models import TYPED_FIELDS
from portal.extensions import db
from portal.sync.statements.ids import fresh, seed

# Copied one to one from the book's policy; the premium is text in the copy.
COPIED = (
    "carrier", "sort_key", "policy_number", "number_key", "member_number", "line_of_business", "product", "plan_id",
    "plan_name", "status", "status_raw", "status_reason", "effective_date", "term_date", "renewal_date", "as_of",
    "content_hash", "writer_source",
)  # fmt: skip
# What an account's pages show of a policy. The content hash also covers the member and what is not copied.
_SHOWN = tuple(name for name in COPIED if name not in ("sort_key", "as_of", "content_hash", "writer_source"))
TABLES = ("sync_policy", "sync_member", "sync_key", "sync_link")
EVERYTHING = -1  # below every ingest number

_FOLLOWED = """
SELECT t.npn, n.synced_batch, coalesce(p.newest, 0) AS newest, p.policies
FROM unnest(CAST(:npns AS text[])) AS t (npn)
LEFT JOIN business_npn n ON n.fmo_id = :fmo AND n.business_id = :business AND n.npn = t.npn AND n.until IS NULL,
LATERAL (SELECT count(*) AS policies, max(batch) AS newest FROM policy b
         WHERE b.fmo_id = :fmo AND b.writing_npn = t.npn) p
ORDER BY t.npn
"""

_BEHIND = """
SELECT DISTINCT b.id FROM business b
JOIN business_npn n ON n.fmo_id = b.fmo_id AND n.business_id = b.id AND n.until IS NULL
WHERE b.fmo_id = :fmo AND b.sync_enabled AND b.continuous
  AND EXISTS (SELECT 1 FROM policy p WHERE p.fmo_id = :fmo AND p.writing_npn = n.npn
              AND p.batch > coalesce(n.synced_batch, -1))
ORDER BY b.id
"""

_POLICIES = f"""
CREATE TEMPORARY TABLE sync_policy ON COMMIT DROP AS
SELECT p.id AS policy_id, p.member_id, p.carrier, p.member_number, p.as_of, p.writing_npn AS npn, c.id AS copy_id,
       c.npn AS copy_npn, s.contact_id, c.released_at IS NOT NULL AS released,
       c.removed_at IS NOT NULL AS copy_removed, coalesce(c.removed_at, k.removed_at) AS removed_at,
       coalesce(c.released_at IS NULL AND c.contact_id = s.contact_id AND c.content_hash = p.content_hash
                AND c.npn = p.writing_npn AND c.as_of = p.as_of AND c.member_id = p.member_id
                AND c.sort_key = p.sort_key AND c.status = p.status
                AND c.writer_source IS NOT DISTINCT FROM p.writer_source
                AND (k.removed_at IS NULL OR c.removed_at IS NOT NULL), false) AS same,
       ({", ".join(f"p.{name}" for name in _SHOWN)}, CAST(p.premium AS text))
         IS DISTINCT FROM ({", ".join(f"c.{name}" for name in _SHOWN)}, c.premium) AS told
FROM unnest(CAST(:npns AS text[]), CAST(:above AS bigint[])) AS t (npn, above)
JOIN policy p ON p.fmo_id = :fmo AND p.writing_npn = t.npn AND p.batch > t.above
LEFT JOIN crm_policy c ON c.fmo_id = :fmo AND c.business_id = :business AND c.policy_id = p.id
LEFT JOIN contact_source s ON s.fmo_id = :fmo AND s.business_id = :business AND s.member_id = p.member_id
LEFT JOIN contact k ON k.fmo_id = :fmo AND k.business_id = :business AND k.id = coalesce(s.contact_id, c.contact_id)
  AND k.removed_at IS NOT NULL
"""


def _value(field: str) -> str:
    column = "to_char(m.birth_date, 'YYYY-MM-DD')" if field == "birth_date" else f"nullif(m.{field}, '')"
    return f"'{field}' VALUE {column}"


# Only members that are new here or changed; `new_id` is the contact of those whom the ladder leaves alone.
_MEMBERS = f"""
CREATE TEMPORARY TABLE sync_member ON COMMIT DROP AS
SELECT v.*, s.id AS source_id, s.contact_id, {fresh()} AS new_id, CAST(NULL AS timestamptz) AS removed_at,
       s.carried <> v.carried OR s.mbi_hash IS DISTINCT FROM v.mbi_hash AS told
FROM (SELECT DISTINCT member_id FROM sync_policy) b
JOIN (SELECT m.id AS member_id, m.mbi, m.mbi_hash, m.carrier, m.as_of, m.sort_key, m.birth_date, m.zip,
             json_object({", ".join(map(_value, TYPED_FIELDS))} ABSENT ON NULL RETURNING jsonb) AS carried
      FROM member m WHERE m.fmo_id = :fmo) v ON v.member_id = b.member_id
LEFT JOIN contact_source s ON s.fmo_id = :fmo AND s.business_id = :business AND s.member_id = b.member_id
WHERE s.id IS NULL OR s.carried <> v.carried OR s.as_of <> v.as_of OR s.carrier <> v.carrier
   OR s.mbi IS DISTINCT FROM v.mbi OR s.mbi_hash IS DISTINCT FROM v.mbi_hash
"""

# Whoever was here before is who they were, by whatever policy they come: merged or removed since, they stay so.
_BACK = """
UPDATE sync_member m SET contact_id = k.id, removed_at = k.removed_at
FROM (SELECT DISTINCT ON (c.member_id) c.member_id, c.contact_id FROM crm_policy c
      WHERE c.fmo_id = :fmo AND c.business_id = :business
        AND c.member_id IN (SELECT member_id FROM sync_member WHERE source_id IS NULL)
      ORDER BY c.member_id, c.released_at DESC NULLS FIRST, c.id) last
JOIN contact k ON k.fmo_id = :fmo AND k.business_id = :business AND k.id = last.contact_id
WHERE m.member_id = last.member_id AND m.source_id IS NULL
"""
_COMING = "SELECT count(*) FROM sync_member WHERE source_id IS NULL"
_STRANGERS = "SELECT count(*) FROM sync_member WHERE contact_id IS NULL"

# A member's sort key is last name, blank, first name, each already as the ladder compares it.
_KEYS = """
CREATE TEMPORARY TABLE sync_key ON COMMIT DROP AS
SELECT member_id, 'mbi' AS kind, mbi_hash AS value, contact_id IS NULL AS stranger FROM sync_member
WHERE mbi_hash IS NOT NULL
UNION ALL
SELECT DISTINCT s.member_id, 'number', s.carrier || '|' || s.member_number,
                m.member_id IS NOT NULL AND m.contact_id IS NULL
FROM sync_policy s LEFT JOIN sync_member m ON m.member_id = s.member_id
WHERE NOT s.same AND s.member_number <> ''
UNION ALL
SELECT member_id, 'person', value, stranger
FROM (SELECT member_id, contact_id IS NULL AS stranger,
             nullif(split_part(sort_key, ' ', 2), '') || '|' || nullif(split_part(sort_key, ' ', 1), '')
                        || '|' || to_char(birth_date, 'YYYY-MM-DD') || '|' || nullif(zip, '') AS value
      FROM sync_member) named
WHERE value IS NOT NULL
"""

_LINKS = """
CREATE TEMPORARY TABLE sync_link
(member_id uuid NOT NULL, contact_id uuid NOT NULL, rung text NOT NULL, fresh boolean NOT NULL, removed_at timestamptz)
ON COMMIT DROP
"""


@dataclass(frozen=True, slots=True)
class Followed:
    """An NPN: how far runs have followed it (None: not yet), its newest ingest number, and its policies in the book."""

    npn: str
    synced: int | None
    newest: int
    policies: int

    @property
    def is_news(self) -> bool:
        """Whether the book knows more than the last run saw."""
        return self.synced is None or self.newest > self.synced


def open_npns(fmo_id: UUID, business_id: UUID) -> list[str]:
    """The NPNs of the Business at this moment, canonical text."""
    rows = db.session.execute(
        text("SELECT npn FROM business_npn WHERE fmo_id = :fmo AND business_id = :business AND until IS NULL"),
        {"fmo": fmo_id, "business": business_id},
    )
    return sorted(rows.scalars())


def behind(fmo_id: UUID) -> list[UUID]:
    """The FMO's continuous Businesses for which the book has something that no run has seen."""
    return list(db.session.execute(text(_BEHIND), {"fmo": fmo_id}).scalars())


def followed(at: Session, fmo_id: UUID, business_id: UUID, npns: Sequence[str]) -> list[Followed]:
    """How far the Business has followed each of `npns`. Look here before the book itself.

    What is written afterwards then stays above the watermark.
    """
    rows = at.execute(text(_FOLLOWED), {"fmo": fmo_id, "business": business_id, "npns": list(npns)})
    return [Followed(*row) for row in rows]


def collect(at: Session, fmo_id: UUID, business_id: UUID, above: dict[str, int]) -> tuple[int, int]:
    """Make the `TABLES` of what each NPN has above its number; (policies, members without a contact here)."""
    known: dict[str, Any] = {"fmo": fmo_id, "business": business_id}
    pairs = {"npns": list(above), "above": list(above.values())}
    policies = _made(at, _POLICIES, **known, **pairs)
    at.execute(text("ANALYZE sync_policy (policy_id, member_id, copy_id)"))
    _made(at, _MEMBERS, **known, **seed())
    at.execute(text("ANALYZE sync_member (member_id, contact_id, source_id)"))
    if _counted(at, _COMING):
        _made(at, _BACK, **known)
    _made(at, _KEYS)
    at.execute(text(_LINKS))
    return policies, _counted(at, _STRANGERS)


def _counted(at: Session, statement: str) -> int:
    found: int = at.execute(text(statement)).scalar_one()
    return found


def _made(at: Session, statement: str, **values: Any) -> int:
    made: int = at.execute(text(statement), values).rowcount  # type: ignore[attr-defined]  # CREATE TABLE AS has one
    return made


def forget(at: Session) -> None:
    """Drop the tables, to collect anew."""
    at.execute(text(f"DROP TABLE {', '.join(TABLES)}"))
