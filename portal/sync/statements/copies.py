"""The Business's copies of its policies: added, brought up to date, taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.extensions import db
from portal.sync.statements.source import COPIED

_CONTACT = "coalesce(s.contact_id, s.copy_contact_id, l.contact_id)"
_ADD = f"""
INSERT INTO crm_policy (fmo_id, business_id, id, policy_id, member_id, contact_id, npn, premium, added_run_id,
                        changed_run_id, {", ".join(COPIED)})
SELECT :fmo, :business, uuidv7(), p.id, p.member_id, {_CONTACT}, s.npn, CAST(p.premium AS text), :run, :run,
       {", ".join("p." + name for name in COPIED)}
FROM sync_policy s JOIN policy p ON p.fmo_id = :fmo AND p.id = s.policy_id
LEFT JOIN sync_link l ON l.member_id = s.member_id
WHERE s.copy_id IS NULL AND NOT s.removed
"""

_CHANGE = f"""
UPDATE crm_policy c
SET member_id = p.member_id, contact_id = {_CONTACT}, npn = s.npn, premium = CAST(p.premium AS text),
    released_at = NULL, released_reason = NULL, changed_run_id = :run,
    added_run_id = CASE WHEN s.released THEN :run ELSE c.added_run_id END, updated_at = now(),
    {", ".join(f"{name} = p.{name}" for name in COPIED)}
FROM sync_policy s JOIN policy p ON p.fmo_id = :fmo AND p.id = s.policy_id
LEFT JOIN sync_link l ON l.member_id = s.member_id
WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.id = s.copy_id AND NOT s.same AND NOT s.removed
"""

_COUNTS = """
SELECT count(*) FILTER (WHERE NOT removed) AS policies,
       count(*) FILTER (WHERE NOT removed AND (copy_id IS NULL OR released)) AS added,
       count(*) FILTER (WHERE NOT removed AND copy_id IS NOT NULL AND NOT released AND NOT same) AS updated,
       count(*) FILTER (WHERE NOT removed AND same) AS unchanged,
       count(*) FILTER (WHERE removed) AS removed_by_agent
FROM sync_policy
"""

# A row that a newer file only repeats is not written again: the files themselves say how fresh the carriers' word is.
_STAMP = """
UPDATE business SET synced_at = now(), updated_at = now(), carrier_data_of = coalesce(greatest(
    (SELECT max(p.as_of) FROM policy p
     WHERE p.fmo_id = :fmo AND p.id IN (SELECT policy_id FROM sync_policy WHERE NOT removed)),
    (SELECT max(r.as_of) FROM feed_run r JOIN connector k ON k.fmo_id = :fmo AND k.id = r.connector_id
     WHERE r.fmo_id = :fmo AND r.status = 'succeeded' AND NOT r.dry_run
       AND k.carrier IN (SELECT carrier FROM sync_policy WHERE NOT removed))), carrier_data_of)
WHERE fmo_id = :fmo AND id = :business
"""


def write(fmo_id: UUID, business_id: UUID, run_id: UUID) -> None:
    """Add what is missing, update what differs, bring back what belongs again; leave the rest alone."""
    known: dict[str, Any] = {"fmo": fmo_id, "business": business_id, "run": run_id}
    db.session.execute(text(_ADD), known)
    db.session.execute(text(_CHANGE), known)


def counts() -> dict[str, int]:
    """Figures about policies for the run's report."""
    row = db.session.execute(text(_COUNTS)).mappings().one()
    return {name: int(value) for name, value in row.items()}


def stamp(fmo_id: UUID, business_id: UUID) -> None:
    """Note on the Business when it was synced and how fresh the carriers' data is."""
    db.session.execute(text(_STAMP), {"fmo": fmo_id, "business": business_id})
