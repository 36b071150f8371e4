"""Reading a run's kept file once more, for what was read otherwise than it is spelled: never while it is loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select

from portal.book.drift.opening import Drifted
from portal.book.models import FeedRun
from portal.book.operations.staging import open_file, write_file
from portal.book.report.events import READING_ASKED
from portal.book.report.models import FeedAlteration, FeedReading
from portal.book.statements.run_sql import run as run_sql
from portal.connectors.altered import Altered, alterations
from portal.connectors.rows import FileRefused
from portal.core import access, outbox, scratch
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.extensions import db

JOB = "read_altered"
KEPT = 100_000
_AT_ONCE = 2_000


def order_reading(run: FeedRun) -> None:
    """Let a job read the file once more; one that was ordered and has not failed is not ordered again."""
    known = db.session.scalar(select(FeedReading).where(FeedReading.id == run.id).with_for_update())
    if known is not None and (known.status == "done" or outbox_waits(known)):
        return
    if known is None:
        db.session.add(FeedReading(fmo_id=run.fmo_id, id=run.id))
    else:
        known.status, known.asked_at = "queued", func.now()
    db.session.flush()
    outbox.send_after_commit(JOB, run.id)
    access.record(READING_ASKED, kind="feed", ids=[run.id])


def outbox_waits(known: FeedReading) -> bool:
    """Whether it was asked for so lately that a worker may still be at it."""
    fresh = select(func.now() - known.asked_at < func.make_interval(0, 0, 0, 0, 0, 10))
    return known.status == "queued" and bool(db.session.scalar(fresh))


def read_altered(run_id: UUID) -> None:
    """Keep counts of each column and kind, and the first 100,000 cells. For the jobs login; may run twice."""
    run = db.session.scalars(select(FeedRun).where(FeedRun.id == run_id)).one()
    reading = db.session.scalar(select(FeedReading).where(FeedReading.id == run_id).with_for_update())
    if reading is None or reading.status == "done":
        return
    run_sql("SET LOCAL idle_in_transaction_session_timeout = '15min'")  # reading a large workbook takes its time
    db.session.execute(delete(FeedAlteration).where(FeedAlteration.run_id == run_id))
    counts: Counter[tuple[str, str]] = Counter()
    try:
        with scratch.folder() as folder:
            _keep(run, alterations(open_file(run, write_file(run, folder))), counts)
        reading.status = "done"
    except (FileRefused, Drifted):
        reading.status = "failed"
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    reading.counts, reading.finished_at = [[*key, count] for key, count in ordered], func.clock_timestamp()
    db.session.flush()


def _keep(run: FeedRun, found: Iterator[Altered], counts: Counter[tuple[str, str]]) -> None:
    place = 0
    while batch := list(islice(found, _AT_ONCE)):
        counts.update((one.column, one.kind) for one in batch)
        rows = [_row(run, place + index, one) for index, one in enumerate(batch[: max(0, KEPT - place)])]
        place += len(batch)
        if rows:
            db.session.execute(insert(table_of(FeedAlteration)), rows)


def _row(run: FeedRun, place: int, one: Altered) -> dict[str, Any]:
    told = {"sheet": one.sheet, "row": one.row, "column_name": one.column, "kind": one.kind, "shape": one.shape}
    return {"fmo_id": run.fmo_id, "id": new_id(), "run_id": run.id, "place": place, **told, "became": one.became}
