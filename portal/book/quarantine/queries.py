"""Reading the queue. Rows are selected whole, so that the access log knows which were seen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, func, or_, select

from portal.book.layouts import known
from portal.book.models import Connector, FeedRun, Policy
from portal.book.quarantine.models import LOADED, LOADING, TOLD, WAITING, RefusedRow, ValueAlias
from portal.connectors.layouts import Layout
from portal.core.ids import parse_id
from portal.core.paging import COUNT_CAP, Asked, Listing, fetch
from portal.extensions import db

FILTERS = ("carrier", "run", "column", "cause", "state")
SORTS = ("when",)
GROUPS, MOST_AT_ONCE = 20, 2_000


class Group(NamedTuple):
    """Rows that wait for the same reason; `sample` is one of them."""

    sample: RefusedRow
    rows: int


def is_waiting() -> ColumnElement[bool]:
    """Rows that somebody must decide about: also those whose load did not come about, or was undone."""
    gone = select(FeedRun.id).where(or_(FeedRun.status == "failed", FeedRun.undone_at.is_not(None)))
    loaded_by = func.coalesce(RefusedRow.told_run_id, RefusedRow.fix_run_id)
    ended = RefusedRow.state.in_((LOADING, LOADED, TOLD))
    return or_(RefusedRow.state == WAITING, and_(ended, loaded_by.in_(gone)))


def is_open(row: RefusedRow) -> bool:
    """Whether this one must be decided about."""
    query = select(RefusedRow.id).where(RefusedRow.id == row.id, is_waiting())
    return db.session.scalar(query.execution_options(unlogged="whether it waits")) is not None


def fix_run_of(row: RefusedRow) -> FeedRun | None:
    """The run that loads or loaded the row as it was put right."""
    return db.session.scalar(select(FeedRun).where(FeedRun.id == row.fix_run_id)) if row.fix_run_id else None


def listing(asked: Asked) -> Listing[RefusedRow]:
    """One page of the queue, the newest first; without a state those that wait."""
    args, query = asked.args, select(RefusedRow).where(*_narrowed(asked))
    state = args.get("state")
    query = query.where(RefusedRow.state == state if state and state != WAITING else is_waiting())
    return fetch(query, asked, {"when": [RefusedRow.created_at]}, tie=RefusedRow.id)


def _narrowed(asked: Asked) -> Iterator[ColumnElement[bool]]:
    args = asked.args
    if carrier := args.get("carrier"):
        yield RefusedRow.carrier == carrier
    if run := parse_id(args.get("run", "")):
        yield RefusedRow.run_id == run
    if column := args.get("column"):
        yield RefusedRow.column_name == column
    if cause := args.get("cause"):
        yield RefusedRow.cause == cause


def groups(asked: Asked) -> Sequence[Group]:
    """The causes for which more than one row of what is asked for waits, the most frequent first (at most 20)."""
    sample = func.min(cast(RefusedRow.id, Text)).label("sample")
    counted = (
        select(sample, func.count())
        .where(is_waiting(), *_narrowed(asked))
        .group_by(RefusedRow.connector_id, RefusedRow.cause)
        .having(func.count() > 1)
        .order_by(func.count().desc(), sample)
        .limit(GROUPS)
    )
    counts = {UUID(found): rows for found, rows in db.session.execute(counted.execution_options(unlogged="counts"))}
    if not counts:
        return []
    found = {one.id: one for one in db.session.scalars(select(RefusedRow).where(RefusedRow.id.in_(counts)))}
    return [Group(found[one], rows) for one, rows in counts.items() if one in found]


def columns() -> Sequence[str]:
    """The columns for which rows wait."""
    query = select(RefusedRow.column_name).where(is_waiting(), RefusedRow.column_name.is_not(None)).distinct()
    found = db.session.scalars(query.limit(200).execution_options(unlogged="names of columns"))
    return sorted(one for one in found if one)


def waiting_count(run: FeedRun | None = None) -> int:
    """How many rows wait, of one run's file or of all; at most 10,001."""
    some = select(RefusedRow.id).where(is_waiting())
    if run is not None:
        some = some.where(RefusedRow.run_id == run.id)
    limited = some.limit(COUNT_CAP + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(limited).execution_options(unlogged="a count")) or 0


def places_of(run: FeedRun, rows: Collection[int]) -> dict[tuple[str, int], UUID]:
    """(sheet, row) → id of those of the file's `rows` that its run put into the queue."""
    mine = select(RefusedRow.sheet, RefusedRow.row, RefusedRow.id)
    query = mine.where(RefusedRow.run_id == run.id, RefusedRow.row.in_(rows))
    found = db.session.execute(query.execution_options(unlogged="where rows stand"))
    return {(one.sheet, one.row): one.id for one in found}


def count_of_cause(row: RefusedRow) -> int:
    """How many rows wait for the same reason."""
    query = select(func.count()).select_from(RefusedRow).where(is_waiting(), *_same(row))
    return db.session.scalar(query.execution_options(unlogged="a count")) or 0


def open_of_cause(row: RefusedRow) -> Sequence[RefusedRow]:
    """Those rows, held until the transaction ends (at most 2,000)."""
    query = select(RefusedRow).where(is_waiting(), *_same(row)).order_by(RefusedRow.id).limit(MOST_AT_ONCE)
    return db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()


def _same(row: RefusedRow) -> tuple[ColumnElement[bool], ...]:
    return RefusedRow.connector_id == row.connector_id, RefusedRow.cause == row.cause


def layout_of(row: RefusedRow) -> Layout | None:
    """The layout by which the run that refused the row had read its file, None where this program has it no more."""
    run = db.session.scalars(select(FeedRun).where(FeedRun.id == row.run_id)).one()
    connector = db.session.scalars(select(Connector).where(Connector.id == row.connector_id)).one()
    layouts, version = known(), run.layout_version
    return layouts.package_of(connector) if version is None else layouts.of(connector, version)


def policy_of(identity: str) -> Policy | None:
    """The policy of the book with that identity, or None."""
    return db.session.scalar(select(Policy).where(Policy.identity == identity))


def alias_of(connector_id: UUID, alias_id: UUID) -> ValueAlias | None:
    """A decision of that SmartConnector, held until the transaction ends, or None."""
    query = select(ValueAlias).where(ValueAlias.id == alias_id, ValueAlias.connector_id == connector_id)
    return db.session.scalar(query.with_for_update())
