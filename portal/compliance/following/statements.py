"""SQL that sums up what the log holds about one of them: by an index each, never by reading the FMO's whole log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

# Of the newest entries only: where somebody works from, and how many members they saw, is nothing that days add up to.
_PLACES = """
SELECT session_id, address, user_agent, count(*) AS entries, min(at) AS first_at, max(at) AS last_at
FROM (SELECT at, session_id, address, user_agent FROM access_entry
      WHERE fmo_id = :fmo AND actor_id = :who AND at >= :since ORDER BY at DESC LIMIT :most) e
GROUP BY 1, 2, 3 ORDER BY 6 DESC
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
SELECT count(DISTINCT m) FROM
  (SELECT member_ids FROM access_entry WHERE fmo_id = :fmo AND actor_id = :who AND at >= :since AND outcome = 'done'
   ORDER BY at DESC LIMIT :most) e, unnest(e.member_ids) m
"""
_OF_RECORD = """
SELECT actor_id, actor_name, role, business_id, action, outcome, count(*) AS entries, min(at) AS first_at,
       max(at) AS last_at
FROM access_followed(:about, :since, :until) GROUP BY 1, 2, 3, 4, 5, 6
"""
_MOVES = """
SELECT run_id, action, count(*) AS entries, min(at) AS first_at
FROM (SELECT run_id, action, at FROM access_entry
      WHERE fmo_id = :fmo AND business_id = :business AND action = ANY(:actions) AND at >= :since
      ORDER BY at DESC LIMIT :most) e
GROUP BY 1, 2 ORDER BY 4 DESC
"""
_RUN = """
SELECT actor_id, actor_name, role, business_id, action, outcome, count(*) AS entries, min(at) AS first_at,
       max(at) AS last_at
FROM access_entry WHERE fmo_id = :fmo AND run_id = :run GROUP BY 1, 2, 3, 4, 5, 6
"""


def places(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """`fmo, who, since, most` → sessions, addresses and browsers of their newest entries, newest first."""
    return session.execute(text(_PLACES), values).all()


def span(session: Session, fmo: UUID, who: UUID) -> Row[Any]:
    """When the person's first and last entry were made; None without any."""
    return session.execute(text(_SPAN), {"fmo": fmo, "who": who}).one()


def last_known(session: Session, fmo: UUID, who: UUID) -> Row[Any] | None:
    """Name, role and Business of the person in their newest entry."""
    return session.execute(text(_LAST_KNOWN), {"fmo": fmo, "who": who}).one_or_none()


def members_seen(session: Session, **values: Any) -> int:
    """`fmo, who, since, most` → of how many members they saw or changed something in their newest entries."""
    found: int = session.execute(text(_MEMBERS_SEEN), values).scalar_one()
    return found


def of_record(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """`about, since, until` → who did what, and how often, in entries that speak of one of these ids."""
    return session.execute(text(_OF_RECORD), values).all()


def moves(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """`fmo, business, since, actions, most` → the newest entries of these actions in that account, by run."""
    return session.execute(text(_MOVES), values).all()


def of_run(session: Session, fmo: UUID, run: UUID) -> Sequence[Row[Any]]:
    """Who did what, and how often, in that run."""
    return session.execute(text(_RUN), {"fmo": fmo, "run": run}).all()
