"""The refused rows of a run as a CSV file that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io

from portal.book import queries
from portal.book.events import PROBLEMS_EXPORTED
from portal.book.models import FeedRun
from portal.compliance.export import safe_cell
from portal.core import access

COLUMNS = ("outcome", "sheet", "row", "column", "shape", "reason")


def problems_csv(run: FeedRun) -> str:
    """Refused rows, then dropped ones, in the file's order, without values of the file. The download is logged."""
    access.record(PROBLEMS_EXPORTED, kind="feed", ids=[run.id])
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for one in queries.problems_of(run):
        cells = (one.outcome, one.sheet, str(one.row), one.column_name or "", one.shape or "", one.reason)
        writer.writerow([safe_cell(cell) for cell in cells])
    return "\ufeff" + file.getvalue()  # the mark tells spreadsheets that this is UTF-8
