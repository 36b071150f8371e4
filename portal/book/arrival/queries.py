"""Reading sources, looks and what is expected. Nothing here reads a password or a key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from uuid import UUID

from sqlalchemy import func, select

from portal.book.arrival.models import ArrivalFile, ArrivalLook, ArrivalSource, Expectation
from portal.book.models import Connector, FeedRun
from portal.core import clock
from portal.core.paging import Asked, Listing, fetch
from portal.extensions import db

LOOK_FILTERS = ("result",)
MANY_FAILURES = 3
ALIVE = ("queued", "running", "held", "frozen", "succeeded")  # states of a run that holds a file's content for good


def sources_of(connector_ids: Iterable[UUID]) -> dict[UUID, list[ArrivalSource]]:
    """The places from which each connector's files are taken, oldest first."""
    wanted = list(connector_ids)
    found: dict[UUID, list[ArrivalSource]] = {one: [] for one in wanted}
    query = select(ArrivalSource).where(
        ArrivalSource.connector_id.in_(wanted), ArrivalSource.removed_at.is_(None)
    )  # fmt: skip
    for source in db.session.scalars(query.order_by(ArrivalSource.created_at, ArrivalSource.id)):
        found[source.connector_id].append(source)
    return found


def sources_of_one(connector_id: UUID) -> list[ArrivalSource]:
    """The places of one connector."""
    return sources_of([connector_id])[connector_id]


def look_listing(source: ArrivalSource, asked: Asked) -> Listing[ArrivalLook]:
    """One page of a source's looks."""
    query = select(ArrivalLook).where(ArrivalLook.source_id == source.id)
    if asked.args.get("result") == "failed":
        query = query.where(ArrivalLook.status == "failed")
    if asked.args.get("result") == "taken":
        query = query.where(ArrivalLook.taken > 0)
    return fetch(query, asked, {"when": [ArrivalLook.asked_at]}, tie=ArrivalLook.id)


def open_look(source: ArrivalSource) -> ArrivalLook | None:
    """The look that is asked for or under way."""
    return db.session.scalar(
        select(ArrivalLook).where(
            ArrivalLook.source_id == source.id, ArrivalLook.status.in_(("queued", "running"))
        )
    )  # fmt: skip


def latest_look(source: ArrivalSource, what: str | None = None) -> ArrivalLook | None:
    """The newest look, of one kind where it is named."""
    query = select(ArrivalLook).where(ArrivalLook.source_id == source.id)
    if what is not None:
        query = query.where(ArrivalLook.what == what)
    return db.session.scalar(query.order_by(ArrivalLook.asked_at.desc(), ArrivalLook.id.desc()).limit(1))


def waiting_files(source: ArrivalSource) -> Sequence[ArrivalFile]:
    """Files that are seen and not yet whole (at most 100)."""
    return db.session.scalars(
        select(ArrivalFile)
        .where(ArrivalFile.source_id == source.id, ArrivalFile.state == "waiting")
        .order_by(ArrivalFile.name)
        .limit(100)
    ).all()


def failing_sources() -> list[tuple[ArrivalSource, Connector]]:
    """Sources that somebody must look after: stopped, or failed three times in a row (at most 50)."""
    query = (
        select(ArrivalSource, Connector)
        .join(Connector, (Connector.fmo_id == ArrivalSource.fmo_id) & (Connector.id == ArrivalSource.connector_id))
        .where(ArrivalSource.removed_at.is_(None))
        .where(ArrivalSource.stopped | (ArrivalSource.failures >= MANY_FAILURES))
        .order_by(ArrivalSource.failing_since, ArrivalSource.id)
        .limit(50)
    )
    return [(source, connector) for source, connector in db.session.execute(query)]


def last_files(connector_ids: Iterable[UUID] | None = None) -> dict[UUID, datetime]:
    """When the last file of each connector came that the book could use; checks and failures do not count."""
    query = (
        select(FeedRun.connector_id, func.max(FeedRun.requested_at))
        .where(FeedRun.connector_id.is_not(None), FeedRun.status.in_(ALIVE), FeedRun.dry_run.is_(False))
        .group_by(FeedRun.connector_id)
    )
    if connector_ids is not None:
        query = query.where(FeedRun.connector_id.in_(list(connector_ids)))
    return {one: at for one, at in db.session.execute(query) if one is not None}


def expectations(connector_ids: Iterable[UUID] | None = None) -> dict[UUID, Expectation]:
    """What is expected, by connector."""
    query = select(Expectation)
    if connector_ids is not None:
        query = query.where(Expectation.connector_id.in_(list(connector_ids)))
    return {one.connector_id: one for one in db.session.scalars(query.limit(500))}


def expected_by_carrier() -> dict[str, int]:
    """In how many days a file of each carrier is expected: of its connectors, the shortest time."""
    query = (
        select(Connector.carrier, func.min(Expectation.every_days))
        .join(Expectation, (Expectation.fmo_id == Connector.fmo_id) & (Expectation.connector_id == Connector.id))
        .group_by(Connector.carrier)
    )
    return {str(carrier): days for carrier, days in db.session.execute(query)}


def late(now: datetime) -> list[tuple[Connector, Expectation, datetime | None]]:
    """(connector, what is expected, last file) where a file is overdue, the longest overdue first."""
    expected = expectations()
    files = last_files(expected)
    connectors = db.session.scalars(select(Connector).where(Connector.id.in_(list(expected)))).all()
    found = []
    for connector in connectors:
        wanted, last = expected[connector.id], files.get(connector.id)
        if is_late(wanted, last, now):
            found.append((connector, wanted, last))
    return sorted(found, key=lambda one: (one[2] or one[1].set_at, one[0].id))


def is_late(wanted: Expectation, last: datetime | None, now: datetime) -> bool:
    """Whether more days have passed since the last file, or since somebody began to wait, than were agreed."""
    since = wanted.set_at if last is None else last
    return clock.local(now).date() - clock.local(since).date() > timedelta(days=wanted.every_days)


def rhythm(connector_id: UUID) -> int | None:
    """In how many days a file usually came, of the last twelve days with one; None where that says nothing yet."""
    day = func.date_trunc("day", FeedRun.requested_at)
    query = (
        select(day)
        .where(FeedRun.connector_id == connector_id, FeedRun.status == "succeeded", FeedRun.dry_run.is_(False))
        .group_by(day)
        .order_by(day.desc())
        .limit(12)
    )
    days = list(db.session.scalars(query))
    gaps = [(later - earlier).days for later, earlier in pairwise(days)]
    return max(1, round(median(gaps))) if len(gaps) >= 2 else None
