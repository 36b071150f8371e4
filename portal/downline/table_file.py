"""A small CSV as a person sends it: read strictly, carried from the preview to the import, problems written back."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.connectors.readers import open_sheets
from portal.connectors.rows import FileRefused
from portal.core import scratch
from portal.downline.plans import Planned, Row

MAX_BYTES = 1024 * 1024
MAX_ROWS = 20_000
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Table:
    """The rows below the header, each with the columns that are known; blank rows stay, so that numbers hold."""

    rows: list[Row]
    notes: list[str]


def read_table(
    data: bytes, *, needed: Sequence[str], known: Sequence[str], called: Mapping[str, str] | None = None
) -> Table:
    """The table in `data` (CSV or XLSX, header in row 1); raises `FileRefused` with a sentence for a person.

    `called`: how people know the columns, where that is not by their names.
    """
    words = {name: (called or {}).get(name, name) for name in known}
    if len(data) > MAX_BYTES:
        raise FileRefused("The file is larger than 1 MB. Split it and import the parts.")
    with scratch.folder() as folder:
        path = folder / "table.csv"
        path.write_bytes(data)
        sheet = open_sheets(path)[0]
        lines = [cells for _, cells in zip(range(MAX_ROWS + 2), (cells for _, cells in sheet.rows()), strict=False)]
    if len(lines) > MAX_ROWS + 1:
        raise FileRefused(f"The file has more than {MAX_ROWS:,} rows. Split it and import the parts.")
    header = [cell.strip().casefold().replace(" ", "_") for cell in lines[0]] if lines else []
    if missing := [name for name in needed if name not in header]:
        raise FileRefused(
            f"The first row has no column {words[missing[0]]}. It must name the columns: {', '.join(words.values())}."
        )
    if twice := [name for name in known if header.count(name) > 1]:
        raise FileRefused(f"The column {words[twice[0]]} stands in the first row twice. Remove one of them.")
    places = {name: header.index(name) for name in known if name in header}
    rows: list[Row] = [
        {name: cells[at].strip() if at < len(cells) else "" for name, at in places.items()} for cells in lines[1:]
    ]
    while rows and not any(rows[-1].values()):
        rows.pop()
    return Table(rows, list(sheet.notes))


def pack(data: bytes) -> str:
    """`data` as text for a hidden field of the preview."""
    return base64.b64encode(zlib.compress(data, 9)).decode()


def unpack(text: str) -> bytes:
    """What `pack` was given; raises `FileRefused` for anything else, also for what grows beyond the limit."""
    try:
        machine = zlib.decompressobj()
        data = machine.decompress(base64.b64decode(text, validate=True), MAX_BYTES + 1)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise FileRefused("The preview was damaged on its way. Nothing was saved; choose the file again.") from error
    return data


def problems_csv(problems: Sequence[Planned]) -> str:
    """Row number, NPN, name and reason of every refused row, safe to open in a spreadsheet."""
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow(("row", "npn", "name", "reason"))
    for row in problems:
        writer.writerow((row.number, row.npn or "", _harmless(row.title), _harmless(row.reason or "")))
    return output.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
