"""What a run did and left, kept in few rows: the policies of one kind of change, a thousand to a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.extensions import db

A_LINE = 1_000
_KEEP = """
INSERT INTO sync_line (fmo_id, business_id, id, run_id, what, reason, policy_ids)
SELECT :fmo, :business, uuidv7(), :run, what, reason, array_agg(policy_id ORDER BY policy_id)
FROM (SELECT what, reason, policy_id,
             (row_number() OVER (PARTITION BY what, reason ORDER BY policy_id) - 1) / :size AS part
      FROM ({rows}) done) numbered
GROUP BY what, reason, part ORDER BY what, reason, part
"""
_DONE = "SELECT what, reason, policy_id FROM sync_do WHERE what <> 'skipped'"
_SKIPPED = """
SELECT 'skipped' AS what, CASE WHEN k.removed_at IS NULL THEN 'policy_removed' ELSE 'contact_removed' END AS reason,
       c.policy_id
FROM crm_policy c JOIN contact k ON k.fmo_id = :fmo AND k.business_id = :business AND k.id = c.contact_id
WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.released_at IS NULL AND c.removed_at IS NOT NULL
"""
_RELEASED = "SELECT 'released' AS what, CAST(:why AS text) AS reason, unnest(CAST(:gone AS uuid[])) AS policy_id"


def keep(
    fmo_id: UUID, business_id: UUID, run_id: UUID, *, done: bool, skipped: bool, released: Sequence[UUID], why: str
) -> None:
    """Keep what the run `done`, what it left out because the agent had removed it, and what it released and `why`."""
    known: dict[str, Any] = {"fmo": fmo_id, "business": business_id, "run": run_id, "size": A_LINE}
    parts = [part for part, there in ((_DONE, done), (_SKIPPED, skipped), (_RELEASED, bool(released))) if there]
    if released:
        known |= {"gone": list(released), "why": why}
    if parts:
        db.session.execute(text(_KEEP.format(rows=" UNION ALL ".join(parts))), known)
