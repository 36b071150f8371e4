"""What a run read otherwise than it is spelled."""

from __future__ import annotations

from sqlalchemy import select

from portal.book.models import FeedFile, FeedRun
from portal.book.report.models import FeedAlteration, FeedReading
from portal.core.paging import Asked, Listing, fetch
from portal.extensions import db

FILTERS = ("what", "column")


def reading_of(run: FeedRun) -> FeedReading | None:
    """What came of reading the run's file once more; None: nobody has asked for it."""
    return db.session.scalar(select(FeedReading).where(FeedReading.id == run.id))


def altered_listing(run: FeedRun, asked: Asked) -> Listing[FeedAlteration]:
    """One page of the cells, in the file's order."""
    query = select(FeedAlteration).where(FeedAlteration.run_id == run.id)
    if kind := asked.args.get("what"):
        query = query.where(FeedAlteration.kind == kind)
    if column := asked.args.get("column"):
        query = query.where(FeedAlteration.column_name == column)
    return fetch(query, asked, {"row": [FeedAlteration.place]}, tie=FeedAlteration.id)


def input_is_kept(run: FeedRun) -> bool:
    """Whether the run's file is still there."""
    return db.session.scalar(select(FeedFile.id).where(FeedFile.run_id == run.id).limit(1)) is not None
