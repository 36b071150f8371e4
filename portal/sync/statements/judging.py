"""Whether copies that leave were ever the account's: what the intervals of writing say of each delivery.

Moved to another agent from a day on that the carrier names, after the delivery, or still of the NPN that only left the
account: rightful until then, and nothing is kept. Taken back with its file, or corrected by crosswalk, hand, or the
carrier's own days: never rightful. Where a file names another agent and not since when, or nobody wrote it any more, a
person must say. The day of a delivery is that of the FMO's office.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from portal.compliance.disclosures.findings import Judged
from portal.compliance.disclosures.models import POSSIBLE, WRONG
from portal.compliance.reviews import rules
from portal.extensions import db
from portal.sync.statements.leave import Taken

_JUDGE = """
SELECT c.business_id, c.policy_id, c.member_id, c.carrier, c.npn, now_by.npn AS new_npn, c.added_run_id,
  CASE
    WHEN now_by.id IS NULL THEN 'undone'
    WHEN now_by.npn = c.npn THEN NULL
    WHEN EXISTS (
      SELECT 1 FROM feed_effect e WHERE e.fmo_id = :fmo AND e.run_id = was.run_id AND e.subject_id = c.policy_id
        AND e.undone_at IS NOT NULL) THEN 'undone'
    WHEN now_by.npn IS NULL THEN 'nobody'
    WHEN now_by.source = 'hand' THEN 'hand'
    WHEN now_by.source = 'crosswalk' AND now_by.run_id IS NULL THEN 'crosswalk'
    WHEN now_by.written_from > delivered.day THEN NULL
    WHEN now_by.written_from IS NOT NULL THEN 'dates'
    ELSE 'file' END AS cause
FROM unnest(CAST(:businesses AS uuid[]), CAST(:policies AS uuid[])) AS t (business_id, policy_id)
JOIN crm_policy c ON c.fmo_id = :fmo AND c.business_id = t.business_id AND c.policy_id = t.policy_id
LEFT JOIN policy_writer now_by ON now_by.fmo_id = :fmo AND now_by.policy_id = c.policy_id AND now_by.until IS NULL
LEFT JOIN LATERAL (
  SELECT w.run_id FROM policy_writer w WHERE w.fmo_id = :fmo AND w.policy_id = c.policy_id AND w.until IS NOT NULL
  ORDER BY w.until DESC, w.since DESC LIMIT 1) was ON true
LEFT JOIN LATERAL (
  SELECT CAST(coalesce(r.started_at, c.created_at) AT TIME ZONE :zone AS date) AS day
  FROM sync_run r WHERE r.fmo_id = :fmo AND r.business_id = c.business_id AND r.id = c.added_run_id) delivered ON true
"""
_IN_DOUBT = ("file", "nobody", "npn")
_UNDER_NPN = """
SELECT c.business_id, c.policy_id, c.member_id, c.carrier, c.npn, c.npn AS new_npn, c.added_run_id, 'npn' AS cause
FROM unnest(CAST(:businesses AS uuid[]), CAST(:policies AS uuid[])) AS t (business_id, policy_id)
JOIN crm_policy c ON c.fmo_id = :fmo AND c.business_id = t.business_id AND c.policy_id = t.policy_id
"""


def judge(fmo_id: UUID, taken: Sequence[Taken]) -> list[Judged]:
    """What is to be kept of the deliveries of copies that were just taken because their policy has another writer."""
    return _found(_JUDGE, fmo_id, taken, zone=rules.office_zone()) if taken else []


def judge_npn(fmo_id: UUID, taken: Sequence[Taken]) -> list[Judged]:
    """The same of copies whose NPN was taken from the account.

    Whether it was the account's until now, or never and given by mistake, only a person can say.
    """
    return _found(_UNDER_NPN, fmo_id, taken) if taken else []


def _found(query: str, fmo_id: UUID, taken: Sequence[Taken], **more: str) -> list[Judged]:
    known = {"fmo": fmo_id, "businesses": [t.business_id for t in taken], "policies": [t.policy_id for t in taken]}
    rows = db.session.execute(text(query), {**known, **more}).all()
    return [_judged(row) for row in rows if row.cause is not None]


def _judged(row: Row[Any]) -> Judged:
    verdict = POSSIBLE if row.cause in _IN_DOUBT else WRONG
    named = {name: getattr(row, name) for name in ("policy_id", "member_id", "carrier", "npn", "new_npn", "cause")}
    return Judged(recipient_id=row.business_id, delivered_run_id=row.added_run_id, verdict=verdict, **named)
