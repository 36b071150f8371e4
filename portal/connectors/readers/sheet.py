"""What every reader hands over: a named table of text cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

HEAD_ROWS = 40

NumberedRow = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. Row numbers are those a person sees in a spreadsheet, from 1, empty rows included."""

    name: str  # "" for a file without sheets
    head: list[NumberedRow]  # the first `HEAD_ROWS` rows, for detection
    rows: Callable[[], Iterator[NumberedRow]]  # all rows, from the start, at each call
    notes: list[str] = field(default_factory=list)  # what a person should know about how it was read
    as_of: date | None = None  # the day of the file, where the file itself says it
    complete: bool | None = None  # whether the file says that it tells everything, or only changes; None: not said
