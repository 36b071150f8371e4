"""Bytes to sheets of text. The reader is chosen by what the file is, never by what it is called."""

from __future__ import annotations

from pathlib import Path

from portal.connectors.readers.csv_reader import open_csv
from portal.connectors.readers.sheet import Sheet
from portal.connectors.readers.xlsx import open_xlsx
from portal.connectors.rows import FileRefused

__all__ = ["MAX_BYTES", "Sheet", "open_sheets"]

MAX_BYTES = 200 * 1024 * 1024

_FOREIGN = (
    (
        b"\xd0\xcf\x11\xe0",
        "an old or password-protected Excel workbook. Save it as .xlsx without a password, or as CSV",
    ),
    (b"%PDF", "a PDF. Ask the carrier's portal for the CSV or Excel export"),
    (b"\x7fELF", "a program, not a table. Check where it came from before opening it anywhere"),
    (b"MZ\x90\x00", "a program, not a table. Check where it came from before opening it anywhere"),
    (b"\x1f\x8b", "a compressed file. Unpack it and send the table inside"),
    (b"7z\xbc\xaf", "a compressed file. Unpack it and send the table inside"),
    (b"Rar!", "a compressed file. Unpack it and send the table inside"),
    (b"\x89PNG", "a picture. Send the table itself"),
    (b"\xff\xd8\xff", "a picture. Send the table itself"),
)


def open_sheets(path: Path) -> list[Sheet]:
    """The file's sheets, at least one; a CSV is one sheet named "".

    Raises `FileRefused` for anything that is not a table, is empty, or is larger than `MAX_BYTES`.
    """
    size = path.stat().st_size
    if size == 0:
        raise FileRefused("The file is empty. Export it again from the carrier's portal.")
    if size > MAX_BYTES:
        raise FileRefused(f"The file is larger than {MAX_BYTES // 1024**2} MB. Split it and load the parts.")
    with path.open("rb") as file:
        start = file.read(1024)
    if start.startswith(b"PK\x03\x04"):
        return open_xlsx(path)
    for magic, what in _FOREIGN:
        if start.startswith(magic):
            raise FileRefused(f"The file is {what}.")
    if (
        start.removeprefix(b"\xef\xbb\xbf")
        .lstrip()[:64]
        .lower()
        .startswith((b"<html", b"<!doctype html", b"<table", b"<?xml"))
    ):
        raise FileRefused("The file is a web page, not a table. Open it in Excel and save it as .xlsx or CSV.")
    return [open_csv(path)]
