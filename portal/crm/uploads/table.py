"""The file as a table: read once under limits that fit a list of contacts, kept encrypted until it is forgotten."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import UUID

from portal.connectors.readers import Sheet, open_sheets
from portal.connectors.rows import FileRefused
from portal.connectors.social_security import Emptied, emptied
from portal.core import crypto, scratch
from portal.crm.uploads import fields

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 10_000
MAX_COLUMNS = 200
MAX_CELL = 4_000
NAMELESS = (
    "The file has no row with the names of its columns, so they are called Column 1, Column 2 and so on. Say what each"
    " one is."
)
_UNKEPT = {code: None for code in range(32) if chr(code) not in "\t\n\r"}  # no text holds them
_MAX_UNPACKED = 150 * 1024 * 1024  # ten thousand contacts, generously
_FIELD = "upload"


@dataclass(frozen=True, slots=True)
class Table:
    """The header's cells, the rows below it with the numbers that a person sees, and notes about the reading."""

    header: list[str]
    rows: list[tuple[int, list[str]]]
    notes: list[str]

    def column(self, place: int) -> Iterator[str]:
        """The cells in that place, of the rows that reach it."""
        return (cells[place] for _, cells in self.rows if place < len(cells))

    def birth_dates(self, columns: Mapping[int, str]) -> list[str]:
        """The cells of what is a birth date among `columns`, by place."""
        places = [place for place, name in columns.items() if name == "birth_date"]
        return [cell for place in places for cell in self.column(place)]


def read_table(data: bytes) -> Table:
    """The table in `data` (CSV or XLSX); raises `FileRefused` with a sentence for a person."""
    if not data:
        raise FileRefused("Choose a file first. It must be CSV or Excel and not empty.")
    if len(data) > MAX_BYTES:
        raise FileRefused(f"The file is larger than {MAX_BYTES // 1024**2} MB. Split it and upload the parts.")
    with scratch.folder() as folder:
        path = folder / "table"
        path.write_bytes(data)
        _refuse_swollen(path)
        sheets = open_sheets(path)
        filled = [sheet for sheet in sheets if any(any(cells) for _, cells in sheet.head)]
        if not filled:
            raise FileRefused("The file has no rows. Save the list again and choose that file.")
        return _table_of(filled[0], [sheet.name for sheet in filled[1:]])


def _refuse_swollen(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return  # the reader says what is wrong with it
    if unpacked > _MAX_UNPACKED:
        raise FileRefused("The workbook unpacks to far more than a list of contacts holds. Send it as CSV.")


def _table_of(sheet: Sheet, others: list[str]) -> Table:
    at = max(sheet.head, key=lambda row: (fields.known_headers(row[1]), any(row[1]), -row[0]))[0]
    told = Emptied()
    without_numbers = emptied(sheet.rows(), told)
    lines = ((number, cells) for number, cells in without_numbers if number >= at and any(cells))  # blank do not count
    taken = [(number, _cells(cells)) for number, cells in islice(lines, MAX_ROWS + 2)]
    nameless = fields.has_values(taken[0][1])
    header, rows = ([], taken) if nameless else (taken[0][1], taken[1:])
    if nameless:
        header = [f"Column {place + 1}" for place in range(max(len(cells) for _, cells in rows))]
    if len(rows) > MAX_ROWS:
        raise FileRefused(f"The file has more than {MAX_ROWS:,} rows. Split it and upload the parts.")
    if not rows:
        raise FileRefused("The file has a row of column names and nothing below it.")
    notes = list(sheet.notes) + told.notes() + ([NAMELESS] if nameless else [])
    if others:
        named = ", ".join(f"“{name}”" for name in others)
        notes.append(f"Only the sheet “{sheet.name}” was read, not {named}. Upload those as files of their own.")
    return Table(header, rows, notes)


def _cells(cells: list[str]) -> list[str]:
    if len(cells) > MAX_COLUMNS and any(cells[MAX_COLUMNS:]):
        raise FileRefused(f"The file has more than {MAX_COLUMNS} columns, so it is not a list of contacts.")
    return [cell.translate(_UNKEPT).strip()[:MAX_CELL] for cell in cells[:MAX_COLUMNS]]


def pack(table: Table, fmo_id: UUID) -> str:
    """`table` as ciphertext."""
    plain = json.dumps([table.header, table.rows, table.notes]).encode()
    return crypto.encrypt_bytes(zlib.compress(plain, 6), fmo_id=fmo_id, field=_FIELD)


def unpack(stored: str, fmo_id: UUID) -> Table:
    """What `pack` was given."""
    header, rows, notes = json.loads(zlib.decompress(crypto.decrypt_bytes(stored, fmo_id=fmo_id, field=_FIELD)))
    return Table(header, [(number, cells) for number, cells in rows], notes)
