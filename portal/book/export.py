"""The refused rows of a run as a CSV file."""

from __future__ import annotations

from portal.book import queries
from portal.book.events import PROBLEMS_EXPORTED
from portal.book.models import FeedRun
from portal.core import access
from portal.core.csv_file import csv_text

COLUMNS = ("outcome", "sheet", "row", "column", "shape", "reason")


def problems_csv(run: FeedRun) -> str:
    """Refused rows, then dropped ones, in the file's order, without values of the file. The download is logged."""
    access.record(PROBLEMS_EXPORTED, kind="feed", ids=[run.id])
    found = queries.problems_of(run)
    return csv_text(
        COLUMNS, ((one.outcome, one.sheet, one.row, one.column_name, one.shape, one.reason) for one in found)
    )
