"""SQL that sums up what the log holds about one of them: by an index each, never by reading the FMO's whole log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

# One pass over a person's entries: by action and outcome (0 in `part`), by where they came from (1), by day (2).
_PERSON = """
SELECT grouping(action) * 1 + grouping(day) * 2 AS bits, action, outcome, session_id, address, user_agent, day,
       count(*) AS entries, min(at) AS first_at, max(at) AS last_at
FROM (SELECT at, action, outcome, session_id, address, user_agent, (at AT TIME ZONE :zone)::date AS day
      FROM access_entry WHERE fmo_id = :fmo AND actor_id = :who AND at >= :since AND at < :until) e
GROUP BY GROUPING SETS ((action, outcome), (session_id, address, user_agent), (day))
"""
_SPAN = """
SELECT (SELECT at FROM access_entry WHERE fmo_id = :fmo AND actor_id = :who ORDER BY at LIMIT 1) AS first_at,
       (SELECT at FROM access_entry WHERE fmo_id = :fmo AND actor_id = :who ORDER BY at DESC LIMIT 1) AS last_at
"""
_LAST_KNOWN = """
SELECT actor_name, role, business_id FROM access_entry WHERE fmo_id = :fmo AND actor_id = :who
ORDER BY at DESC LIMIT 1
"""
_MEMBERS_SEEN = """
SELECT count(DISTINCT m) FROM access_entry e, unnest(e.member_ids) m
WHERE e.fmo_id = :fmo AND e.actor_id = :who AND e.at >= :since AND e.at < :until AND e.outcome = 'done'
"""
_OF_RECORD = """
SELECT actor_id, actor_name, role, business_id, action, outcome, count(*) AS entries, min(at) AS first_at,
       max(at) AS last_at
FROM access_followed(:about, :since, :until) GROUP BY 1, 2, 3, 4, 5, 6
"""
_IN_ACCOUNT = """
SELECT actor_id, actor_name, role, business_id, action, outcome, count(*) AS entries, min(at) AS first_at,
       max(at) AS last_at
FROM access_entry WHERE fmo_id = :fmo AND business_id = :business AND at >= :since AND at < :until
GROUP BY 1, 2, 3, 4, 5, 6
"""
_RUNS_IN_ACCOUNT = """
SELECT run_id, action, count(*) AS entries, min(at) AS first_at
FROM access_entry WHERE fmo_id = :fmo AND business_id = :business AND action = ANY(:actions)
  AND at >= :since AND at < :until
GROUP BY 1, 2 ORDER BY 4 DESC LIMIT :most
"""
_RUN = """
SELECT actor_id, actor_name, role, business_id, action, outcome, count(*) AS entries, min(at) AS first_at,
       max(at) AS last_at
FROM access_entry WHERE fmo_id = :fmo AND run_id = :run GROUP BY 1, 2, 3, 4, 5, 6
"""


def person(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """`fmo, who, since, until, zone` → sums of their entries; `bits` 2: by action, 3: by place, 1: by day."""
    return session.execute(text(_PERSON), values).all()


def span(session: Session, fmo: UUID, who: UUID) -> Row[Any]:
    """When the person's first and last entry were made; None without any."""
    return session.execute(text(_SPAN), {"fmo": fmo, "who": who}).one()


def last_known(session: Session, fmo: UUID, who: UUID) -> Row[Any] | None:
    """Name, role and Business of the person in their newest entry."""
    return session.execute(text(_LAST_KNOWN), {"fmo": fmo, "who": who}).one_or_none()


def members_seen(session: Session, **values: Any) -> int:
    """`fmo, who, since, until` → of how many members they saw or changed something."""
    found: int = session.execute(text(_MEMBERS_SEEN), values).scalar_one()
    return found


def of_record(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """`about, since, until` → who did what, and how often, in entries that speak of one of these ids."""
    return session.execute(text(_OF_RECORD), values).all()


def in_account(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """`fmo, business, since, until` → the same of entries that were made in that account."""
    return session.execute(text(_IN_ACCOUNT), values).all()


def runs_in_account(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """`fmo, business, since, until, actions, most` → entries of these actions in that account, by run, newest first."""
    return session.execute(text(_RUNS_IN_ACCOUNT), values).all()


def of_run(session: Session, fmo: UUID, run: UUID) -> Sequence[Row[Any]]:
    """Who did what, and how often, in that run."""
    return session.execute(text(_RUN), {"fmo": fmo, "run": run}).all()
