"""Bytes to sheets of text. The reader is chosen by what the file is, never by what it is called."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path

from portal.connectors.fixed_width import FixedWidth
from portal.connectors.layouts import load_layouts
from portal.connectors.readers.csv_reader import open_csv
from portal.connectors.readers.enrollment import open_enrollment
from portal.connectors.readers.fixed_text import declared_for, open_fixed
from portal.connectors.readers.sheet import Sheet
from portal.connectors.readers.web_page import is_page, open_page
from portal.connectors.readers.workbook import open_xls, open_xlsx
from portal.connectors.readers.x12 import is_interchange
from portal.connectors.rows import FileRefused

__all__ = ["MAX_BYTES", "Kind", "Sheet", "check_size", "fixed_width_of", "kind_of", "open_sheets"]

MAX_BYTES = 200 * 1024 * 1024

_FOREIGN = (
    (b"%PDF", "a PDF. Ask the carrier's portal for the CSV or Excel export"),
    (b"\x7fELF", "a program, not a table. Check where it came from before opening it anywhere"),
    (b"MZ", "a program, not a table. Check where it came from before opening it anywhere"),
    (b"\xca\xfe\xba\xbe", "a program, not a table. Check where it came from before opening it anywhere"),
    (b"\xcf\xfa\xed\xfe", "a program, not a table. Check where it came from before opening it anywhere"),
    (b"#!", "a program, not a table. Check where it came from before opening it anywhere"),
    (b"\x1f\x8b", "a compressed file. Unpack it and send the table inside"),
    (b"7z\xbc\xaf", "a compressed file. Unpack it and send the table inside"),
    (b"Rar!", "a compressed file. Unpack it and send the table inside"),
    (b"BZh9", "a compressed file. Unpack it and send the table inside"),
    (b"\xfd7zXZ", "a compressed file. Unpack it and send the table inside"),
    (b"\x28\xb5\x2f\xfd", "a compressed file. Unpack it and send the table inside"),
    (b"PK\x05\x06", "an empty archive. Export it again from the carrier's portal"),
    (b"\x89PNG", "a picture. Send the table itself"),
    (b"\xff\xd8\xff", "a picture. Send the table itself"),
    (b"{\\rtf", "a letter (RTF), not a table. Send the CSV or Excel export"),
)
_XML = "The file is XML, not a table. Open it in Excel and save it as .xlsx or CSV."


class Kind(StrEnum):
    """What a file is, by its content."""

    XLSX = "xlsx"
    XLS = "xls"
    PAGE = "page"
    FIXED = "fixed width"
    X12 = "x12"
    TEXT = "text"


def open_sheets(path: Path) -> list[Sheet]:
    """The file's sheets, at least one; a file without sheets, as CSV, is one sheet named "".

    Raises `FileRefused` for anything that is not a table, is empty, or is larger than `MAX_BYTES`.
    """
    kind = kind_of(path)
    if kind is Kind.XLSX:
        return open_xlsx(path)
    if kind is Kind.XLS:
        return open_xls(path)
    if kind is Kind.PAGE:
        return open_page(path)
    if kind is Kind.X12:
        return [open_enrollment(path)]
    if declared := fixed_width_of(path) if kind is Kind.FIXED else None:
        return [open_fixed(path, declared)]
    return [open_csv(path)]


def kind_of(path: Path) -> Kind:
    """What the file is; raises `FileRefused` for what no reader reads."""
    check_size(path.stat().st_size)
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(b"PK\x03\x04"):
        return Kind.XLSX
    if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return Kind.XLS
    for magic, what in _FOREIGN:
        if start.startswith(magic) and not (magic == b"MZ" and b"\0" not in start):
            raise FileRefused(f"The file is {what}.")
    if is_page(start):
        return Kind.PAGE
    if is_interchange(start):
        return Kind.X12
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<?xml"):
        raise FileRefused(_XML)
    return Kind.FIXED if declared_for(start, _fixed_widths()) else Kind.TEXT


def fixed_width_of(path: Path) -> FixedWidth | None:
    """The declaration of a layout that the file's header record fits; raises `FileRefused` if several do."""
    with path.open("rb") as file:
        return declared_for(file.read(4096), _fixed_widths())


@cache
def _fixed_widths() -> tuple[FixedWidth, ...]:
    return tuple(one.fixed_width for one in load_layouts().values() if one.fixed_width)


def check_size(size: int) -> None:
    """Raises `FileRefused` for a file that is empty or larger than `MAX_BYTES`."""
    if size == 0:
        raise FileRefused("The file is empty. Export it again from the carrier's portal.")
    if size > MAX_BYTES:
        raise FileRefused(f"The file is larger than {MAX_BYTES // 1024**2} MB. Split it and load the parts.")
