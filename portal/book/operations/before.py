"""The run before: the one whose file tells which rows of the file at work need not be read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sqlalchemy import select

from portal.book.models import Connector, FeedRun
from portal.book.operations.connectors import known_connector
from portal.book.operations.known import KnownRows
from portal.book.statements import prints
from portal.connectors.parse import ParsedFile
from portal.extensions import db

MOST_CHANGED = 50_000  # policies that others have changed since; with more it is simpler to read every row


def run_before(connector: Connector, reading: str, as_of: date) -> FeedRun | None:
    """The connector's last loaded run, if its rows were read in the same way and nothing speaks against trusting it.

    None where the file at work is not the newest of its carrier, and where a run was taken back since: what it had
    brought is then gone from the book.
    """
    loaded = select(FeedRun).where(FeedRun.status == "succeeded", FeedRun.dry_run.is_(False))
    mine = loaded.where(FeedRun.connector_id == connector.id)
    last = db.session.scalar(mine.order_by(FeedRun.finished_at.desc(), FeedRun.id.desc()).limit(1))
    if last is None or last.reading != reading or last.book_batch is None or last.finished_at is None:
        return None
    carriers = select(Connector.id).where(Connector.carrier == connector.carrier)
    newer = select(FeedRun.id).where(
        FeedRun.connector_id.in_(carriers), FeedRun.status == "succeeded", FeedRun.dry_run.is_(False)
    ).where(FeedRun.as_of > as_of)  # fmt: skip
    undone = select(FeedRun.id).where(FeedRun.undone_at > last.finished_at)
    return None if db.session.scalar(select(newer.exists() | undone.exists())) else last


def known_rows(run: FeedRun, parsed: ParsedFile, folder: Path) -> KnownRows:
    """The rows of the run's file that need not be read; what that takes is written into `folder`."""
    connector = known_connector(parsed.layout, run.connector_id)
    last = run_before(connector, parsed.reading, parsed.as_of) if connector else None
    if last is None or last.book_batch is None:
        return KnownRows(run.fmo_id, folder)
    changed = prints.changed_after(run.fmo_id, last.book_batch, most=MOST_CHANGED)
    if changed is None:
        return KnownRows(run.fmo_id, folder)
    return KnownRows(run.fmo_id, folder, last.same_as or last.id, changed)
