"""The Business's copies of its policies: added, brought up to date, taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.extensions import db
from portal.sync.statements.ids import fresh, seed
from portal.sync.statements.source import COPIED

# Said once more where it is written; and the planner finds them by it among a million others. Not by `d.npn`: it would
# join by that alone, everything with everything.
_MINE = "AND p.writing_npn = ANY(:npns)"
_ADD = f"""
INSERT INTO crm_policy (fmo_id, business_id, id, policy_id, member_id, contact_id, npn, removed_at, premium,
                        added_run_id, changed_run_id, {", ".join(COPIED)})
SELECT :fmo, :business, {fresh()}, p.id, p.member_id, d.contact_id, d.npn, d.removed_at, CAST(p.premium AS text), :run,
       :run, {", ".join("p." + name for name in COPIED)}
FROM sync_do d JOIN policy p ON p.fmo_id = :fmo AND p.id = d.policy_id {_MINE}
WHERE d.copy_id IS NULL
"""

_CHANGE = f"""
UPDATE crm_policy c
SET member_id = p.member_id, contact_id = d.contact_id, npn = d.npn, removed_at = coalesce(c.removed_at, d.removed_at),
    premium = CAST(p.premium AS text), released_at = NULL, released_reason = NULL, changed_run_id = :run,
    added_run_id = CASE WHEN d.released THEN :run ELSE c.added_run_id END, updated_at = now(),
    {", ".join(f"{name} = p.{name}" for name in COPIED)}
FROM sync_do d JOIN policy p ON p.fmo_id = :fmo AND p.id = d.policy_id {_MINE}
WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.id = d.copy_id AND NOT d.same
"""

# A row that a newer file only repeats is not written again: the files themselves say how fresh the carriers' word is.
_STAMP = """
UPDATE business b SET synced_at = now(), updated_at = now(),
    carrier_data_of = greatest(b.carrier_data_of, CAST(:newest AS date), (
      SELECT max(r.as_of) FROM feed_run r JOIN connector k ON k.fmo_id = :fmo AND k.id = r.connector_id
      WHERE r.fmo_id = :fmo AND r.status = 'succeeded' AND NOT r.dry_run
        AND r.as_of > coalesce(greatest(b.carrier_data_of, CAST(:newest AS date)), '-infinity')
        AND k.carrier = ANY(ARRAY(
          SELECT DISTINCT c.carrier FROM crm_policy c WHERE c.fmo_id = :fmo AND c.business_id = :business
            AND c.released_at IS NULL AND c.removed_at IS NULL))))
WHERE b.fmo_id = :fmo AND b.id = :business
"""


def write(fmo_id: UUID, business_id: UUID, run_id: UUID, npns: Sequence[str], counts: dict[str, int]) -> None:
    """Add what is missing, update what differs, bring back what belongs again; leave the rest alone."""
    known: dict[str, Any] = {"fmo": fmo_id, "business": business_id, "run": run_id, "npns": list(npns)}
    for statement, rows in ((_ADD, counts["to_insert"]), (_CHANGE, counts["to_change"])):
        if rows:
            db.session.execute(text(statement), {**known, **(seed() if ":seed" in statement else {})})


def stamp(fmo_id: UUID, business_id: UUID, newest: date | None) -> None:
    """Note on the Business when it was synced, and how fresh the carriers' data is; `newest`: what this run brought."""
    db.session.execute(text(_STAMP), {"fmo": fmo_id, "business": business_id, "newest": newest})
