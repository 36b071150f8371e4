"""SQL over the last hours of the log, as the login `sealer` asks it: counts by person, by the log's own indexes.

Nothing is counted for whoever stays below every floor; what somebody usually does is asked of the few who do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

_MEASURES = """
  sum(cardinality(member_ids)) FILTER (WHERE outcome = 'done') AS shown,
  count(*) FILTER (WHERE outcome = 'done' AND action LIKE '%.reveal') AS reveals,
  count(*) FILTER (WHERE outcome = 'done' AND action LIKE '%.export') AS downloads,
  count(*) FILTER (WHERE outcome = 'refused') AS refusals
"""
_LATELY = f"""
SELECT * FROM (
  SELECT actor_id, {_MEASURES} FROM access_entry
  WHERE fmo_id = :fmo_id AND at >= :since AND actor_id IS NOT NULL GROUP BY actor_id
) found
WHERE shown >= :shown OR reveals >= :reveals OR downloads >= :downloads OR refusals >= :refusals
ORDER BY actor_id
"""
_BY_DAY = f"""
SELECT actor_id, at::date AS day, {_MEASURES} FROM access_entry
WHERE fmo_id = :fmo_id AND at >= :since AND at < :until AND actor_id = ANY(:actors) GROUP BY actor_id, at::date
"""
_PEOPLE = """
SELECT count(DISTINCT m.id) FROM access_entry e CROSS JOIN LATERAL unnest(e.member_ids) AS m(id)
WHERE e.fmo_id = :fmo_id AND e.actor_id = :actor AND e.at >= :since AND e.outcome = 'done'
"""
_FIRST = "SELECT min(at) FROM access_entry WHERE fmo_id = :fmo_id"
_NOW = "SELECT now()"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('portal.alarms:' || :fmo_id, 0))"


def now(session: Session) -> datetime:
    """When the transaction began, by the clock that dates the entries."""
    found: datetime = session.execute(text(_NOW)).scalar_one()
    return found


def lately(session: Session, fmo_id: UUID, since: datetime, floors: Mapping[str, int]) -> Sequence[Row[Any]]:
    """actor_id and the four measures of everybody who since then reached one of the floors."""
    return session.execute(text(_LATELY), {"fmo_id": fmo_id, "since": since, **floors}).all()


def by_day(session: Session, fmo_id: UUID, actors: Sequence[UUID], until: datetime, days: int) -> Sequence[Row[Any]]:
    """actor_id, day and the four measures of these people, on every day before `until` on which they did something."""
    values = {"fmo_id": fmo_id, "actors": list(actors), "until": until, "since": until - timedelta(days=days)}
    return session.execute(text(_BY_DAY), values).all()


def people(session: Session, fmo_id: UUID, actor: UUID, since: datetime) -> int:
    """How many different members somebody saw since then."""
    return int(session.execute(text(_PEOPLE), {"fmo_id": fmo_id, "actor": actor, "since": since}).scalar_one())


def first_entry(session: Session, fmo_id: UUID) -> datetime | None:
    """When the FMO's log begins."""
    found: datetime | None = session.execute(text(_FIRST), {"fmo_id": fmo_id}).scalar_one()
    return found


def lock(session: Session, fmo_id: UUID) -> None:
    """Be the only one who raises alarms of the FMO until the transaction ends."""
    session.execute(text(_LOCK), {"fmo_id": str(fmo_id)})
