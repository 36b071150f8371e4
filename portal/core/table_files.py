"""Tables as files that a spreadsheet opens without running anything in them, written row by row."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import xlsxwriter  # type: ignore[import-untyped]  # the package has no types

from portal.core.csv_file import safe_cell

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_IN_A_CELL = 32_767
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_NEGATIVE = re.compile(r"-[0-9]+(?:\.[0-9]+)?", re.ASCII)


def cell_text(value: object) -> str:
    """`value` as text that is no formula; a plain negative number is none."""
    text = "" if value is None else str(value)
    return text if _NEGATIVE.fullmatch(text) else safe_cell(text)


class Part(NamedTuple):
    """One sheet: its name, the header, and its rows; None is an empty cell."""

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[object]]


def write_workbook(path: Path, parts: Iterable[Part]) -> None:
    """Write the parts to `path`, one a sheet, every cell as text; memory stays bounded however many rows there are."""
    with xlsxwriter.Workbook(str(path), {**_OPTIONS, "tmpdir": str(path.parent)}) as book:
        for part in parts:
            sheet = book.add_worksheet(part.name)
            for number, row in enumerate(_rows(part)):
                for column, cell in enumerate(row):
                    if cell is not None and cell != "":
                        sheet.write_string(number, column, cell_text(cell)[:MOST_IN_A_CELL])


def write_csv(path: Path, part: Part) -> None:
    """Write one part to `path`; the mark at its beginning tells spreadsheets that this is UTF-8."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([cell_text(cell) for cell in row] for row in _rows(part))


def _rows(part: Part) -> Iterator[Sequence[object]]:
    yield part.header
    yield from part.rows
