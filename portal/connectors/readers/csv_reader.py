"""Delimited text: encoding, delimiter and line ends found from the content, read as a stream."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from portal.connectors.readers.sheet import HEAD_ROWS, NumberedRow, Sheet
from portal.connectors.rows import FileRefused

_DELIMITERS = (",", ";", "\t", "|")
_CHUNK = 1 << 20
_MAX_LINES_IN_A_RECORD = 50
_WINDOWS_NOTE = "The file is not UTF-8 and was read as Windows-1252. Check names with accents before you rely on them."


@dataclass(frozen=True, slots=True)
class _Encoding:
    codec: str
    quotes_even: bool


def open_csv(path: Path) -> Sheet:
    """The file as one sheet named ""; raises `FileRefused` when it is not text in a known encoding."""
    encoding = _find_encoding(path)
    with path.open(encoding=encoding.codec, newline="") as file:
        sample = file.read(1 << 16)
    delimiter = _find_delimiter(sample)

    def rows() -> Iterator[NumberedRow]:
        return _rows(path, encoding, delimiter)

    notes = [_WINDOWS_NOTE] if encoding.codec == "cp1252" else []
    return Sheet(name="", head=list(islice(rows(), HEAD_ROWS)), rows=rows, notes=notes)


def _find_encoding(path: Path) -> _Encoding:
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codecs_to_try = ["utf-16"]
    elif codec := _utf16_without_mark(start):
        codecs_to_try = [codec]
    else:
        codecs_to_try = ["utf-8-sig", "cp1252"]
    for codec in codecs_to_try:
        try:
            return _Encoding(codec, _count_quotes(path, codec) % 2 == 0)
        except UnicodeDecodeError:
            continue
    raise FileRefused("The file's characters cannot be read. Save it as CSV UTF-8 and send it again.")


def _utf16_without_mark(start: bytes) -> str | None:
    """Latin text in UTF-16 has a NUL in every second byte; which half tells the byte order."""
    half = len(start) // 2
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if half and odd > half * 0.6 and even < half * 0.1:
        return "utf-16-le"
    if half and even > half * 0.6 and odd < half * 0.1:
        return "utf-16-be"
    return None


def _count_quotes(path: Path, codec: str) -> int:
    """Decodes the whole file strictly once: a wrong byte in the last row must not surprise a half-loaded feed."""
    decoder = codecs.getincrementaldecoder(codec)()
    quotes = 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            text = decoder.decode(chunk, final=not chunk)
            if "\0" in text:
                raise FileRefused("The file holds NUL characters, so it is not a table, or it was damaged on the way.")
            quotes += text.count('"')
            if not chunk:
                return quotes


def _find_delimiter(sample: str) -> str:
    first_line = sample.split("\n", 1)[0].strip()
    if len(first_line) == 5 and first_line.lower().startswith("sep=") and first_line[4] in _DELIMITERS:
        return first_line[4]

    def weight(delimiter: str) -> int:
        try:
            widths = [len(row) for row in islice(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), 40)]
        except csv.Error:
            return 0
        counts = Counter(width for width in widths if width > 1)
        return max((width * count for width, count in counts.items()), default=0)

    return max(_DELIMITERS, key=weight)


def _rows(path: Path, encoding: _Encoding, delimiter: str) -> Iterator[NumberedRow]:
    with path.open(encoding=encoding.codec, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        line_before = 0
        number = 0
        try:
            for number, row in enumerate(reader, 1):
                lines, line_before = reader.line_num - line_before, reader.line_num
                # An unclosed quotation mark swallows whole rows without a word; an odd count of marks gives it away.
                if lines > 1 and (not encoding.quotes_even or lines > _MAX_LINES_IN_A_RECORD):
                    raise FileRefused(_unclosed(number))
                yield number, row
        except csv.Error as error:
            raise FileRefused(_unclosed(number + 1)) from error


def _unclosed(number: int) -> str:
    return (
        f"A quotation mark in row {number} is not closed, so rows after it cannot be told apart. "
        "Correct that row or export the file again."
    )
