"""Taking a file: handing it in as a feed run and remembering it are one transaction; moving it away comes after.

Whatever dies in between, a file is neither lost nor loaded twice: before the commit it stands where it stood and
nobody knows it, after it the next look only moves it.
"""

from __future__ import annotations

import hashlib
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import delete, select

from portal.book.arrival import queries
from portal.book.arrival.judging import TOO_LARGE, Line
from portal.book.arrival.models import ArrivalFile, ArrivalLook, ArrivalSource
from portal.book.arrival.operations.steps import Order, Overtaken, step
from portal.book.arrival.places import Entry, FileChanged, Place
from portal.book.arrival.statements import have_patience
from portal.book.models import FeedRun
from portal.book.operations import AlreadyLoading, request_load
from portal.core import scope
from portal.core.ids import new_id
from portal.extensions import db

PIECE = 1024 * 1024
AGAIN = "The same file was taken before; it is not loaded twice."
BUSY = "The same file is being loaded already, or waits for somebody to decide about it."
CHANGED = "It changed while it was read; a later look takes it."


def take(place: Place, entry: Entry, order: Order) -> Line:
    """Hand one whole file in and remember it; what is known already is only remembered once more."""
    try:
        with place.open(entry) as body:
            sha256 = _digest(body)
            with step():
                hold_source(order)
                have_patience()
                known = _run_of(order.source_id, entry.name, sha256)
                run_id = known or _handed_in(body, entry, order)
                _remember(entry, order, sha256, run_id)
    except AlreadyLoading:
        return Line(entry.name, entry.size, "left", BUSY)
    except FileChanged:
        return Line(entry.name, entry.size, "waiting", CHANGED)
    if known:
        return Line(entry.name, entry.size, "known", AGAIN, str(known))
    return Line(entry.name, entry.size, "taken", "", str(run_id))


def refuse(entry: Entry, order: Order) -> Line:
    """Remember that a file is too large, so that it is said once and not with every look."""
    with step():
        hold_source(order)
        _forget_waiting(entry.name, order)
        db.session.add(_file(entry, order, "refused"))
    return Line(entry.name, entry.size, "refused", TOO_LARGE)


def hold_source(order: Order) -> ArrivalSource:
    """The source, held until the step ends; raises `Overtaken` where the look is no longer this worker's."""
    source = db.session.scalars(
        select(ArrivalSource)
        .where(ArrivalSource.id == order.source_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    mine = (ArrivalLook.id == order.look_id, ArrivalLook.fence == order.fence, ArrivalLook.status == "running")
    if source.removed_at is not None or db.session.scalar(select(ArrivalLook.id).where(*mine)) is None:
        raise Overtaken
    return source


def _digest(body: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := body.read(PIECE):
        digest.update(piece)
    body.seek(0)
    return digest.hexdigest()


def _run_of(source_id: UUID, name: str, sha256: str) -> UUID | None:
    """The run as which this very file was taken; a failed one does not count, so that it can be put in again."""
    return db.session.scalar(
        select(ArrivalFile.run_id)
        .join(FeedRun, (FeedRun.fmo_id == ArrivalFile.fmo_id) & (FeedRun.id == ArrivalFile.run_id))
        .where(ArrivalFile.source_id == source_id, ArrivalFile.name == name, ArrivalFile.sha256 == sha256)
        .where(FeedRun.status.in_(queries.ALIVE))
        .limit(1)
    )


def _handed_in(body: BinaryIO, entry: Entry, order: Order) -> UUID:
    by = order.shown.capitalize() if order.kind == "folder" else order.shown
    run = request_load(body=body, file_name=entry.name, connector=order.connector, dry_run=False, by=by)
    return run.id


def _remember(entry: Entry, order: Order, sha256: str, run_id: UUID) -> None:
    _forget_waiting(entry.name, order)
    db.session.add(_file(entry, order, "taken", sha256=sha256, run_id=run_id))
    db.session.flush()


def _file(entry: Entry, order: Order, state: str, **more: object) -> ArrivalFile:
    return ArrivalFile(
        fmo_id=scope.fmo_id(), id=new_id(), source_id=order.source_id, name=entry.name, size=entry.size,
        modified=entry.modified, state=state, **more,
    )  # fmt: skip


def _forget_waiting(name: str, order: Order) -> None:
    gone = delete(ArrivalFile).where(ArrivalFile.source_id == order.source_id, ArrivalFile.name == name)
    db.session.execute(gone.where(ArrivalFile.state == "waiting").execution_options(synchronize_session=False))
