"""Which deliveries a case is about, and what the account's people did with them: both from the log alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

# Held at any moment of the time: delivered before its end, and not gone before its begin.
_HELD = """
WITH delivered AS (
  SELECT e.at, e.run_id, e.subject_ids[1] AS policy_id, e.member_ids[1] AS member_id
  FROM access_entry e
  WHERE e.fmo_id = :fmo AND e.business_id = :recipient AND e.action = 'policy.disclosed' AND e.at < :until
    AND (CAST(:run AS uuid) IS NULL OR e.run_id = :run)),
gone AS (
  SELECT e.at, t.policy_id FROM access_entry e, unnest(e.subject_ids) AS t (policy_id)
  WHERE e.fmo_id = :fmo AND e.business_id = :recipient AND e.action = 'policy.released'),
held AS (
  SELECT d.at, d.run_id, d.policy_id, d.member_id, min(g.at) AS left_at
  FROM delivered d LEFT JOIN gone g ON g.policy_id = d.policy_id AND g.at >= d.at
  GROUP BY d.at, d.run_id, d.policy_id, d.member_id)
SELECT h.at, h.left_at, h.run_id, h.policy_id, h.member_id, m.id AS misdelivery_id, m.verdict, m.carrier, m.npn
FROM held h
LEFT JOIN misdelivery m ON m.fmo_id = :fmo AND m.recipient_id = :recipient AND m.policy_id = h.policy_id
  AND m.delivered_run_id = h.run_id
WHERE (h.left_at IS NULL OR h.left_at > :since) AND (:every OR m.verdict = 'wrong')
ORDER BY h.member_id, h.at, h.policy_id
"""
# Of each delivery only what was done while the account held it; what the FMO's own people saw was theirs to see.
_DONE = """
SELECT e.actor_id, e.actor_name, e.role, e.action, count(DISTINCT e.id) AS entries, min(e.at) AS first_at,
       max(e.at) AS last_at, array_agg(DISTINCT t.member_id) AS members
FROM access_entry e
CROSS JOIN LATERAL unnest(e.member_ids) AS of (member_id)
JOIN unnest(CAST(:members AS uuid[]), CAST(:begins AS timestamptz[]), CAST(:ends AS timestamptz[]))
  AS t (member_id, begins, ends) ON t.member_id = of.member_id AND e.at >= t.begins AND e.at < t.ends
WHERE e.fmo_id = :fmo AND e.business_id = :recipient AND e.at >= :since AND e.at < :until AND e.role LIKE 'agent%'
  AND e.outcome = 'done'
GROUP BY e.actor_id, e.actor_name, e.role, e.action
ORDER BY e.actor_name, e.action
"""


def held(
    session: Session, fmo_id: UUID, recipient_id: UUID, *, since: datetime, until: datetime, run_id: UUID | None,
    every: bool,
) -> Sequence[Row[Any]]:  # fmt: skip
    """The deliveries that the account held at some moment of that time; only those found wrong, or `every` one."""
    span = {"fmo": fmo_id, "recipient": recipient_id, "since": since, "until": until}
    return session.execute(text(_HELD), {**span, "run": run_id, "every": every}).all()


def done(
    session: Session, fmo_id: UUID, recipient_id: UUID, *, since: datetime, until: datetime,
    spans: Sequence[tuple[UUID, datetime, datetime]],
) -> Sequence[Row[Any]]:  # fmt: skip
    """What the account's people did with members in those spans: by person and action, with the members."""
    known: dict[str, Any] = {"fmo": fmo_id, "recipient": recipient_id, "since": since, "until": until}
    known |= {
        "members": [one[0] for one in spans],
        "begins": [one[1] for one in spans],
        "ends": [one[2] for one in spans],
    }
    return session.execute(text(_DONE), known).all() if spans else []
