"""What is to be done, policy by policy: `sync_do`. What is already as it should be is not in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

# A copy that comes to a removed contact stays out with it, so that restoring the contact brings it too.
_DO = """
CREATE TEMPORARY TABLE sync_do ON COMMIT DROP AS
SELECT policy_id, member_id, contact_id, npn, as_of, copy_id, same, released, removed_at, joins_removed, plain,
       CASE WHEN removed_at IS NOT NULL THEN 'skipped' WHEN copy_id IS NULL OR released THEN 'added'
            WHEN copy_npn <> npn THEN 'handed_over' ELSE 'updated' END AS what,
       CASE WHEN removed_at IS NOT NULL THEN 'removed' WHEN released THEN 'back' WHEN copy_id IS NULL THEN 'new'
            WHEN copy_npn <> npn THEN 'npn' WHEN told AND member_told THEN 'both' WHEN told THEN 'policy'
            WHEN member_told THEN 'member' ELSE 'unseen' END AS reason
FROM (SELECT s.policy_id, s.member_id, s.npn, s.as_of, s.copy_id, s.copy_npn, s.same, s.released, s.told,
             m.told AS member_told,
             coalesce(s.contact_id, m.contact_id, l.contact_id, m.new_id) AS contact_id,
             coalesce(s.removed_at, m.removed_at, l.removed_at) AS removed_at,
             s.removed_at IS NULL AND coalesce(m.removed_at, l.removed_at) IS NOT NULL AS joins_removed,
             coalesce(s.contact_id, m.contact_id, l.contact_id) IS NULL AS plain
      FROM sync_policy s LEFT JOIN sync_member m ON m.member_id = s.member_id
      LEFT JOIN sync_link l ON l.member_id = s.member_id
      WHERE NOT s.same OR m.member_id IS NOT NULL) step
"""

_COUNTS = """
SELECT count(*) FILTER (WHERE what = 'added') AS added, count(*) FILTER (WHERE what = 'updated') AS updated,
       count(*) FILTER (WHERE what = 'handed_over') AS handed_over,
       count(*) FILTER (WHERE copy_id IS NULL) AS to_insert,
       count(*) FILTER (WHERE copy_id IS NOT NULL AND NOT same) AS to_change,
       count(*) FILTER (WHERE copy_id IS NULL OR released) AS to_disclose,
       count(*) FILTER (WHERE joins_removed) AS joins_removed,
       count(*) FILTER (WHERE NOT plain) AS known, max(as_of) FILTER (WHERE removed_at IS NULL) AS newest
FROM sync_do
"""

_MOVES = """
SELECT npn, copy_npn, released OR copy_id IS NULL AS comes, copy_removed, count(*) AS policies,
       count(removed_at) AS staying_out
FROM sync_policy GROUP BY 1, 2, 3, 4
"""

_PEOPLE = """
SELECT count(*) FILTER (WHERE contact_id IS NULL) - (SELECT count(*) FROM sync_link) AS plain,
       (SELECT count(DISTINCT contact_id) FROM sync_link WHERE fresh) AS joined,
       (SELECT count(DISTINCT contact_id) FROM sync_link WHERE NOT fresh) AS contacts_linked,
       count(*) FILTER (WHERE source_id IS NULL) AS new_sources,
       count(*) FILTER (WHERE source_id IS NOT NULL) AS changed_sources
FROM sync_member
"""


def make(at: Session) -> tuple[dict[str, int], date | None]:
    """Make `sync_do` of what was collected and decided; counts of what is to be written, and its newest as-of date."""
    at.execute(text(_DO))
    found = {**at.execute(text(_COUNTS)).mappings().one(), **at.execute(text(_PEOPLE)).mappings().one()}
    newest: date | None = found.pop("newest")
    return {**found, "contacts_new": found["plain"] + found["joined"]}, newest


@dataclass(frozen=True, slots=True)
class Move:
    """Collected policies that go the same way: their number, and how many stay out with what the agent removed."""

    npn: str
    copy_npn: str | None
    comes: bool
    copy_removed: bool
    policies: int
    staying_out: int


def moves(at: Session) -> list[Move]:
    """Which way what was collected goes."""
    return [Move(*row) for row in at.execute(text(_MOVES))]


# The account as it will be: copies that are not looked at, and those that are; then who of their contacts has e-mail.
_AHEAD = """
WITH living AS (
  SELECT coalesce(s.contact_id, m.contact_id, l.contact_id, m.new_id) AS id
  FROM sync_policy s LEFT JOIN sync_member m ON m.member_id = s.member_id
  LEFT JOIN sync_link l ON l.member_id = s.member_id
  WHERE coalesce(s.removed_at, m.removed_at, l.removed_at) IS NULL
  UNION
  SELECT c.contact_id FROM crm_policy c
  WHERE NOT :whole AND c.fmo_id = :fmo AND c.business_id = :business AND c.released_at IS NULL
    AND c.removed_at IS NULL AND NOT EXISTS (SELECT 1 FROM sync_policy s WHERE s.copy_id = c.id)
), told AS (
  SELECT coalesce(m.contact_id, l.contact_id, m.new_id) AS id, bool_or(m.carried ? 'email') AS email
  FROM sync_member m LEFT JOIN sync_link l ON l.member_id = m.member_id GROUP BY 1
)
SELECT count(*) AS contacts, count(*) FILTER (WHERE NOT CASE
    WHEN k.typed ? 'email' THEN k.typed->>'email' <> ''
    WHEN t.id IS NULL THEN coalesce(k.email, '') <> ''
    WHEN t.email THEN true
    WHEN k.brought ? 'email' THEN true
    WHEN k.id IS NULL THEN false
    ELSE EXISTS (SELECT 1 FROM contact_source o WHERE o.fmo_id = :fmo AND o.business_id = :business
                 AND o.contact_id = k.id AND coalesce(o.carried->>'email', '') <> ''
                 AND NOT EXISTS (SELECT 1 FROM sync_member m WHERE m.member_id = o.member_id){staying})
  END) AS without_email
FROM living LEFT JOIN told t USING (id)
LEFT JOIN contact k ON k.fmo_id = :fmo AND k.business_id = :business AND k.id = living.id
"""
# A run that looks at everything also takes away what the account holds no longer by right, sources with it.
_STAYING = " AND EXISTS (SELECT 1 FROM sync_policy s WHERE s.member_id = o.member_id)"


def people_ahead(at: Session, fmo_id: UUID, business_id: UUID, *, whole: bool) -> dict[str, int]:
    """`contacts` and `without_email` as `account.people` will find them after the run."""
    statement = _AHEAD.format(staying=_STAYING if whole else "")
    known: dict[str, Any] = {"fmo": fmo_id, "business": business_id, "whole": whole}
    return dict(at.execute(text(statement), known).mappings().one())
