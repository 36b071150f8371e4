"""CSV files that a spreadsheet opens without running anything in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

MARK = "\ufeff"  # tells spreadsheets that a file is UTF-8
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(text: str) -> str:
    """`text`, with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_STARTS_FORMULA) else text


def csv_text(header: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """The file's text: the header, then every row made safe; None is an empty cell."""
    file = io.StringIO()
    csv.writer(file).writerow(header)
    return MARK + file.getvalue() + csv_lines(rows)


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """Rows made safe, to go on with a file; None is an empty cell."""
    file = io.StringIO()
    writer = csv.writer(file)
    for row in rows:
        writer.writerow([safe_cell("" if cell is None else str(cell)) for cell in row])
    return file.getvalue()


def download(body: str | bytes, name: str, content_type: str = "text/csv; charset=utf-8") -> Response:
    """The answer with which a browser keeps `body` as a file of that name, plain letters only."""
    return Response(body, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
