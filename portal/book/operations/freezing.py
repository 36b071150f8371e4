"""Freezing a file whose columns changed: nothing of it is loaded, and what differs is kept for a person to decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import select

from portal.book.drift.events import FROZEN
from portal.book.drift.models import ColumnDrift
from portal.book.drift.opening import Drifted
from portal.book.layouts.models import ConnectorHeader
from portal.book.models import Connector, FeedRun
from portal.book.operations.progress import Progress
from portal.book.operations.staging import write_file
from portal.connectors import drifting, headers, readers
from portal.connectors.headers import Difference, Named
from portal.connectors.profile import look
from portal.connectors.readers import Sheet
from portal.connectors.rows import FileRefused
from portal.core import access, scope, scratch
from portal.core.ids import new_id
from portal.core.words import counted
from portal.extensions import db

Columns = dict[Named, drifting.Column]


def keep_columns(run: FeedRun, drifted: Drifted, progress: Progress) -> str:
    """Keep the difference with a proposal for each column that is gone; why the file is frozen, in words."""
    progress.at("Comparing the columns")
    accepted = drifted.accepted
    differs = headers.compare(accepted.columns, drifted.header)
    now = _columns(drifted.sheet, drifted.row, drifted.header, run)
    then = _kept(accepted) if differs.missing and differs.new else {}
    connector = db.session.scalars(select(Connector).where(Connector.id == accepted.connector_id)).one()
    kept = ColumnDrift(fmo_id=scope.fmo_id(), id=new_id(), run_id=run.id, connector_id=connector.id)
    kept.version, kept.sheet, kept.header_row = accepted.version, drifted.sheet.name, drifted.row
    kept.columns_then, kept.columns_now = accepted.columns, drifted.header
    kept.kinds_then, kept.kinds_now = _kinds(then), _kinds(now)
    kept.proposals = _proposals(differs, then, now, kept)
    db.session.add(kept)
    db.session.flush()
    access.record(FROZEN, kind="feed", ids=[run.id], missing=len(differs.missing), new=len(differs.new))
    return sentence(connector.name, differs)


def sentence(connector: str, differs: Difference) -> str:
    """Why the file is frozen, for a person."""
    gone, new = _some(differs.missing), _some(differs.new)
    told = [f"missing: {gone}"] if gone else []
    told += [f"new: {new}"] if new else []
    number = counted(len(differs.missing) + len(differs.new), "column differs", "columns differ")
    return (
        f"The file is frozen: {number} from those that were accepted for {connector} ({'; '.join(told)})."
        " Nothing in the book was changed. Compare the columns, then accept or reject them."
    )


def _some(columns: Sequence[Named]) -> str:
    named = ", ".join(f"“{one.called}”" for one in columns[:5])
    return f"{named} and {len(columns) - 5} more" if len(columns) > 5 else named


def _columns(sheet: Sheet, row: int, header: list[str], run: FeedRun) -> Columns:
    looks = look(header, _below(sheet, row), as_of=run.requested_at.date(), most=drifting.MOST_ROWS)
    return drifting.columns(looks, _below(sheet, row))


def _below(sheet: Sheet, row: int) -> Iterator[list[str]]:
    return (cells for number, cells in islice(sheet.rows(), row + drifting.MOST_ROWS) if number > row)


def _kept(accepted: ConnectorHeader) -> Columns:
    """The columns of the newest file that had the accepted header; none where it is not kept or not readable."""
    run = accepted.run_id and db.session.scalar(select(FeedRun).where(FeedRun.id == accepted.run_id))
    if not run:
        return {}
    try:
        with scratch.folder() as folder:
            sheets = readers.open_sheets(write_file(run, folder))
            near = headers.nearest(sheets, [accepted.columns], least=0.99)
            return _columns(near.sheet, near.row, near.header, run) if near else {}
    except FileRefused:
        return {}


def _kinds(columns: Columns) -> dict[str, Any]:
    return {str(one.look.place): one.look.kind for one in columns.values()}


def _proposals(differs: Difference, then: Columns, now: Columns, kept: ColumnDrift) -> list[Any]:
    before, after = headers.named(kept.columns_then), headers.named(kept.columns_now)
    found = drifting.propose(differs.missing, differs.new, then, now)
    return [[before.index(one.then), after.index(one.now), one.why] for one in found]
