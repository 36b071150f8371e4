"""After taking: files that were dealt with go where they belong, also those that a look before died over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, update

from portal.book.arrival import names
from portal.book.arrival.folder import WatchedFolder
from portal.book.arrival.models import ArrivalFile
from portal.book.arrival.operations.steps import Order, step
from portal.book.arrival.places import Entry, FileChanged, Place
from portal.book.models import FeedRun
from portal.core import clock
from portal.extensions import db

MOST = 1000
LATE_FAILURES = timedelta(days=7)


def put_away(place: Place, order: Order, entries: Sequence[Entry]) -> None:
    """Move what was taken and still stands there. A file that took the name of one since is left alone."""
    here = {entry.name: entry for entry in entries if not names.strange(entry.name)}
    with step():
        rows = db.session.execute(
            select(ArrivalFile, FeedRun.status)
            .outerjoin(FeedRun, (FeedRun.fmo_id == ArrivalFile.fmo_id) & (FeedRun.id == ArrivalFile.run_id))
            .where(ArrivalFile.source_id == order.source_id, ArrivalFile.stands == "there")
            .where(ArrivalFile.state.in_(("taken", "refused")), ArrivalFile.name.in_(here))
            .limit(MOST)
        ).all()
        files = [(file.id, _entry(file), file.run_id, file.state, status) for file, status in rows]
    for file_id, entry, run_id, state, status in files:
        if here[entry.name][:3] != entry[:3]:
            _stands(file_id, "gone", None)
            continue
        shelf = "refused" if state == "refused" or status == "failed" else "done"
        kept_as = f"{run_id or file_id}-{entry.name}"
        try:
            stands = place.put_away(here[entry.name], shelf, kept_as)
        except FileChanged:
            stands = "gone"
        if stands is not None:
            _stands(file_id, stands, kept_as)


def move_failed(place: WatchedFolder, order: Order) -> None:
    """Move files whose run failed later from done/ to refused/."""
    with step():
        rows = db.session.execute(
            select(ArrivalFile.id, ArrivalFile.kept_as)
            .join(FeedRun, (FeedRun.fmo_id == ArrivalFile.fmo_id) & (FeedRun.id == ArrivalFile.run_id))
            .where(ArrivalFile.source_id == order.source_id, ArrivalFile.stands == "done")
            .where(FeedRun.status == "failed", FeedRun.requested_at > clock.now() - LATE_FAILURES)
            .limit(MOST)
        ).all()
    for file_id, kept_as in rows:
        place.move_over(kept_as or "")
        _stands(file_id, "refused", kept_as)


def _stands(file_id: object, where: str, kept_as: str | None) -> None:
    with step():
        moved = update(ArrivalFile).where(ArrivalFile.id == file_id).values(stands=where, kept_as=kept_as)
        db.session.execute(moved.execution_options(synchronize_session=False))


def _entry(file: ArrivalFile) -> Entry:
    return Entry(file.name, file.size, file.modified, True)
