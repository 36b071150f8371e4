"""SQL that counts days, and that reads what was counted together with the days that are not over yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('portal.days:' || cast(:fmo AS text), 0))")
_COUNTED = text("SELECT max(day) FROM access_day WHERE fmo_id = :fmo AND grain = 'total'")
_NEXT = text("""
SELECT (at AT TIME ZONE :zone)::date FROM access_entry WHERE fmo_id = :fmo AND at >= :since ORDER BY at LIMIT 1
""")
_READ = "outcome = 'done' AND NOT (action = ANY(:changes)) AND member_ids <> '{}'"
# Of whatever a grain does not tell apart there is nothing: one pass over the day's entries for all three.
_COUNT = text(f"""
INSERT INTO access_day (fmo_id, id, day, grain, actor_id, actor_name, role, business_id, action, outcome, entries,
                        first_at, last_at)
SELECT :fmo, uuidv7(), :day, CASE WHEN grouping(actor_id) = 1 THEN 'total' WHEN grouping(action) = 1 THEN 'viewer'
                                  ELSE 'person' END,
       actor_id, actor_name, role, business_id, action, outcome, count(*), min(at), max(at)
FROM (SELECT at, actor_id, actor_name, role, business_id, action, outcome, {_READ} AS seen
      FROM access_entry WHERE fmo_id = :fmo AND at >= :since AND at < :until) e
GROUP BY GROUPING SETS ((role, action, outcome), (actor_id, actor_name, role, seen),
                        (actor_id, actor_name, role, business_id, action, outcome))
HAVING grouping(seen) = 1 OR seen
""")
_COLUMNS = "day, actor_id, actor_name, role, business_id, action, outcome, entries, first_at, last_at"
_SUMS = """
SELECT {columns} FROM access_day WHERE fmo_id = :fmo AND grain = 'person' AND day >= :first AND {whose}
UNION ALL
SELECT (at AT TIME ZONE :zone)::date, actor_id, actor_name, role, business_id, action, outcome, count(*), min(at),
       max(at)
FROM access_entry WHERE fmo_id = :fmo AND at >= :live AND {whose} GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
_BY_ACTOR = text(_SUMS.format(columns=_COLUMNS, whose="actor_id = :of"))
_BY_BUSINESS = text(f"""
SELECT actor_id, actor_name, role, business_id, action, outcome, sum(entries)::bigint AS entries,
       min(first_at) AS first_at, max(last_at) AS last_at
FROM ({_SUMS.format(columns=_COLUMNS, whose="business_id = :of")}) s GROUP BY 1, 2, 3, 4, 5, 6
""")
_TOTALS = text("""
SELECT day, role, action, outcome, entries FROM access_day WHERE fmo_id = :fmo AND grain = 'total' AND day >= :first
UNION ALL
SELECT (at AT TIME ZONE :zone)::date, role, action, outcome, count(*)
FROM access_entry WHERE fmo_id = :fmo AND at >= :live GROUP BY 1, 2, 3, 4
""")
_VIEWERS = text(f"""
SELECT actor_id, max(actor_name) AS actor_name, sum(entries)::bigint AS entries FROM (
  SELECT actor_id, actor_name, entries FROM access_day
  WHERE fmo_id = :fmo AND grain = 'viewer' AND day >= :first AND actor_id IS NOT NULL
  UNION ALL
  SELECT actor_id, actor_name, count(*) FROM access_entry
  WHERE fmo_id = :fmo AND at >= :live AND actor_id IS NOT NULL AND {_READ} GROUP BY 1, 2
) v GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT :most
""")


def lock(session: Session, fmo: UUID) -> None:
    """Be the only one who counts that FMO's days until the transaction ends."""
    session.execute(_LOCK, {"fmo": fmo})


def counted(session: Session, fmo: UUID) -> date | None:
    """The last day that was counted."""
    found: date | None = session.execute(_COUNTED, {"fmo": fmo}).scalar_one()
    return found


def next_day(session: Session, **values: Any) -> date | None:
    """`fmo, since, zone` → the first day from `since` on that has entries."""
    found: date | None = session.execute(_NEXT, values).scalar_one_or_none()
    return found


def count(session: Session, **values: Any) -> None:
    """`fmo, day, since, until, changes` → keep what the day came to. `changes`: the actions that are no reads."""
    session.execute(_COUNT, values)


def of_actor(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """`fmo, of, first, live, zone` → per day what that person did; from `live` on it is counted now."""
    return session.execute(_BY_ACTOR, values).all()


def of_business(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """The same of what was done in that account, all days together."""
    return session.execute(_BY_BUSINESS, values).all()


def totals(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """`fmo, first, live, zone` → per day, role, action and outcome the number of entries."""
    return session.execute(_TOTALS, values).all()


def viewers(session: Session, **values: Any) -> Sequence[Row[Any]]:
    """`fmo, first, live, changes, most` → who read members' records most often."""
    return session.execute(_VIEWERS, values).all()


def begin_of(day: date, zone: Any) -> datetime:
    """The first moment of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=zone)
