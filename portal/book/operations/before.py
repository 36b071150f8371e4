"""The run before: the one whose file tells which rows of the file at work need not be read."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Select, select

from portal.book.models import Connector, FeedRun
from portal.book.operations.connectors import known_connector
from portal.book.operations.known import KnownRows
from portal.book.statements import prints
from portal.connectors.full_sets import stem
from portal.connectors.parse import ParsedFile
from portal.extensions import db

LOOKED_AT = 20  # runs, to find that of a file of the same name
_LOADED = select(FeedRun).where(FeedRun.status == "succeeded", FeedRun.dry_run.is_(False))
_LATEST = (FeedRun.finished_at.desc(), FeedRun.id.desc())
MOST_CHANGED = 50_000  # policies that others have changed since; with more it is simpler to read every row


def run_before(connector: Connector, run: FeedRun, parsed: ParsedFile) -> FeedRun | None:
    """The connector's last loaded run whose rows were read in the same way, best one of a file of the same name.

    None where the file at work is not the newest of its carrier, and where a run was taken back since: what it had
    brought is then gone from the book.
    """
    # A whole file's: rows put right by hand would tell hardly anything of the next one.
    whole = _LOADED.where(FeedRun.connector_id == connector.id, FeedRun.parent_id.is_(None))
    mine = whole.where(FeedRun.reading == parsed.reading)
    recent = db.session.scalars(mine.where(FeedRun.book_batch.is_not(None)).order_by(*_LATEST).limit(LOOKED_AT)).all()
    if not recent or db.session.scalar(_of_carrier(connector).where(FeedRun.as_of > parsed.as_of).limit(1)):
        return None
    last = next((one for one in recent if stem(one.file_name) == stem(run.file_name)), recent[0])
    return None if _any_undone(last) else last


def same_again(run: FeedRun, parsed: ParsedFile) -> FeedRun | None:
    """The last run of the carrier, if it loaded this very file for the same day and the book is as it was then."""
    connector = known_connector(parsed.layout, run.connector_id)
    if connector is None or run.dry_run:
        return None
    last = db.session.scalar(_of_carrier(connector).order_by(*_LATEST).limit(1))
    if last is None or last.connector_id != connector.id or last.sha256 != run.sha256:
        return None
    if (last.as_of, last.reading) != (parsed.as_of, parsed.reading) or last.book_batch is None or _any_undone(last):
        return None
    return last if prints.changed_after(run.fmo_id, last.book_batch, most=0) == [] else None


def _of_carrier(connector: Connector) -> Select[FeedRun]:
    carriers = select(Connector.id).where(Connector.carrier == connector.carrier)
    return _LOADED.where(FeedRun.connector_id.in_(carriers))


def _any_undone(since: FeedRun) -> bool:
    return bool(db.session.scalar(select(select(FeedRun.id).where(FeedRun.undone_at > since.finished_at).exists())))


def known_rows(run: FeedRun, parsed: ParsedFile, folder: Path) -> KnownRows:
    """The rows of the run's file that need not be read; what that takes is written into `folder`."""
    connector = known_connector(parsed.layout, run.connector_id)
    last = run_before(connector, run, parsed) if connector else None
    if last is None or last.book_batch is None:
        return KnownRows(run.fmo_id, folder)
    changed = prints.changed_after(run.fmo_id, last.book_batch, most=MOST_CHANGED)
    if changed is None:
        return KnownRows(run.fmo_id, folder)
    return KnownRows(run.fmo_id, folder, last.same_as or last.id, changed)
