"""Small carrier files for the tests, made where they are needed."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import xlsxwriter  # type: ignore[import-untyped]  # the package has no types

from portal.connectors.parse import parse
from portal.connectors.rows import Dropped, PolicyRow, Refusal

AS_OF = date(2026, 11, 3)
GOLDEN = Path(__file__).with_name("golden")

HUMANA = {
    "MbrLastName": "ABERNATHY",
    "MbrFirstName": "RUTH",
    "Humana ID": "H70000001",
    "Medicare No": "XXXXXE5MK73",
    "Birth Date": "3/7/1951",
    "Resident Zip Code": "33602",
    "Status": "Active Policy",
    "Effective Date": "1/1/2026",
    "CoverageType": "Medicare",
    "SalesProduct": "MAPD",
    "Plan Name": "Humana Orchard Plus HMO",
    "Contract-PBP-Segment ID": "H1036-335-002",
    "NPN": "17000001",
    "Servicing Agent SAN": "1500001",
}


class Read(NamedTuple):
    """All that one file gave."""

    rows: list[PolicyRow]
    refused: list[Refusal]
    dropped: list[Dropped]
    notes: list[str]


def read(path: Path, *, layout_name: str | None = None, batch_size: int = 5_000) -> Read:
    """Parse the whole file."""
    parsed = parse(path, file_name=path.name, as_of=AS_OF, layout_name=layout_name, batch_size=batch_size)
    result = Read([], [], [], parsed.notes)
    for batch in parsed.batches():
        result.rows.extend(batch.rows)
        result.refused.extend(batch.refused)
        result.dropped.extend(batch.dropped)
    return result


def humana(**changes: str) -> list[list[str]]:
    """A Humana header and one good row; a changed cell's name is the header with _ for blanks."""
    row = HUMANA | {header.replace("_", " "): text for header, text in changes.items()}
    return [list(row), list(row.values())]


def write_text(
    path: Path, rows: Iterable[Sequence[str]], *, encoding: str = "utf-8", delimiter: str = ",", end: str = "\r\n"
) -> Path:
    """A delimited text file of the rows."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator=end).writerows(rows)
    return path


def write_book(path: Path, sheets: dict[str, Iterable[Sequence[object]]]) -> Path:
    """A workbook; text cells stay text, numbers are numbers, dates are date cells."""
    with xlsxwriter.Workbook(str(path), {"default_date_format": "mm/dd/yyyy"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, str):
                        sheet.write_string(number, column, cell)
                    elif cell is not None:
                        sheet.write(number, column, cell)
    return path


def golden_file(name: str, folder: Path) -> Path:
    """The golden file of a layout as the carrier sends it: text, a web page called .xls, or a workbook in `folder`."""
    for ending in ("csv", "txt"):
        if (text := GOLDEN / f"{name}.{ending}").exists():
            return text
    if (page := GOLDEN / f"{name}.html").exists():
        return Path(shutil.copy(page, folder / f"{name}.xls"))
    with (GOLDEN / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    return write_book(folder / f"{name}.xlsx", {"Summary": [["Members", 13]], "Active Members": rows})
