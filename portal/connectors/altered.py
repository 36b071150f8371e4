"""What is read otherwise than a file spells it: found by reading its rows once more and comparing, cell by cell.

The row path itself records nothing: most cells of most files are taken as they are, and it must be fast. Only what a
person may want to check is named; letters' case, blanks around a value and the form of a date are no alteration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from portal.connectors.cells import Cell, Context, row_cells
from portal.connectors.dates import Unreadable
from portal.connectors.detect import Detection
from portal.connectors.layouts import Layout
from portal.connectors.normalise import shape
from portal.connectors.parse import ParsedFile
from portal.connectors.writers import WriterFound

_SERIAL = re.compile(r"\d{1,6}(?:\.\d+)?", re.ASCII)
_SHORT_YEAR = re.compile(r"\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ]\d{2}", re.ASCII)
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+?\d{1,2}", re.ASCII)
_DECIMAL = re.compile(r"\d+\.0+", re.ASCII)
_BETWEEN = re.compile(r"[\s-]+")
# A birth date stays out of the report; the other days name nobody.
_PRIVATE = ("birth_date",)
_DAYS = ("term_date", "renewal_date", "received_date", "writer_from", "writer_to", "effective_date", "policy_start")
_WORDED = ("status_reason",)  # a word without a meaning of its own is no value that was lost


class Altered(NamedTuple):
    """One cell: where it stands, what was done (a word of the list in `kind_of`), its shape, and what it was read as.

    `became` is told of days and of agents' numbers only, never of what identifies a member.
    """

    sheet: str
    row: int
    column: str
    kind: str
    shape: str
    became: str | None


def alterations(parsed: ParsedFile) -> Iterator[Altered]:
    """Every altered cell of the rows that can be read, in the file's order; raises `FileRefused` as reading does."""
    for found in parsed.detections:
        yield from _of_sheet(found, parsed)


def _of_sheet(found: Detection, parsed: ParsedFile) -> Iterator[Altered]:
    cells = row_cells(Context(found, parsed.as_of, [], parsed.by_name))
    private, worded = _indices(found, _PRIVATE), _indices(found, _WORDED)
    days, width = _indices(found, _DAYS), len(found.header)
    for number, row in found.sheet.rows():
        if number <= found.header_row or not any(cell.strip() for cell in row) or len(row) < width:
            continue
        told = [*row[:width], ""]
        for cell in cells:
            for index, value in _values(cell, told, found):
                raw = told[index].strip()
                kind = kind_of(raw, value, found.layout)
                if kind == "open_end" and index not in days:
                    kind = "left_out"  # an amount or a number with as many digits as a date
                if kind and not (kind == "left_out" and index in worded):
                    column = found.header[index].strip()
                    became = None if index in private else _became(value)
                    yield Altered(found.sheet.name, number, column, kind, shape(raw), became)


def _indices(found: Detection, names: tuple[str, ...]) -> set[int]:
    columns = [column for name in names for column in found.layout.columns.get(name, ())]
    return {index for column in columns if (index := found.at(column)) is not None}


def _values(cell: Cell, row: list[str], found: Detection) -> Iterator[tuple[int, Any]]:
    """(place, value) of what one thing was taken from; nothing where the row is refused for it."""
    filled = [index for index in cell.indices if index >= 0 and row[index].strip()]
    if not filled:
        return
    try:
        value = cell.read(cell.get(row))
    except Unreadable:
        return
    if isinstance(value, WriterFound):
        place = next((i for i in filled if found.header[i].strip() == value.column), None)
        if place is not None:
            yield place, _Agent(value.npn or value.value or "")
    elif len(filled) == 1 and not isinstance(value, tuple):
        yield filled[0], value


class _Agent(str):
    """A number of an agent, which may be told."""


def kind_of(raw: str, value: object, layout: Layout) -> str | None:
    """What was done to a cell that was read as `value`; None where it was taken as it is, or only in another form."""
    if value is None:
        return "nothing" if raw.casefold() in layout.empty else "open_end" if _is_day(raw) else "left_out"
    if isinstance(value, date):
        return _of_day(raw)
    if not isinstance(value, str) or raw == value:
        return None
    if _SCIENTIFIC.fullmatch(raw):
        return "scientific"
    if _DECIMAL.fullmatch(raw):
        return "decimal"
    bare = _BETWEEN.sub("", raw).upper()
    if bare.isdigit() and value.isdigit():
        if bare.lstrip("0") == value.lstrip("0") and len(bare) != len(value):
            return "zeros" if len(value) > len(bare) else "bare_zeros"
        if len(bare) == 9 and bare.startswith(value):
            return "shortened"
    return "dashes" if bare == value.upper() and len(bare) < len(raw) and bare.isalnum() else None


def _is_day(raw: str) -> bool:
    return sum(letter.isdigit() for letter in raw) >= 5


def _of_day(raw: str) -> str | None:
    if _SERIAL.fullmatch(raw):
        return "serial"
    if _SHORT_YEAR.fullmatch(raw):
        return "short_year"
    return "time" if ":" in raw and not re.search(r"[T ]0?0:00(?::00(?:\.0+)?)?Z?$", raw) else None


def _became(value: object) -> str | None:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, _Agent) else None
