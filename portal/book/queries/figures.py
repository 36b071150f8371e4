"""Figures of the book for other rooms' pages: counts and dates, no rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select

from portal.book.models import Connector, FeedRun, Policy
from portal.core.paging import COUNT_CAP
from portal.extensions import db


class Capped(NamedTuple):
    """A count that stops at 10,000; `capped`: there are more."""

    total: int
    capped: bool


class Freshness(NamedTuple):
    """How fresh one carrier's data is: the day its newest file tells of."""

    carrier: str
    as_of: date


def carrier_freshness() -> Sequence[Freshness]:
    """One line for each carrier with a loaded file, by carrier key."""
    rows = db.session.execute(
        select(Connector.carrier, func.max(FeedRun.as_of))
        .join(FeedRun, (FeedRun.fmo_id == Connector.fmo_id) & (FeedRun.connector_id == Connector.id))
        .where(FeedRun.status == "succeeded", FeedRun.dry_run.is_(False))
        .group_by(Connector.carrier)
        .order_by(Connector.carrier)
    )
    return [Freshness(carrier, as_of) for carrier, as_of in rows if as_of is not None]


def unattributed_count() -> Capped:
    """How many policies have no writing agent."""
    some = select(Policy.id).where(Policy.writing_npn.is_(None)).limit(COUNT_CAP + 1).subquery()
    found = db.session.scalar(select(func.count()).select_from(some).execution_options(unlogged="a count")) or 0
    return Capped(min(found, COUNT_CAP), found > COUNT_CAP)


def npn_counts(npns: Iterable[str]) -> dict[str, int]:
    """How many policies each of those canonical NPNs wrote; one without any is left out."""
    wanted = sorted(set(npns))
    if not wanted:
        return {}
    counted = (
        select(Policy.writing_npn, func.count())
        .where(Policy.writing_npn.in_(wanted))
        .group_by(Policy.writing_npn)
        .execution_options(unlogged="counts")
    )
    return {str(npn): count for npn, count in db.session.execute(counted)}


def any_policies() -> bool:
    """Whether the book holds anything at all."""
    return db.session.scalar(select(Policy.id).limit(1).execution_options(unlogged="whether any")) is not None


def open_feeds() -> Sequence[FeedRun]:
    """Runs that wait or are under way, oldest first (at most 100)."""
    return db.session.scalars(
        select(FeedRun)
        .where(FeedRun.status.in_(("queued", "running")))
        .order_by(FeedRun.requested_at, FeedRun.id)
        .limit(100)
    ).all()
