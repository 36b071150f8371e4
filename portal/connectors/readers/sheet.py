"""What every reader hands over: a named table of text cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

HEAD_ROWS = 40

NumberedRow = tuple[int, list[str]]
RawRow = tuple[int, bytes, list[str] | None]
"""Number, the row as the file has it, its cells where they are known already. Without bytes it has only cells."""

_BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True)
class Raw:
    """The rows of a table before they are split: the same bytes are the same cells, wherever `spelling` is equal."""

    rows: Callable[[], Iterator[RawRow]]  # numbered as in `Sheet.rows`, from the start, at each call
    split: Callable[[bytes], list[str]]
    spelling: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. Row numbers are those a person sees in a spreadsheet, from 1, empty rows included."""

    name: str  # "" for a file without sheets
    head: list[NumberedRow]  # the first `HEAD_ROWS` rows, for detection
    rows: Callable[[], Iterator[NumberedRow]]  # all rows, from the start, at each call
    notes: list[str] = field(default_factory=list)  # what a person should know about how it was read
    as_of: date | None = None  # the day of the file, where the file itself says it
    complete: bool | None = None  # whether the file says that it tells everything, or only changes; None: not said
    raw: Raw | None = None  # where the file has its rows one after another

    def raw_rows(self) -> Raw:
        """The table's rows unsplit, or stood together from their cells where the file has no rows as such."""
        return self.raw or Raw(self._joined, lambda joined: joined.decode().split(_BETWEEN), "cells")

    def _joined(self) -> Iterator[RawRow]:
        for number, cells in self.rows():
            text = _BETWEEN.join(cells)
            clear = text.count(_BETWEEN) == len(cells) - 1
            yield number, text.encode("utf-8", "surrogatepass") if clear else b"", cells
