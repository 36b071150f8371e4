"""Excel workbooks, new and old: what the file is made of is inspected first, then a child process reads it."""

from __future__ import annotations

import mmap
import struct
import zipfile
from pathlib import Path, PurePosixPath

from portal.connectors.readers.apart import read_apart
from portal.connectors.readers.sheet import Sheet
from portal.connectors.rows import FileRefused

_MAX_MEMBERS = 2_000
_MAX_UNPACKED = 800 * 1024**2
_MAX_RATIO = 150  # real books of business pack 5 to 40 times
_RATIO_MATTERS_FROM = 20 * 1024**2
_CPU_SECONDS = 90
_BEGINS = b"\x09\x08\x10\x00\x00\x06\x05\x00"  # record, length, version and kind of an old workbook's beginning
_FILE_PASS = 0x2F

_TOO_MUCH = "The workbook unpacks to far more than a book of business holds. Export it again, or send it as CSV."
_DAMAGED = "The workbook is damaged or too large to read safely. Open it in Excel, save it as CSV and send that."
_PASSWORD = "The workbook is protected by a password. Save it without one and send it again."
_OTHER_BOOK = "The file is {what}. Open it, save it as .xlsx or CSV and send that."
_NO_SHEET = "The workbook has no sheet. Export it again from the carrier's portal."


def open_xlsx(path: Path) -> list[Sheet]:
    """The workbook's sheets in their order; raises `FileRefused` for anything hostile, damaged or not a workbook."""
    inspect_archive(path)
    return _read(path)


def open_xls(path: Path) -> list[Sheet]:
    """The sheets of an Excel workbook of the years before 2007 (BIFF in an OLE2 container), in their order.

    Raises `FileRefused`, also for what else comes in such a container: workbooks with a password, letters, mails.
    """
    _inspect_container(path)
    return _read(path)


def _read(path: Path) -> list[Sheet]:
    sheets = read_apart(path, "workbook", what="workbook", cpu_seconds=_CPU_SECONDS)
    if not sheets:
        raise FileRefused(_NO_SHEET)
    return sheets


def inspect_archive(path: Path) -> None:
    """Raises `FileRefused` unless the file is an archive that may safely be unpacked as a workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileRefused(_DAMAGED) from error
    if len(members) > _MAX_MEMBERS:
        raise FileRefused(_TOO_MUCH)
    names = {member.filename for member in members}
    if "xl/workbook.xml" not in names:
        raise FileRefused(_what_archive(names))
    if any(_points_outside(name) for name in names):
        raise FileRefused("The archive names files outside of itself, which no workbook does. It was not opened.")
    if any(member.flag_bits & 0x1 for member in members):
        raise FileRefused(_PASSWORD)
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members) or 1
    if unpacked > _MAX_UNPACKED or (unpacked > _RATIO_MATTERS_FROM and unpacked / packed > _MAX_RATIO):
        raise FileRefused(_TOO_MUCH)


def _what_archive(names: set[str]) -> str:
    if "xl/workbook.bin" in names:
        return _OTHER_BOOK.format(what="a binary Excel workbook (.xlsb)")
    if "content.xml" in names:
        return _OTHER_BOOK.format(what="an OpenDocument file")
    return "The file is an archive, not an Excel workbook. Unpack it and send the table inside."


def _points_outside(name: str) -> bool:
    return ".." in PurePosixPath(name.replace("\\", "/")).parts or name.startswith(("/", "\\")) or ":" in name


def _inspect_container(path: Path) -> None:
    """The names of a container's streams stand in its directory, in UTF-16; those tell what it is."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:

        def holds(stream: str) -> bool:
            return content.find(stream.encode("utf-16-le") + b"\0\0") != -1

        if holds("EncryptedPackage") or _is_locked(content):
            raise FileRefused(_PASSWORD)
        if not holds("Workbook") and not holds("Book"):
            raise FileRefused("The file is not an Excel workbook, though it looks like one. Send the table itself.")


def _is_locked(content: mmap.mmap) -> bool:
    """Whether the first records of an old workbook say that the others are encrypted."""
    at = content.find(_BEGINS)
    for _ in range(4):
        if at < 0 or at + 4 > len(content):
            return False
        kind, length = struct.unpack_from("<HH", content, at)
        if kind == _FILE_PASS:
            return True
        at += 4 + length
    return False
