"""Where rows go: text files in any encoding and delimiter, and workbooks, both byte-identical for identical rows."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import xlsxwriter  # type: ignore[import-untyped]  # the package has no types


class Output(Protocol):
    """A carrier file being written, top to bottom."""

    def write(self, cells: Sequence[str]) -> None:
        """Append one row."""

    def close(self) -> None:
        """Finish the file; nothing can be written afterwards."""


class TextOutput:
    """A delimited text file. `encoding` may be one that writes a byte order mark (`utf-8-sig`, `utf-16`)."""

    def __init__(self, path: Path, *, encoding: str, delimiter: str, line_end: str) -> None:
        self._file = path.open("w", encoding=encoding, newline="")
        if encoding == "utf-16-le":
            self._file.write("\ufeff")
        self._rows = csv.writer(self._file, delimiter=delimiter, lineterminator=line_end)

    def write(self, cells: Sequence[str]) -> None:
        """Append one row, quoted where needed."""
        self._rows.writerow(cells)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class SheetOutput:
    """A workbook of one sheet, kept row by row on disk; digits in `numeric` columns are numbers."""

    def __init__(self, path: Path, *, sheet: str, created: date, numeric: frozenset[int]) -> None:
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        self._book.set_properties({"created": datetime(created.year, created.month, created.day)})  # noqa: DTZ001  # XlsxWriter takes no zone
        self._sheet = self._book.add_worksheet(sheet)
        self._numeric = numeric
        self._row = 0

    def write(self, cells: Sequence[str]) -> None:
        """Append one row; empty cells are left out."""
        for column, text in enumerate(cells):
            if not text:
                continue
            if column in self._numeric and text.isdigit():
                self._sheet.write_number(self._row, column, int(text))
            else:
                self._sheet.write_string(self._row, column, text)
        self._row += 1

    def close(self) -> None:
        """Assemble the workbook."""
        self._book.close()
