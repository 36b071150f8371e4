"""Excel workbooks: the archive is inspected first, then a child process reads it under limits."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import weakref
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from portal.connectors.readers import xlsx_child
from portal.connectors.readers.sheet import HEAD_ROWS, NumberedRow, Sheet
from portal.connectors.rows import FileRefused

_MAX_MEMBERS = 2_000
_MAX_UNPACKED = 800 * 1024**2
_MAX_RATIO = 150  # real books of business pack 5 to 40 times
_RATIO_MATTERS_FROM = 20 * 1024**2
_CHILD_MEMORY = 1536 * 1024**2
_CHILD_CPU_SECONDS = 90
_CHILD_WALL_SECONDS = 180
_CHILD_OUTPUT = 2 * 1024**3

_TOO_MUCH = "The workbook unpacks to far more than a book of business holds. Export it again, or send it as CSV."
_UNREADABLE = "The workbook is damaged or too large to read safely. Open it in Excel, save it as CSV and send that."


def open_xlsx(path: Path) -> list[Sheet]:
    """The workbook's sheets in their order; raises `FileRefused` for anything hostile, damaged or not a workbook."""
    _inspect_archive(path)
    cells = _read_in_child(path)
    sheets = []
    offset = 0
    starts: list[tuple[str, int]] = []
    for line in cells.file:
        offset += len(line)
        if line.startswith(b'"'):
            starts.append((json.loads(line), offset))
    for name, start in starts:
        sheets.append(_sheet(name, cells, start))
    if not sheets:
        raise FileRefused("The workbook has no sheet. Export it again from the carrier's portal.")
    return sheets


def _inspect_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileRefused(_UNREADABLE) from error
    if len(members) > _MAX_MEMBERS:
        raise FileRefused(_TOO_MUCH)
    if not any(member.filename == "xl/workbook.xml" for member in members):
        raise FileRefused("The file is an archive, not an Excel workbook. Unpack it and send the table inside.")
    if any(member.flag_bits & 0x1 for member in members):
        raise FileRefused("The workbook is protected by a password. Save it without one and send it again.")
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members) or 1
    if unpacked > _MAX_UNPACKED or (unpacked > _RATIO_MATTERS_FROM and unpacked / packed > _MAX_RATIO):
        raise FileRefused(_TOO_MUCH)


class _Cells:
    """The child's output, complete, in an unnamed temporary file; closed when no sheet reads from it any more."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (its end is the last sheet's, not a block's)
        self.close = weakref.finalize(self, self.file.close)


def _read_in_child(path: Path) -> _Cells:
    """Every cell of the book; nothing is consumed before the whole book has been read within the limits."""
    cells = _Cells()
    limits = (_CHILD_MEMORY, _CHILD_CPU_SECONDS, _CHILD_OUTPUT)
    command = [sys.executable, "-I", xlsx_child.__file__, str(path.resolve()), *map(str, limits)]
    try:
        code = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=cells.file,
            stderr=subprocess.DEVNULL,
            timeout=_CHILD_WALL_SECONDS,
            check=False,
            env={},
        ).returncode
    except subprocess.TimeoutExpired:
        code = None
    if code == 0:
        cells.file.seek(0)
        return cells
    cells.close()
    if code == xlsx_child.TOO_WIDE:
        raise FileRefused(f"A sheet has more than {xlsx_child.MAX_COLUMNS} columns, so it is not a book of business.")
    raise FileRefused(_UNREADABLE)


def _sheet(name: str, cells: _Cells, start: int) -> Sheet:
    def rows() -> Iterator[NumberedRow]:
        position = start
        number = 0
        while True:
            cells.file.seek(position)  # sheets share one file: another may have moved it between two yields
            lines = cells.file.readlines(1 << 20)
            if not lines:
                return
            for line in lines:
                if line.startswith(b'"'):
                    return
                position += len(line)
                number += 1
                yield number, json.loads(line)

    return Sheet(name=name, head=list(islice(rows(), HEAD_ROWS)), rows=rows)
