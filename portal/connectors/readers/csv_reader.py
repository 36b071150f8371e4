"""Delimited text: delimiter and line ends found from the content, read as a stream."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from portal.connectors.readers.csv_raw import raw_csv
from portal.connectors.readers.encoding import Encoding, find_encoding
from portal.connectors.readers.gaps import without_gaps
from portal.connectors.readers.sheet import HEAD_ROWS, NumberedRow, Sheet
from portal.connectors.rows import FileRefused

_DELIMITERS = (",", ";", "\t", "|")
_MAX_LINES_IN_A_RECORD = 50
_HINT = re.compile(r'"?sep=([^\w\s"]|\t)"?', re.IGNORECASE)
_NUMBER = re.compile(r"\d{5}")
_END_OF_FILE = ["\x1a"]  # a mark that old systems leave behind the last row


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited file is written."""

    encoding: Encoding
    delimiter: str
    line_end: str


def find_dialect(path: Path) -> Dialect:
    """How the file is written, from its content; raises `FileRefused` when it is not text in a known encoding."""
    encoding = find_encoding(path)
    with path.open(encoding=encoding.codec, newline="") as file:
        sample = file.read(1 << 16)
    first = re.search(r"\r\n|\n|\r", sample)
    return Dialect(encoding, _find_delimiter(sample), first[0] if first else "\r\n")


def open_csv(path: Path) -> Sheet:
    """The file as one sheet named ""; raises `FileRefused` when it is not text in a known encoding."""
    dialect = find_dialect(path)

    def rows() -> Iterator[NumberedRow]:
        return rows_of(path, dialect)

    def row_of(lines: Iterator[str], number: int) -> list[str]:
        return next(_told_apart(lines, dialect, number))[1]

    raw = raw_csv(path, dialect.encoding.codec, dialect.delimiter, row_of)
    return Sheet("", list(islice(rows(), HEAD_ROWS)), rows, dialect.encoding.notes, raw=raw)


def _find_delimiter(sample: str) -> str:
    lines = sample.splitlines()
    hint = _HINT.fullmatch(lines[0].strip(" ")) if lines else None
    if hint:
        return hint[1]

    return max(_DELIMITERS, key=lambda delimiter: _weight(sample, delimiter))


def _weight(sample: str, delimiter: str) -> int:
    """How much like a table the text is with that delimiter.

    By the cube of its width a table outweighs a long preamble of sentences with commas in them. A table begins with
    its header, so that addresses with commas in every row, but not in the header, are none.
    """
    try:
        rows = list(islice(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), 80))
    except csv.Error:
        return 0
    counts = Counter(len(row) for row in rows if len(row) > 1)
    if not counts:
        return 0
    width = max(counts, key=lambda width: width**3 * counts[width])
    header = next(row for row in rows if len(row) == width)
    return width**3 * counts[width] // (20 if any(_NUMBER.search(cell) for cell in header) else 1)


def rows_of(path: Path, dialect: Dialect) -> Iterator[NumberedRow]:
    """The file's rows as a stream; raises `FileRefused` where it can no longer be told into rows."""
    with path.open(encoding=dialect.encoding.codec, newline="") as file:
        yield from without_gaps(_told_apart(file, dialect, 1), lambda row: any(row[1]))


def _told_apart(lines: Iterable[str], dialect: Dialect, first: int) -> Iterator[NumberedRow]:
    """Rows from lines, numbered from `first`; no line is taken beyond the row that was asked for."""
    reader = csv.reader(lines, delimiter=dialect.delimiter)
    line_before = 0
    number = first - 1
    try:
        for number, row in enumerate(reader, first):
            taken, line_before = reader.line_num - line_before, reader.line_num
            # An unclosed quotation mark swallows whole rows without a word; an odd count of marks gives it away.
            if taken > 1 and (not dialect.encoding.quotes_even or taken > _MAX_LINES_IN_A_RECORD):
                raise FileRefused(_unclosed(number))
            if row != _END_OF_FILE:
                yield number, row
    except csv.Error as error:
        raise FileRefused(_broken(number + 1, str(error))) from error


def _broken(number: int, said: str) -> str:
    if "field limit" in said:
        return f"A cell in row {number} is longer than any cell of a book of business. Export the file again."
    return _unclosed(number)


def _unclosed(number: int) -> str:
    return (
        f"A quotation mark in row {number} is not closed, so rows after it cannot be told apart. "
        "Correct that row or export the file again."
    )
