"""Handing in a carrier file: past the door, its bytes kept encrypted, a run beside them, and the job that loads it."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from portal.book.events import FEED_FAILED, FEED_REQUESTED
from portal.book.models import Connector, FeedFile, FeedRun, HeldChange
from portal.connectors import door
from portal.connectors.readers import check_size
from portal.connectors.rows import FileRefused
from portal.core import access, crypto, outbox, scope, scratch
from portal.core.ids import new_id
from portal.extensions import db

PIECE = 1024 * 1024
FIELD = "feed_file"


class AlreadyLoading(Exception):
    """The same file is waiting, held or being loaded; `run` is that run."""

    def __init__(self, run: FeedRun | None) -> None:
        who = "an" if run is not None and _looks_short(run) else "a second"
        waits = {"held": f"waits for {who} administrator already", "frozen": "is frozen because its columns changed"}
        state = waits.get(run.status if run else "", "is already being loaded")
        super().__init__(f"This file {state}. Nothing was added twice; look at its run.")
        self.run = run


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What somebody had handed in, where the bytes are what was kept of it: its digest, and what was taken out."""

    sha256: str
    notes: list[str]


class UnknownConnector(Exception):
    """No SmartConnector of the FMO has the given name."""


def request_load(
    *,
    body: bytes | Path | BinaryIO,
    file_name: str,
    connector: str | None,
    dry_run: bool,
    by: str,
    fixes: FeedRun | None = None,
    was: HandedIn | None = None,
) -> FeedRun:
    """Keep the file without any social security number and order its loading; returns the queued run.

    `connector` is the name of a SmartConnector, None to recognise the layout from the content. A dry run counts and
    reports, and changes nothing in the book. `fixes`: the run whose refused rows these are, put right by hand; they
    are read as its file was. `was`: what the bytes were when they came in by another way. A file that no reader reads
    is not kept: its run has failed already and says why. Raises `AlreadyLoading` and `UnknownConnector`; nothing is
    kept then, and no run.
    """
    chosen = _connector(connector)
    with _opened(body) as file:
        sha256, size = _digest(file)
        sha256 = was.sha256 if was else sha256
        waiting = _under_way(sha256, dry_run)
        if waiting is not None:
            raise AlreadyLoading(waiting)
        connector_id = chosen.id if chosen else None
        run = FeedRun(fmo_id=scope.fmo_id(), id=new_id(), connector_id=connector_id, file_name=_base_name(file_name))
        run.sha256, run.size, run.dry_run, run.requested_by = sha256, size, dry_run, by
        if fixes is not None:
            run.connector_id, run.layout_version = fixes.connector_id, fixes.layout_version
            run.parent_id, run.as_of = fixes.id, fixes.as_of
        run.requester_id = scope.current().actor_id
        with scratch.folder() as folder:
            try:
                admitted = _admit(body, file, size, folder)
            except FileRefused as refused:
                return _turned_away(run, refused)
            run.notes = [*(was.notes if was else []), *admitted.notes]
            _add(run)
            with admitted.path.open("rb") as kept:
                _keep(run, kept)
    outbox.send_after_commit("load_feed", run.id)
    access.record(FEED_REQUESTED, subject=run, kind="feed", size=size, dry_run=dry_run)
    return run


def _admit(body: bytes | Path | BinaryIO, file: BinaryIO, size: int, folder: Path) -> door.Admitted:
    check_size(size)
    path = body
    if not isinstance(path, Path):
        path = folder / "handed-in"
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy, PIECE)
    return door.admit(path, folder)


def _turned_away(run: FeedRun, refused: FileRefused) -> FeedRun:
    run.status, run.error, run.finished_at = "failed", f"{refused} Nothing in the book was changed.", func.now()
    _add(run)
    access.record(FEED_REQUESTED, subject=run, kind="feed", size=run.size, dry_run=run.dry_run)
    access.record(FEED_FAILED, subject=run, kind="feed", phase="At the door")
    return run


def _add(run: FeedRun) -> None:
    try:
        with db.session.begin_nested():
            db.session.add(run)
            db.session.flush()
    except IntegrityError as error:
        raise AlreadyLoading(None) from error


def _looks_short(run: FeedRun) -> bool:
    asked = select(HeldChange.id).where(HeldChange.subject_id == run.id, HeldChange.status == "waiting")
    return db.session.scalar(asked.where(HeldChange.kind == "shrunk_file").limit(1)) is not None


def _connector(name: str | None) -> Connector | None:
    if not name:
        return None
    found = db.session.scalar(select(Connector).where(Connector.name == name))
    if found is None:
        names = ", ".join(db.session.scalars(select(Connector.name).order_by(Connector.name)))
        known = f"Known are: {names}." if names else "There is none yet: leave it out, and the file is recognised."
        raise UnknownConnector(f"There is no SmartConnector named {name}. {known}")
    return found


def _base_name(file_name: str) -> str:
    # Browsers of old send the whole path; people's folders are nobody's business.
    return file_name.replace("\\", "/").rsplit("/", 1)[-1][:200] or "file"


@contextmanager
def _opened(body: bytes | Path | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(body, Path):
        with body.open("rb") as file:
            yield file
    else:
        yield io.BytesIO(body) if isinstance(body, bytes) else body


def _digest(file: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while piece := file.read(PIECE):
        digest.update(piece)
        size += len(piece)
    file.seek(0)
    return digest.hexdigest(), size


def _under_way(sha256: str, dry_run: bool) -> FeedRun | None:
    return db.session.scalar(
        select(FeedRun).where(
            FeedRun.sha256 == sha256,
            FeedRun.dry_run == dry_run,
            FeedRun.status.in_(("queued", "running", "held", "frozen")),
        )
    )


def _keep(run: FeedRun, file: BinaryIO) -> None:
    number = 0
    while piece := file.read(PIECE):
        sealed = crypto.encrypt_bytes(piece, fmo_id=run.fmo_id, field=FIELD)
        row = {"fmo_id": run.fmo_id, "id": new_id(), "run_id": run.id, "piece": number, "body": sealed}
        # Core, not ORM: whoever hands a file in may write it and not read it back.
        db.session.connection().execute(insert(FeedFile).values(row).inline())
        number += 1
