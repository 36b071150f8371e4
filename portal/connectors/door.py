"""The door: a carrier's file before it is kept. Social security numbers are taken out here; none is ever stored.

A file without any passes as it is, byte for byte. Of a text file only the cells in question change; a workbook with
numbers is written anew with the same sheets and cells and nothing else of the old one.
"""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]  # the package has no types

from portal.connectors import enrollment_numbers, social_security
from portal.connectors.readers import Kind, Sheet, fixed_width_of, kind_of, open_sheets
from portal.connectors.readers.csv_reader import Dialect, find_dialect, rows_of
from portal.connectors.readers.encoding import find_encoding
from portal.connectors.readers.workbook import inspect_archive
from portal.connectors.readers.x12 import pieces, segments
from portal.connectors.rows import FileRefused
from portal.connectors.social_security import Emptied, emptied

_PIECE = 1 << 20
_OVERLAP = 64  # longer than anything that is looked for
_LONGEST_CELL = 32_767
_CELLS = re.compile(r"xl/(?:worksheets/[^/]*$|sharedStrings)")
_NO_CONTENT = re.compile(r"xl/(?:theme|styles|metadata|calcChain)|docProps/|.*_rels/|\[Content_Types\]")
_UNNAMABLE = "The workbook's sheets have names that Excel does not allow. Open it in Excel, save it anew and send that."
_OPAQUE = ("xl/embeddings/", "xl/activeX/", "xl/vbaProject")


@dataclass(frozen=True, slots=True)
class Admitted:
    """The file as it may be kept, and what a person should know of it."""

    path: Path
    notes: list[str] = field(default_factory=list)


def admit(path: Path, folder: Path) -> Admitted:
    """The file without social security numbers: `path` itself where it has none, else a new file in `folder`.

    Nothing but `folder` is written to. Raises `FileRefused` for a file that no reader reads; it must not be kept, for
    nobody can say what is in it.
    """
    told = Emptied()
    clean = folder / "admitted"
    write = _WRITERS[kind_of(path)]
    return Admitted(clean, told.notes()) if write(path, clean, told) else Admitted(path)


def _text(path: Path, clean: Path, told: Emptied) -> bool:
    dialect = find_dialect(path)
    if not _mentioned(_pieces(path, dialect)):
        return False
    with clean.open("w", encoding=dialect.encoding.writes, newline="") as file:
        writer = csv.writer(file, delimiter=dialect.delimiter, lineterminator=dialect.line_end)
        writer.writerows(row for _, row in emptied(rows_of(path, dialect), told))
    return bool(told)


def _fixed(path: Path, clean: Path, told: Emptied) -> bool:
    """Blanks take the place of what is taken out, so that every field stays where it was."""
    declared = fixed_width_of(path)
    dialect = find_dialect(path)
    if declared is None:
        return _text(path, clean, told)
    secret = {name: place for name, place in declared.fields.items() if social_security.names_numbers(name)}
    with (
        path.open(encoding=dialect.encoding.codec, newline="") as file,
        clean.open("w", encoding=dialect.encoding.writes, newline="") as copy,
    ):
        for line in file:
            copy.write(social_security.blanked(line, secret if line.startswith(declared.detail) else {}, told))
    return bool(told)


def _enrollment(path: Path, clean: Path, told: Emptied) -> bool:
    encoding = find_encoding(path, lines=False)
    for _ in segments(path, encoding.codec):
        pass  # a file whose counts do not agree is not kept
    with clean.open("w", encoding=encoding.writes, newline="") as copy:
        for text in enrollment_numbers.without(pieces(path, encoding.codec), told):
            copy.write(text)
    return bool(told)


def _pieces(path: Path, dialect: Dialect) -> Iterator[bytes]:
    wide = dialect.encoding.codec.startswith("utf-16")
    before = b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            # Without its zeros, UTF-16 is as good as text for finding a word or a number.
            text = before + (piece.replace(b"\0", b"") if wide else piece)
            yield text
            before = text[-_OVERLAP:]


def _mentioned(pieces: Iterable[bytes]) -> bool:
    return any(social_security.may_hold(piece) for piece in pieces)


def _new_workbook(path: Path, clean: Path, told: Emptied) -> bool:
    hidden = _mentioned_in_archive(path)
    return hidden is not None and _tables(path, clean, told, _write_workbook, hidden)


def _old_workbook(path: Path, clean: Path, told: Emptied) -> bool:
    return _tables(path, clean, told, _write_workbook, False)


def _page(path: Path, clean: Path, told: Emptied) -> bool:
    return _tables(path, clean, told, _write_page, False)


def _tables(
    path: Path, clean: Path, told: Emptied, write: Callable[[list[Sheet], Path, Emptied], None], always: bool
) -> bool:
    sheets = open_sheets(path)
    found = Emptied()
    for sheet in sheets:
        for _ in emptied(sheet.rows(), found):
            pass
    if not found and not always:
        return False
    write(sheets, clean, told)
    return True


def _mentioned_in_archive(path: Path) -> bool | None:
    """Whether a workbook may hold numbers, without decoding it: None for no, True for where no cell is (a pivot's
    memory, comments, embedded files), False for its cells alone."""
    inspect_archive(path)
    in_cells = False
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                name = member.filename
                if name.startswith(_OPAQUE):
                    return True
                if not name.endswith((".xml", ".vml")) or _NO_CONTENT.match(name) or (in_cells and _CELLS.match(name)):
                    continue
                if _mentioned(_unpacked(archive, member)):
                    if not _CELLS.match(name):
                        return True
                    in_cells = True
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, EOFError):
        return False  # whoever reads it says what is wrong with it
    return False if in_cells else None


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    before = b""
    with archive.open(member) as file:
        while piece := file.read(_PIECE):
            text = before + piece
            # Letters of two formats stand in two runs of text, and an entity may stand for any letter.
            yield b"ssn" if b"<r>" in text or b"&#" in text else text
            before = text[-_OVERLAP:]


def _write_workbook(sheets: list[Sheet], clean: Path, told: Emptied) -> None:
    try:
        with xlsxwriter.Workbook(str(clean), {"constant_memory": True, "tmpdir": str(clean.parent)}) as book:
            for sheet in sheets:
                place = book.add_worksheet(sheet.name)
                for number, row in emptied(sheet.rows(), told):
                    for column, cell in enumerate(row):
                        if cell:
                            place.write_string(number - 1, column, cell[:_LONGEST_CELL])
    except xlsxwriter.exceptions.XlsxWriterException as error:
        raise FileRefused(_UNNAMABLE) from error


def _write_page(sheets: list[Sheet], clean: Path, told: Emptied) -> None:
    with clean.open("w", encoding="utf-8") as file:
        file.write("<html><head><meta charset=utf-8></head><body>\n")
        for sheet in sheets:
            file.write("<table>\n")
            for _, row in emptied(sheet.rows(), told):
                file.write(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n")
            file.write("</table>\n")
        file.write("</body></html>\n")


_WRITERS: dict[Kind, Callable[[Path, Path, Emptied], bool]] = {
    Kind.TEXT: _text, Kind.FIXED: _fixed, Kind.X12: _enrollment,
    Kind.XLSX: _new_workbook, Kind.XLS: _old_workbook, Kind.PAGE: _page,
}  # fmt: skip
