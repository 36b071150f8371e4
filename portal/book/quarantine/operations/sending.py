"""Checking how a refused row would load, and sending rows that were put right through the pipeline of every file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from portal.book.attributions.operations import Named
from portal.book.models import FeedRun
from portal.book.operations.request import AlreadyLoading, request_load
from portal.book.quarantine import learned, queries
from portal.book.quarantine.bodies import seal_cells
from portal.book.quarantine.cells import OpenRow
from portal.book.quarantine.events import LOADED
from portal.book.quarantine.models import LOADING, RefusedRow
from portal.book.quarantine.operations.learning import learn
from portal.book.quarantine.words import IN_FLIGHT
from portal.connectors.one_row import Reading, as_table, read_rows
from portal.connectors.rows import PolicyRow
from portal.core import access
from portal.core.crypto import keyed_hash
from portal.core.scope import Scope
from portal.extensions import db

NAMED = "Rows fixed by hand, "


class Taken(Exception):
    """Somebody else has decided, or the row is on its way; the text is for whoever came second."""


class Unreadable(Exception):
    """A row still cannot be read, so that nothing was sent."""

    def __init__(self, reading: Reading) -> None:
        said = reading.refusal.reason if reading.refusal else reading.reason
        super().__init__(f"{said} Nothing was loaded.")
        self.reading = reading


@dataclass(frozen=True, slots=True)
class Fix:
    """One row and its cells as they shall be read; `words` are the places whose words are learned for every row."""

    opened: OpenRow
    cells: Sequence[str]
    words: Iterable[int] = field(default_factory=tuple)


def check(opened: OpenRow, cells: Sequence[str]) -> Reading:
    """How the row would be read with these cells; nothing is changed."""
    return readings([Fix(opened, cells)], run_of(opened))[0]


def named(found: PolicyRow, row: RefusedRow) -> Named:
    """The policy that the row is, and the writer whom it names, as the book would keep them."""
    value = found.writer_value
    if found.writer_kind == "tin" and value is not None:
        value = keyed_hash(value, fmo_id=row.fmo_id, field="tin")
    return Named(found.identity, row.carrier, found.writer_name, found.writer_kind, value)


def run_of(opened: OpenRow) -> FeedRun:
    """The run that refused the row."""
    return db.session.scalars(select(FeedRun).where(FeedRun.id == opened.row.run_id)).one()


def readings(fixes: Sequence[Fix], run: FeedRun) -> list[Reading]:
    """How rows of one run and one header would be read."""
    first = fixes[0].opened
    return read_rows(
        first.layout,
        first.body.header,
        [fix.cells for fix in fixes],
        file_name=run.file_name,
        as_of=first.row.as_of,
        aliases=learned.aliases_of(first.row.connector_id, first.row.fmo_id),
    )


def load(fixes: Sequence[Fix], *, by: Scope, partly: bool = False) -> tuple[list[FeedRun], int]:
    """Send the rows to be loaded, one run for each run that had refused them; (runs, words learned).

    The rows must be locked. Raises `Taken` where one is no longer open, and `Unreadable` where one still cannot be
    read: nothing is sent then. `partly`: such rows are left waiting, and the others are sent.
    """
    parts: dict[tuple[UUID, tuple[str, ...]], list[Fix]] = defaultdict(list)
    for fix in fixes:
        if not queries.is_open(fix.opened.row):
            raise Taken(IN_FLIGHT)
        parts[fix.opened.row.run_id, tuple(fix.opened.body.header)].append(fix)
    runs, words = [], 0
    done: set[Any] = set()
    for part in parts.values():
        run = run_of(part[0].opened)
        read = list(zip(part, readings(part, run), strict=True))
        if not partly:
            for _, reading in read:
                if reading.row is None:
                    raise Unreadable(reading)
        good = [(fix, reading) for fix, reading in read if reading.row is not None]
        if good:
            words += sum(learn(fix.opened, fix.cells, words=fix.words, done=done, by=by) for fix, _ in good)
            runs.append(_send(good, run, by, words))
    return runs, words


def _send(read: Sequence[tuple[Fix, Reading]], run: FeedRun, by: Scope, words: int) -> FeedRun:
    body = as_table(read[0][0].opened.body.header, [fix.cells for fix, _ in read])
    try:
        sent = request_load(
            body=body, file_name=f"{NAMED}{run.file_name}", connector=None, dry_run=False, by=by.actor_name, fixes=run
        )
    except AlreadyLoading as error:
        raise Taken(IN_FLIGHT) from error
    for number, (fix, reading) in enumerate(read, 2):
        row = fix.opened.row
        row.state, row.fix_run_id, row.fix_row, row.told_run_id, row.why = LOADING, sent.id, number, None, None
        row.fixed = seal_cells(fix.cells, row.fmo_id)
        row.identity = reading.row.identity if reading.row else None
        row.decided_by, row.decided_name, row.decided_at = by.actor_id, by.actor_name, func.now()
        row.version += 1
    db.session.flush()
    ids = [fix.opened.row.id for fix, _ in read]
    access.record(LOADED, kind="refused_row", ids=ids, rows=len(ids), run=str(sent.id), learned=words)
    return sent
