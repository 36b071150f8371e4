"""SmartConnectors and their runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select

from portal.book.models import Connector, FeedProblem, FeedRun
from portal.core.paging import Asked, Listing, fetch
from portal.extensions import db

FEED_FILTERS = ("state", "connector")
PROBLEM_FILTERS = ("outcome",)
MOST_EXPORTED = 100_000


def feed_listing(asked: Asked) -> Listing[FeedRun]:
    """One page of feed runs."""
    query = select(FeedRun)
    if state := asked.args.get("state"):
        query = query.where(FeedRun.status == state)
    if connector := asked.args.get("connector"):
        query = query.where(FeedRun.connector_id.in_(select(Connector.id).where(Connector.name == connector)))
    return fetch(query, asked, {"when": [FeedRun.requested_at]}, tie=FeedRun.id)


def problem_listing(run: FeedRun, asked: Asked) -> Listing[FeedProblem]:
    """One page of the rows that a run refused or dropped, in the file's order."""
    query = select(FeedProblem).where(FeedProblem.run_id == run.id)
    if outcome := asked.args.get("outcome"):
        query = query.where(FeedProblem.outcome == outcome)
    return fetch(query, asked, {"row": [FeedProblem.sheet, FeedProblem.row]}, tie=FeedProblem.id)


def problems_of(run: FeedRun) -> Sequence[FeedProblem]:
    """The run's refused and dropped rows for a download (at most 100,000), refused first."""
    return db.session.scalars(
        select(FeedProblem).where(FeedProblem.run_id == run.id)
        .order_by(FeedProblem.outcome.desc(), FeedProblem.sheet, FeedProblem.row, FeedProblem.id).limit(MOST_EXPORTED)
    ).all()  # fmt: skip


def connectors() -> Sequence[Connector]:
    """Every SmartConnector of the FMO by name (at most 500)."""
    return db.session.scalars(select(Connector).order_by(Connector.name, Connector.id).limit(500)).all()


def connectors_by_ids(ids: Iterable[UUID | None]) -> dict[UUID, Connector]:
    """Connectors by id, one statement."""
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    return {one.id: one for one in db.session.scalars(select(Connector).where(Connector.id.in_(wanted)))}


def runs_by_ids(ids: Iterable[UUID]) -> dict[UUID, FeedRun]:
    """Feed runs by id, one statement."""
    wanted = set(ids)
    if not wanted:
        return {}
    return {one.id: one for one in db.session.scalars(select(FeedRun).where(FeedRun.id.in_(wanted)))}


def last_run_of(connector: Connector) -> FeedRun | None:
    """The connector's latest run of a whole file that changed the book or could have."""
    return db.session.scalar(
        select(FeedRun)
        .where(
            FeedRun.parent_id.is_(None),
            FeedRun.connector_id == connector.id,
            FeedRun.status == "succeeded",
            FeedRun.dry_run.is_(False),
        )
        .order_by(FeedRun.requested_at.desc(), FeedRun.id.desc())
        .limit(1)
    )
