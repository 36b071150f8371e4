"""Findings about single members: by id, as everything in the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

_COMMON = """e.actor_id, min(e.actor_name) AS actor_name, min(e.role) AS role, (e.at AT TIME ZONE :zone)::date AS day,
  count(DISTINCT e.id)::int AS entries, min(e.at) AS first_at, max(e.at) AS last_at, array_agg(DISTINCT m) AS members"""
_WATCHED = f"""
WITH watched AS (SELECT array_agg(member_id) AS ids FROM watched_member WHERE fmo_id = :fmo_id AND removed_at IS NULL)
SELECT {_COMMON}
FROM access_entry e CROSS JOIN LATERAL unnest(e.member_ids) AS m
WHERE e.fmo_id = :fmo_id AND e.at >= :begin AND e.at < :end AND e.member_ids && (SELECT ids FROM watched)
  AND m = ANY((SELECT ids FROM watched)::uuid[]) AND NOT e.action = ANY(:besides)
GROUP BY e.actor_id, CASE WHEN e.actor_id IS NULL THEN e.actor_name END, 4
"""
_SEEN = """
SELECT DISTINCT e.actor_id, m AS member_id
FROM access_entry e CROSS JOIN LATERAL unnest(e.member_ids) AS m
WHERE e.fmo_id = :fmo_id AND e.at >= :begin AND e.at < :end AND e.actor_id IS NOT NULL AND e.outcome = 'done'
"""
_OF_PAIRS = f"""
SELECT {_COMMON}
FROM access_entry e CROSS JOIN LATERAL unnest(e.member_ids) AS m
JOIN unnest(cast(:actors AS uuid[]), cast(:members AS uuid[])) AS pair(actor_id, member_id)
  ON pair.actor_id = e.actor_id AND pair.member_id = m
WHERE e.fmo_id = :fmo_id AND e.at >= :begin AND e.at < :end AND e.outcome = 'done'
GROUP BY e.actor_id, 4
"""


def watched(session: Session, besides: Sequence[str], **values: Any) -> Sequence[Row[Any]]:
    """Accesses to members on the watch list, per person or system and day, but for the actions `besides`."""
    return session.execute(text(_WATCHED), {**values, "besides": list(besides)}).all()


def seen(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """(actor_id, member_id): who had to do with whom."""
    return session.execute(text(_SEEN), values).all()


def of_pairs(session: Session, actors: Sequence[Any], members: Sequence[Any], **values: Any) -> Sequence[Row[Any]]:
    """Accesses of these people to these members, pair by pair, per person and day."""
    return session.execute(text(_OF_PAIRS), {**values, "actors": list(actors), "members": list(members)}).all()
