"""What the account holds: counted, locked, and marked as followed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.extensions import db
from portal.sync.statements.source import Followed

# Told by the list's own index alone.
_HELD = """
SELECT npn, removed_at IS NOT NULL AS removed, count(*) AS copies FROM crm_policy
WHERE fmo_id = :fmo AND business_id = :business AND released_at IS NULL GROUP BY 1, 2
"""
_LIVING = "c.fmo_id = :fmo AND c.business_id = :business AND c.released_at IS NULL AND c.removed_at IS NULL"
# Asked by a hash of those without an address: a join would go through them once for each contact of an account that is
# new, since nothing is known of its size yet.
_PEOPLE = f"""
SELECT count(*) AS contacts, count(*) FILTER (WHERE living.contact_id IN (
    SELECT k.id FROM contact k
    WHERE k.fmo_id = :fmo AND k.business_id = :business AND NOT k.hidden AND k.removed_at IS NULL
      AND coalesce(k.email, '') = ''
  )) AS without_email
FROM (SELECT DISTINCT c.contact_id FROM crm_policy c WHERE {_LIVING}) living
"""
_TODAY = f"SELECT count(*) AS policies, count(DISTINCT c.contact_id) AS contacts FROM crm_policy c WHERE {_LIVING}"
_HOLDING = """
SELECT DISTINCT business_id FROM crm_policy
WHERE fmo_id = :fmo AND policy_id = ANY(:policies) AND released_at IS NULL ORDER BY business_id
"""
_NPNS = """
SELECT npn FROM business_npn WHERE fmo_id = :fmo AND business_id = :business AND until IS NULL ORDER BY npn
FOR NO KEY UPDATE
"""
_FOLLOW = """
UPDATE business_npn n SET synced_batch = t.newest
FROM unnest(CAST(:npns AS text[]), CAST(:newest AS bigint[])) AS t (npn, newest)
WHERE n.fmo_id = :fmo AND n.business_id = :business AND n.npn = t.npn AND n.until IS NULL
  AND n.synced_batch IS DISTINCT FROM t.newest
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Copies that are not released: by NPN, and how many of all were removed by the agent."""

    by_npn: dict[str, int]
    removed: int

    @property
    def copies(self) -> int:
        """All of them."""
        return sum(self.by_npn.values())


def held(at: Session, fmo_id: UUID, business_id: UUID) -> Held:
    """What the account holds at this moment."""
    by_npn: dict[str, int] = {}
    removed = 0
    for npn, is_removed, copies in at.execute(text(_HELD), {"fmo": fmo_id, "business": business_id}):
        by_npn[npn] = by_npn.get(npn, 0) + copies
        removed += copies if is_removed else 0
    return Held(by_npn, removed)


def people(at: Session, fmo_id: UUID, business_id: UUID) -> dict[str, int]:
    """`contacts` with a policy in the account, and those of them `without_email`."""
    return dict(at.execute(text(_PEOPLE), {"fmo": fmo_id, "business": business_id}).mappings().one())


def today(at: Session, fmo_id: UUID, business_id: UUID) -> dict[str, int]:
    """`policies` that the account shows at this moment, and the `contacts` that they belong to."""
    return dict(at.execute(text(_TODAY), {"fmo": fmo_id, "business": business_id}).mappings().one())


def hold_npns(fmo_id: UUID, business_id: UUID) -> list[str]:
    """The NPNs of the account, none of which ends until this transaction does; waits for whoever is ending one.

    Before the writers, as whoever ends one takes them: else each could wait for the other. What joins afterwards is not
    held, and therefore not this run's to follow: another one comes for it.
    """
    return list(db.session.execute(text(_NPNS), {"fmo": fmo_id, "business": business_id}).scalars())


def holding(fmo_id: UUID, policy_ids: Sequence[UUID]) -> list[UUID]:
    """The Businesses that hold a copy of any of these policies."""
    return list(db.session.execute(text(_HOLDING), {"fmo": fmo_id, "policies": list(policy_ids)}).scalars())


def follow(fmo_id: UUID, business_id: UUID, npns: Iterable[Followed]) -> None:
    """Note on each NPN how far the book has been followed."""
    marks = {one.npn: one.newest for one in npns}
    known: dict[str, Any] = {"fmo": fmo_id, "business": business_id}
    db.session.execute(text(_FOLLOW), {**known, "npns": list(marks), "newest": list(marks.values())})
