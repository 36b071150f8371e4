"""A single row apart from its file: which of its cells matter, what of it can be read, and such rows as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from portal.connectors.aliases import Aliases, decided_status
from portal.connectors.assemble import RowRefused, compile_row
from portal.connectors.detect import Detection, detect
from portal.connectors.layouts import IDENTITY_PARTS, Layout, header_key
from portal.connectors.parse import ParsedFile, parse
from portal.connectors.readers.sheet import Sheet
from portal.connectors.rows import PolicyRow, Refusal

MAX_CELL: Final = 1_000
"""Characters of a cell that are kept; what is longer than any value may be stays so and is still refused."""
_MOST_FAULTS: Final = 8


@dataclass(frozen=True, slots=True)
class Reading:
    """What a row gives: the policy, or why not; neither for a row that is no policy row at all."""

    row: PolicyRow | None
    refusal: Refusal | None
    reason: str = ""  # why it is no policy row


def mapped_places(found: Detection) -> list[int]:
    """The places in a row of every column that the layout names; of a header that stands twice, both."""
    wanted = {column.key[0] for column in found.layout.all_columns()}
    return [place for place, header in enumerate(found.header) if header_key(header) in wanted]


def tidy_cell(cell: str) -> str:
    """The cell as it can be kept and written into a table again."""
    return " ".join(cell.replace("\0", "").splitlines())[:MAX_CELL]


def as_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file of the header and rows, whose first row is row 2."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue().encode("utf-8-sig", "replace")


def read_rows(
    layout: Layout,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    file_name: str,
    as_of: date,
    aliases: Aliases | None = None,
) -> list[Reading]:
    """What each row would be in a file of that name; raises `FileRefused` where the layout no longer has the header."""
    file = _file(layout, header, rows, file_name=file_name, as_of=as_of, aliases=aliases)
    found: dict[int, Reading] = {}
    for batch in file.batches():
        found |= {row.row: Reading(row, None) for row in batch.rows}
        found |= {refused.row: Reading(None, refused) for refused in batch.refused}
        found |= {dropped.row: Reading(None, None, dropped.reason) for dropped in batch.dropped}
    return [found[number] for number in range(2, len(rows) + 2)]


def header_of(layout: Layout, header: Sequence[str]) -> Detection:
    """Where the layout's columns stand in a kept header; raises `FileRefused` where it no longer fits."""
    sheet = Sheet("", [(1, list(header))], lambda: iter([(1, list(header))]))
    return detect([sheet], {layout.name: layout})[0]


def _file(
    layout: Layout, header: Sequence[str], rows: Sequence[Sequence[str]], *, file_name: str, as_of: date,
    aliases: Aliases | None = None,
) -> ParsedFile:  # fmt: skip
    numbered = [(1, list(header)), *((number, list(row)) for number, row in enumerate(rows, 2))]
    sheet = Sheet("", numbered[:1], lambda: iter(numbered))
    known = {layout.name: layout}
    return parse(Path(), file_name=file_name, as_of=as_of, layouts=known, sheets=[sheet], aliases=lambda found: aliases)


class Identities:
    """What policies the rows of one sheet are, also of rows that cannot be taken for a reason that does not matter."""

    def __init__(self, found: Detection, file: ParsedFile) -> None:
        self._found = found
        self._make = compile_row(found, as_of=file.as_of, notes=[], by_name=file.by_name)
        layout = found.layout
        needed = {name for part in layout.identity for name in IDENTITY_PARTS[part]} | {"effective_date"}
        self._needed = {column.key[0] for name in needed for column in layout.columns.get(name, ())}
        if {"line_of_business", "plan"} & set(layout.identity):
            self._needed |= {column.key[0] for column in layout.product_from}
        names = ("first_name", "last_name", "full_name")
        self._names = {column.key[0] for name in names for column in layout.columns.get(name, ())}
        self._statuses = {column.key[0] for column in layout.columns.get("status", ())}

    def of(self, cells: Sequence[str]) -> str | None:
        """The identity that the row would have, None where what it is made of cannot be read."""
        row = list(cells)
        for _ in range(_MOST_FAULTS if len(row) == len(self._found.header) else 0):
            try:
                return self._make(2, list(row)).identity
            except RowRefused as refused:
                key = header_key(refused.column or "")
                if not key or key in self._needed:
                    return None
                self._put_aside(row, key)
        return None

    def _put_aside(self, row: list[str], key: str) -> None:
        instead = "X, X" if key in self._names else decided_status("active", "") if key in self._statuses else ""
        for place, header in enumerate(self._found.header):
            if header_key(header) == key:
                row[place] = instead
