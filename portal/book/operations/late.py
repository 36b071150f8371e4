"""Files that arrive out of order: what a newer file told, an older one does not change.

A row that a newer file only repeated was not written then and still carries the older day. Instead of writing every
such row with every file, the newer files are read again in the rare case that an older one comes after them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Select, select

from portal.book.absence.queries import declared
from portal.book.models import Connector, FeedRun
from portal.book.operations.progress import Progress
from portal.book.operations.staging import open_file, write_file
from portal.book.statements import prints, winners
from portal.connectors.parse import ParsedFile
from portal.connectors.rows import FileRefused
from portal.core import scratch
from portal.core.words import counted
from portal.extensions import db


def leave_to_newer(parsed: ParsedFile, progress: Progress) -> int:
    """Take those rows out of what the file at work changes that a newer file of its carrier holds; their number.

    Raises `FileRefused` where a newer file can no longer be read: rather no load than a wrong one.
    """
    newer = _newer(parsed.layout.carrier, parsed.as_of)
    changing = winners.changing() if newer else set()
    told: set[str] = set()
    for run in newer:
        if changing == told:
            break
        told |= _told(run, changing, progress)
    if told:
        winners.leave_out(told)
        said = counted(len(told), "policy is", "policies are")
        parsed.notes.append(f"A newer file was loaded before this one: {said} left as that one told.")
    return len(told)


def leave_to_same_day(run: FeedRun, connector: Connector, parsed: ParsedFile) -> int:
    """The same for files of one day: together they are as one file, where the row of the latest application counts.

    Not of a feed whose every file tells the whole book: there the later file of a day corrects the one before.
    """
    if declared(connector).full_set is not None:
        return 0
    found = db.session.scalars(_loaded(connector.carrier).where(FeedRun.as_of == parsed.as_of)).all()
    if not found:
        return 0
    prints.told_by(run.fmo_id, [one.id for one in found], table="feed_same_day")
    return winners.leave_to_same_day(run.fmo_id)


def _newer(carrier: str, as_of: date) -> Sequence[FeedRun]:
    newer = _loaded(carrier).where(FeedRun.as_of > as_of)
    return db.session.scalars(newer.order_by(FeedRun.as_of.desc(), FeedRun.requested_at.desc())).all()


def _loaded(carrier: str) -> Select[FeedRun]:
    query = select(FeedRun).join(
        Connector, (Connector.fmo_id == FeedRun.fmo_id) & (Connector.id == FeedRun.connector_id)
    )
    return query.where(Connector.carrier == carrier, FeedRun.status == "succeeded", FeedRun.dry_run.is_(False))


def _told(run: FeedRun, changing: set[str], progress: Progress) -> set[str]:
    found: set[str] = set()
    try:
        with scratch.folder() as folder:
            for batch in open_file(run, write_file(run, folder)).batches():
                found.update(row.identity for row in batch.rows if row.identity in changing)
                progress.at("Comparing with newer files")
    except FileRefused as refused:
        raise FileRefused(f"{run.file_name}, a newer file, can no longer be compared with this one.") from refused
    return found
