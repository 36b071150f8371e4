"""Rows of delimited text before they are split: whole lines, of which most need not be looked into.

A line that starts a row is that row and no more where it has no quotation mark, or where its quotation marks stand as
they should: around whole cells. Only the csv module says how far another row goes; such a row has cells, but no bytes.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from portal.connectors.readers.gaps import without_gaps
from portal.connectors.readers.sheet import Raw, RawRow

_CHUNK = 1 << 20
_LONGEST = 100_000  # below what the csv module takes for one cell
_CODECS = ("utf-8-sig", "utf-8", "cp1252")  # one byte is one sign, as far as delimiters, quotes and line ends go
_END_OF_FILE = b"\x1a"
RowOf = Callable[[Iterator[str], int], list[str]]


def raw_csv(path: Path, codec: str, delimiter: str, row_of: RowOf) -> Raw | None:
    """The file's rows unsplit, None where its lines cannot be told apart as bytes.

    `row_of` takes as many lines of text as the row of that number has, and raises where it does not end.
    """
    if codec not in _CODECS or not delimiter.isascii() or _has_bare_returns(path):
        return None
    codec = "cp1252" if codec == "cp1252" else "utf-8"
    whole = _whole_row(delimiter)

    def rows() -> Iterator[RawRow]:
        with path.open("rb") as file:
            if file.read(3) != codecs.BOM_UTF8:
                file.seek(0)
            lines = iter(file)
            for number, line in enumerate(lines, 1):
                if (b'"' not in line or whole(line)) and len(line) < _LONGEST:
                    if line.rstrip() != _END_OF_FILE:
                        yield number, line, None
                else:
                    yield number, b"", row_of((one.decode(codec) for one in chain([line], lines)), number)

    nothing = f'{delimiter}" \r\n'.encode()

    def bounded() -> Iterator[RawRow]:
        return without_gaps(rows(), lambda row: row[2] is not None or row[1].strip(nothing))

    return Raw(bounded, partial(_split, codec=codec, delimiter=delimiter), f"{codec} {delimiter}")


def _has_bare_returns(path: Path) -> bool:
    """Whether a carriage return stands without its line feed: the csv module ends a row there, a file of bytes none."""
    before = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            text = before + chunk
            if text.endswith(b"\r"):
                text, before = text[:-1], b"\r"
            else:
                before = b""
            if text.count(b"\r") != text.count(b"\r\n"):
                return True
    return before != b""


def _whole_row(delimiter: str) -> Callable[[bytes], object]:
    end = re.escape(delimiter)
    cell = rf'(?:"[^"]*+(?:""[^"]*+)*+"|[^"\r\n{end}]*+)'
    return re.compile(rf"{cell}(?:{end}{cell})*+\r?\n?".encode()).fullmatch


def _split(line: bytes, *, codec: str, delimiter: str) -> list[str]:
    text = line.decode(codec)
    if '"' in text:
        return next(csv.reader([text], delimiter=delimiter))
    text = text.rstrip("\r\n")
    return text.split(delimiter) if text else []
