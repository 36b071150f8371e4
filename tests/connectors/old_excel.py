"""Workbooks as Excel wrote them before 2007 (BIFF8 in an OLE2 container), as small as readers accept them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_DATE_STYLE = 1


def write_xls(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]], *, locked: bool = False) -> Path:
    """A workbook of text, numbers and dates; `locked` marks it as protected by a password."""
    return _container(path, "Workbook", _workbook(sheets, locked))


def write_protected_xlsx(path: Path) -> Path:
    """What Excel makes of a new workbook with a password: the same container, and in it one encrypted stream."""
    return _container(path, "EncryptedPackage", b"\x5a" * 6000)


def write_letter(path: Path) -> Path:
    """A document of another program in the same container."""
    return _container(path, "WordDocument", b"\x5a" * 6000)


def _record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _begin(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 1997, 0, 6))


def _workbook(sheets: Mapping[str, Sequence[Sequence[object]]], locked: bool) -> bytes:
    styles = b"".join(_record(0x00E0, struct.pack("<HH", 0, number_format) + b"\0" * 16) for number_format in (0, 14))
    lock = _record(0x002F, struct.pack("<HHH", 1, 1, 1) + b"\x5a" * 48) if locked else b""
    head = _begin(0x0005) + lock + _record(0x0042, struct.pack("<H", 1200)) + styles
    bodies = [_sheet(rows) for rows in sheets.values()]
    names = [name.encode("utf-16-le") for name in sheets]
    at = len(head) + sum(12 + len(name) for name in names) + 4
    index = b""
    for name, body in zip(names, bodies, strict=True):
        index += _record(0x0085, struct.pack("<IBBBB", at, 0, 0, len(name) // 2, 1) + name)
        at += len(body)
    return head + index + _record(0x000A) + b"".join(bodies)


def _sheet(rows: Sequence[Sequence[object]]) -> bytes:
    width = max((len(row) for row in rows), default=0)
    cells = [
        _cell(number, column, cell)
        for number, row in enumerate(rows)
        for column, cell in enumerate(row)
        if cell is not None and cell != ""
    ]
    size = _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    return _begin(0x0010) + size + b"".join(cells) + _record(0x000A)


def _cell(row: int, column: int, cell: object) -> bytes:
    if isinstance(cell, date):
        days = (cell - date(1899, 12, 30)).days
        return _record(0x0203, struct.pack("<HHHd", row, column, _DATE_STYLE, days))
    if isinstance(cell, int | float):
        return _record(0x0203, struct.pack("<HHHd", row, column, 0, cell))
    text = str(cell)
    return _record(0x0204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le"))


def _container(path: Path, stream_name: str, stream: bytes) -> Path:
    stream = stream.ljust(max(4096, -(-len(stream) // _SECTOR) * _SECTOR), b"\0")  # a smaller one lives elsewhere
    sectors = len(stream) // _SECTOR
    fats = -(-(sectors + 2) // (_SECTOR // 4 - 1))
    first = fats + 1
    chain = [_FAT] * fats + [_END] + [*range(first + 1, first + sectors), _END]
    table = chain + [_FREE] * (fats * _SECTOR // 4 - len(chain))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    head += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    head += struct.pack("<IIIIIIIIII", 0, fats, fats, 0, 4096, _END, 0, _END, 0, 0)[:36]
    difat = [*range(fats), *[_FREE] * (109 - fats)]
    head = head.ljust(76, b"\0") + struct.pack("<109I", *difat)
    directory = _entry("Root Entry", 5, _END, 0, child=1) + _entry(stream_name, 2, first, len(stream))
    directory = directory.ljust(_SECTOR, b"\0")
    path.write_bytes(head + struct.pack(f"<{len(table)}I", *table) + directory + stream)
    return path


def _entry(name: str, kind: int, start: int, size: int, child: int = _FREE) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    head = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, _FREE, _FREE, child)
    return head + b"\0" * 36 + struct.pack("<IQ", start, size)
