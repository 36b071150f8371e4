"""Decoding in a child process: what comes back are sheets, or the sentence with which the file is refused."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from portal.connectors.readers import child
from portal.connectors.readers.sheet import HEAD_ROWS, NumberedRow, Sheet
from portal.connectors.rows import FileRefused

_MEMORY = 1536 * 1024**2
_WALL_SECONDS = 180
_OUTPUT = 2 * 1024**3

_SENTENCES = {
    child.TOO_WIDE: f"A sheet has more than {child.MAX_COLUMNS} columns, so it is not a book of business.",
    child.CUT_OFF: "The page ends inside a table, so the file was cut off on the way. Export it again.",
    child.SPARSE: f"A cell stands below more than {child.MAX_EMPTY:,} empty rows. Delete what stands below the table.",
    child.ENDLESS: "The page has a mark or a cell without end, so what follows cannot be read. Export the file again.",
    child.TOO_DEEP: "The page nests tables in tables far deeper than a report does. Open it in Excel, save it as .xlsx"
    " and send that.",
}
_UNREADABLE = "The {what} is damaged or too large to read safely. Open it in Excel, save it as CSV and send that."


def read_apart(path: Path, kind: str, *options: str, what: str, cpu_seconds: int) -> list[Sheet]:
    """The sheets that `child` finds, in their order; nothing is given before the whole file has been decoded.

    `kind` is "workbook" or "page" (option: its codec). Memory, processor time, the clock and the size of what comes
    out are limited; the rows stay in an unnamed file, not in memory. Raises `FileRefused`, naming the file as `what`.
    """
    cells = _Cells()
    limits = (_MEMORY, cpu_seconds, _OUTPUT)
    command = [sys.executable, "-I", child.__file__, kind, str(path.resolve()), *map(str, limits), *options]
    try:
        code = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=cells.file,
            stderr=subprocess.DEVNULL,
            timeout=_WALL_SECONDS,
            check=False,
            env={},
        ).returncode
    except subprocess.TimeoutExpired:
        code = -1
    if code != 0:
        cells.close()
        raise FileRefused(_SENTENCES.get(code, _UNREADABLE.format(what=what)))
    return [_sheet(name, cells, start) for name, start in _starts(cells)]


class _Cells:
    """The child's output, complete, in an unnamed temporary file; closed when no sheet reads from it any more."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (its end is the last sheet's, not a block's)
        self.close = weakref.finalize(self, self.file.close)


def _starts(cells: _Cells) -> list[tuple[str, int]]:
    """Each sheet's name, and where its first row begins."""
    cells.file.seek(0)
    found = []
    offset = 0
    for line in cells.file:
        offset += len(line)
        if line.startswith(b'"'):
            found.append((json.loads(line), offset))
    return found


def _sheet(name: str, cells: _Cells, start: int) -> Sheet:
    def rows() -> Iterator[NumberedRow]:
        position = start
        number = 0
        decode = json.JSONDecoder().decode
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
                yield number, decode(line.decode())

    return Sheet(name=name, head=list(islice(rows(), HEAD_ROWS)), rows=rows)
