"""X12 834 (005010X220A1) as a sheet with plain column names: one row for each coverage of each member.

Code values stay as the standard writes them, so that a layout says what they mean. Three things are said for it: which
broker the transaction names, where there is exactly one; whether a coverage has begun and ended by the file's own
day ("Status"); and whether the file tells everything or only changes (`Sheet.complete`). Social security numbers
(NM109 under 34, REF SY) are not among the columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path

from portal.connectors.readers.encoding import find_encoding
from portal.connectors.readers.enrollment_loops import COLUMNS, Transaction, about, coverages
from portal.connectors.readers.sheet import HEAD_ROWS, NumberedRow, Sheet
from portal.connectors.readers.x12 import at, segments
from portal.connectors.rows import FileRefused

_MAX_OF_A_MEMBER = 5_000  # segments
_FULL, _CHANGES = frozenset({"4", "RX"}), frozenset({"2"})
_VERSION = "005010X220A1"


@dataclass(slots=True)
class _Seen:
    """What the first reading of the whole file found."""

    actions: set[str] = field(default_factory=set)
    days: set[str] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)
    audits: set[bool] = field(default_factory=set)
    members: int = 0


def open_enrollment(path: Path) -> Sheet:
    """All transactions of the file as one sheet; raises `FileRefused` unless every count in the file agrees."""
    encoding = find_encoding(path, lines=False)
    seen = _look(path, encoding.codec)
    if not seen.members:
        raise FileRefused("The enrollment file (834) has no member in it.")

    def rows() -> Iterator[NumberedRow]:
        yield 1, list(COLUMNS)
        for number, row in enumerate(_rows(path, encoding.codec), 2):
            yield number, [row.get(name, "") for name in COLUMNS]

    other = sorted(version[:12] for version in seen.versions if version != _VERSION)
    notes = [f"The file says that it is of version {one}; it was read as {_VERSION}." for one in other]
    return Sheet(
        "", list(islice(rows(), HEAD_ROWS)), rows, encoding.notes + notes, as_of=_day(seen), complete=_complete(seen)
    )


def _look(path: Path, codec: str) -> _Seen:
    seen = _Seen()
    for segment in segments(path, codec):
        name = segment[0]
        if name == "BGN":
            seen.actions.add(at(segment, 8))
            seen.days.add(at(segment, 3))
        elif name == "GS":
            seen.versions.add(at(segment, 8))
        elif name == "INS":
            seen.members += 1
            seen.audits.add(at(segment, 3) == "030")
    return seen


def _complete(seen: _Seen) -> bool | None:
    if seen.actions & _CHANGES:
        return False
    if seen.actions <= _FULL or seen.audits == {True}:
        return True
    return None


def _day(seen: _Seen) -> date | None:
    """Several transactions tell the state of the earliest of their days: newer files win over all of them."""
    days = []
    for text in seen.days:
        try:
            days.append(date(int(text[:4]), int(text[4:6]), int(text[6:8])))
        except ValueError:
            return None
    return min(days, default=None)


def _rows(path: Path, codec: str) -> Iterator[dict[str, str]]:
    head: list[list[str]] = []
    member: list[list[str]] = []
    transaction: Transaction | None = None
    for segment in segments(path, codec):
        name = segment[0]
        if name in ("ST", "INS", "SE") and member:
            yield from coverages(transaction or about(head), member)
            member = []
        if name == "ST":
            head, transaction = [], None
        elif name == "INS":
            transaction = transaction or about(head)
            member = [segment]
        elif name not in ("SE", "GE", "IEA", "ISA", "GS"):
            (member or head).append(segment)
        if len(member) > _MAX_OF_A_MEMBER or len(head) > _MAX_OF_A_MEMBER:
            raise FileRefused(f"One member of the file has more than {_MAX_OF_A_MEMBER:,} segments. It was not read.")
