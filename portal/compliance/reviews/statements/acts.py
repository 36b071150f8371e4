"""What people did, by person, day and action; days are those of the FMO's zone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

_DAY = "(e.at AT TIME ZONE :zone)::date"
_MINE = "e.fmo_id = :fmo_id AND e.at >= :begin AND e.at < :end"
# What a run does in somebody's name is not what they do at that moment.
_BY_HAND = "e.actor_id IS NOT NULL AND e.run_id IS NULL"
_COMMON = f"""e.actor_id, min(e.actor_name) AS actor_name, min(e.role) AS role, {_DAY} AS day,
  count(*)::int AS entries, min(e.at) AS first_at, max(e.at) AS last_at"""

_ACTS = f"""
SELECT {_COMMON.replace("count(*)", "count(DISTINCT e.id)")}, e.action, e.outcome,
  coalesce(e.detail->>'why', '') AS said, count(DISTINCT m)::int AS members
FROM access_entry e LEFT JOIN LATERAL unnest(e.member_ids) AS m ON true
WHERE {_MINE} AND e.action = ANY(:actions) AND (:outcome = '' OR e.outcome = :outcome)
GROUP BY e.actor_id, CASE WHEN e.actor_id IS NULL THEN e.actor_name END, {_DAY}, e.action, e.outcome, said
"""
_FAILED = f"""
SELECT {_COMMON}, e.action, e.outcome, '' AS said, 0 AS members
FROM access_entry e WHERE {_MINE} AND e.outcome = 'failed'
GROUP BY e.actor_id, CASE WHEN e.actor_id IS NULL THEN e.actor_name END, {_DAY}, e.action, e.outcome
"""
_OFF_HOURS = f"""
SELECT {_COMMON}, to_char(min(e.at AT TIME ZONE :zone), 'HH24:MI') AS first_hour,
  to_char(max(e.at AT TIME ZONE :zone), 'HH24:MI') AS last_hour
FROM access_entry e
WHERE {_MINE} AND {_BY_HAND} AND e.outcome = 'done'
  AND (extract(hour FROM e.at AT TIME ZONE :zone) < :opens OR extract(hour FROM e.at AT TIME ZONE :zone) >= :closes
       OR (:weekends AND extract(isodow FROM e.at AT TIME ZONE :zone) > 5))
GROUP BY e.actor_id, {_DAY}
"""
_SAMPLE = f"""
SELECT * FROM (
  SELECT e.id, e.actor_id, e.actor_name, e.role, e.action, e.outcome, e.at, {_DAY} AS day, e.subject_kind,
    cardinality(e.subject_ids) AS subjects,
    row_number() OVER (PARTITION BY {_DAY} ORDER BY md5(cast(:review_id AS text) || e.id::text), e.id) AS place
  FROM access_entry e WHERE {_MINE} AND {_BY_HAND}
) AS drawn
WHERE place <= :sample ORDER BY at, id
"""
_COUNT = f"SELECT count(*) FROM access_entry e WHERE {_MINE}"


def acts(session: Session, actions: Sequence[str], outcome: str = "", **values: Any) -> Sequence[Row[Any]]:
    """Entries of these actions per person, day, action, outcome and said reason; `members`: how many different ones."""
    return session.execute(text(_ACTS), {**values, "actions": list(actions), "outcome": outcome}).all()


def failed(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """Whatever was tried and failed, in the same shape."""
    return session.execute(text(_FAILED), values).all()


def off_hours(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """What people did outside `opens` to `closes`, per person and day, with the first and the last time of day."""
    return session.execute(text(_OFF_HOURS), values).all()


def sample(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """Of each day the `sample` entries of people, not of runs, whose id, hashed with the review's, comes first."""
    return session.execute(text(_SAMPLE), values).all()


def count(session: Session, **values: Any) -> int:
    """Entries of the period."""
    return int(session.execute(text(_COUNT), values).scalar_one())
