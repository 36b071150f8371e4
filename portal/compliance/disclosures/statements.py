"""The deliveries of one member, from the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

# Row security lets no index on lists of ids be used; the function that the log's pages follow a member by may use one.
_DELIVERIES = """
WITH about AS MATERIALIZED (
  SELECT f.at, f.id, f.business_id, f.action FROM access_followed(ARRAY[CAST(:member AS uuid)], :begin, :ever) f
  WHERE f.action IN ('policy.disclosed', 'policy.released')),
released AS MATERIALIZED (
  SELECT f.at, f.business_id, e.subject_ids FROM about f
  JOIN access_entry e ON e.fmo_id = :fmo AND e.at = f.at AND e.id = f.id WHERE f.action = 'policy.released')
SELECT e.id, e.at, e.business_id AS recipient_id, e.run_id, e.subject_ids[1] AS policy_id, e.fields, e.reason,
       r.name, r.contact, r.npns, u.at AS until, m.id AS misdelivery_id, m.verdict, m.cause
FROM about f JOIN access_entry e ON e.fmo_id = :fmo AND e.at = f.at AND e.id = f.id
LEFT JOIN LATERAL (
  SELECT d.name, d.contact, d.npns FROM disclosure_recipient d
  WHERE d.fmo_id = :fmo AND d.recipient_id = e.business_id AND d.since <= e.at
  ORDER BY d.since DESC, d.id DESC LIMIT 1) r ON true
LEFT JOIN LATERAL (
  SELECT min(x.at) AS at FROM released x
  WHERE x.business_id = e.business_id AND x.at >= e.at AND e.subject_ids[1] = ANY(x.subject_ids)) u ON true
LEFT JOIN misdelivery m ON m.fmo_id = :fmo AND m.recipient_id = e.business_id AND m.policy_id = e.subject_ids[1]
  AND m.delivered_run_id = e.run_id
WHERE f.action = 'policy.disclosed' AND f.at < :end AND :member = ANY(e.member_ids)
ORDER BY e.at DESC, e.id
"""
_NEVER, _EVER = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def deliveries(
    session: Session, fmo_id: UUID, member_id: UUID, *, begin: datetime, end: datetime
) -> Sequence[Row[Any]]:
    """Every delivery of the member's policies in that time, newest first, with what was found of it."""
    known = {"fmo": fmo_id, "member": member_id, "begin": begin, "end": end, "ever": _EVER}
    return session.execute(text(_DELIVERIES), known).all()


def was_delivered(session: Session, fmo_id: UUID, member_id: UUID) -> bool:
    """Whether any policy of the member was ever delivered."""
    return bool(deliveries(session, fmo_id, member_id, begin=_NEVER, end=_EVER))
