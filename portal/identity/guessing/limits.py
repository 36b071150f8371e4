"""Limits that are counted in PostgreSQL: they hold in every process, and whether or not Redis is there.

A try is counted before it is judged, so that many at once count as many, and given back where it was a right one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.core import clock
from portal.core.ids import new_id
from portal.core.session import open_session
from portal.identity.guessing.models import Tries
from portal.identity.sessions import IDENTITY_SCOPE

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_KEPT = timedelta(days=2)  # longer than any limit's stretch


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` tries in each stretch of `within` at one door from one place."""

    door: str
    most: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class Knock:
    """One try that was counted; `over`: it is beyond the limit and must not be judged."""

    limit: Limit
    place: str
    since: datetime
    over: bool


def knock(limit: Limit, place: str) -> Knock:
    """Count one try, in a transaction of its own."""
    since = func.date_bin(limit.within, clock.now(), _EPOCH)
    one = insert(Tries).values(id=new_id(), door=limit.door, place=place, since=since, count=1)
    more = one.on_conflict_do_update(
        index_elements=[Tries.door, Tries.place, Tries.since], set_={"count": Tries.count + 1}
    ).returning(Tries.since, Tries.count)
    with open_session(IDENTITY_SCOPE) as work:
        began, count = work.execute(more).one()
    return Knock(limit, place, began, over=count > limit.most)


def is_over(limit: Limit, place: str) -> bool:
    """Whether the next try would be beyond the limit; counts nothing."""
    since = func.date_bin(limit.within, clock.now(), _EPOCH)
    mine = (Tries.door == limit.door, Tries.place == place, Tries.since == since)
    with open_session(IDENTITY_SCOPE) as work:
        return (work.scalar(select(Tries.count).where(*mine)) or 0) >= limit.most


def give_back(one: Knock) -> None:
    """Count a try no longer: it was a right one, and an office full of people signs in from one address."""
    mine = (Tries.door == one.limit.door, Tries.place == one.place, Tries.since == one.since)
    with open_session(IDENTITY_SCOPE) as work:
        work.execute(update(Tries).where(*mine).values(count=Tries.count - 1))


def place_of(address: str | None) -> str:
    """What counts as one place: an IPv4 address, or the /64 of an IPv6 one, which is one household's."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped
        return str(inner) if inner else f"{IPv6Address(int(found) >> 64 << 64)}/64"
    return str(found)


def forget_old() -> int:
    """Delete counts that no limit asks for any more; how many."""
    old = delete(Tries).where(Tries.since < clock.now() - _KEPT).returning(Tries.since)
    with open_session(IDENTITY_SCOPE) as work:
        return len(work.execute(old).all())
