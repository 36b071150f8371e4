"""Fixed-width files: the whole file is checked against its trailer before the first row is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path

from portal.connectors.fixed_width import FixedWidth
from portal.connectors.readers.encoding import find_encoding
from portal.connectors.readers.sheet import HEAD_ROWS, NumberedRow, Sheet
from portal.connectors.rows import FileRefused

_AGAIN = "The file was damaged or cut off on the way; ask the carrier for it again."


def declared_for(start: bytes, known: Iterable[FixedWidth]) -> FixedWidth | None:
    """The declaration whose header a file that begins with `start` has; raises `FileRefused` if two have it."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    found = {one.header: one for one in known if text.startswith(one.header.encode())}
    if len(found) > 1:
        raise FileRefused("The file's first record fits more than one layout. Tell whoever runs the portal.")
    return next(iter(found.values()), None)


def open_fixed(path: Path, declared: FixedWidth) -> Sheet:
    """The detail records as a sheet with the declared names as its header row.

    Raises `FileRefused` where a line is no record, or what the trailer says does not agree with the file.
    """
    codec = find_encoding(path).codec
    header_line = _checked(path, codec, declared)
    places = list(declared.fields.values())

    def rows() -> Iterator[NumberedRow]:
        yield header_line[0], list(declared.fields)
        for number, line in records(path, codec):
            if line.startswith(declared.detail):
                yield number, [place.of(line) for place in places]

    return Sheet("", list(islice(rows(), HEAD_ROWS)), rows, as_of=_day(header_line[1], declared))


def records(path: Path, codec: str) -> Iterator[tuple[int, str]]:
    """The lines that hold anything, with their numbers, without their ends."""
    with path.open(encoding=codec, newline=None) as file:
        for number, line in enumerate(file, 1):
            text = line.rstrip("\r\n")
            if text.strip(" \t\x1a"):
                yield number, text


def _checked(path: Path, codec: str, declared: FixedWidth) -> tuple[int, str]:
    """The header record; everything else is only counted and summed."""
    header: tuple[int, str] | None = None
    trailer: str | None = None
    details = 0
    sums = [Decimal(0) for _ in declared.sums]
    for number, line in records(path, codec):
        if trailer is not None:
            raise FileRefused(f"Line {number} stands behind the trailer record, which must be the last. {_AGAIN}")
        if line.startswith(declared.header):
            if header is not None:
                raise FileRefused(f"Line {number} is a second header. Load each file by itself.")
            header = (number, line)
        elif line.startswith(declared.trailer):
            trailer = line
        elif not line.startswith(declared.detail):
            raise FileRefused(f"Line {number} begins like none of the file's records. {_AGAIN}")
        else:
            details += 1
            for index, total in enumerate(declared.sums):
                sums[index] += _amount(declared.fields[total.field].of(line), number, total.field)
    if trailer is None:
        raise FileRefused(f"The file has no trailer record, so its end is missing. {_AGAIN}")
    _compare(trailer, declared, details, sums)
    if header is None:
        raise AssertionError("a file is recognised by its header")
    return header


def _compare(trailer: str, declared: FixedWidth, details: int, sums: list[Decimal]) -> None:
    told = declared.rows.of(trailer)
    if not (told.isascii() and told.isdigit()):
        raise FileRefused(f"The trailer does not say how many records the file has. {_AGAIN}")
    if int(told) != details:
        raise FileRefused(f"The trailer says {int(told):,} records, and the file has {details:,}. {_AGAIN}")
    for total, found in zip(declared.sums, sums, strict=True):
        expected = _amount(total.place.of(trailer), None, total.field)
        if expected != found:
            raise FileRefused(
                f"The trailer says that “{total.field}” adds up to {expected:,}, and it adds up to {found:,}. {_AGAIN}"
            )


def _amount(text: str, number: int | None, name: str) -> Decimal:
    try:
        amount = Decimal(text or "0")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        where = "the trailer" if number is None else f"line {number}"
        raise FileRefused(f"“{name}” in {where} is no amount, so the file's total cannot be checked. {_AGAIN}")
    return amount


def _day(header: str, declared: FixedWidth) -> date | None:
    if declared.day is None:
        return None
    text = declared.day.of(header)
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])) if len(text) == 8 and text.isdigit() else None
    except ValueError:
        return None
