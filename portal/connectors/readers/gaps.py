"""Empty rows without end: what is empty below a table says nothing, and a cell far below it does not belong to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from portal.connectors.rows import FileRefused

MAX_EMPTY = 10_000  # in one place; more of them stand below the table only
_MAX_ROWS = 1 << 20  # of a spreadsheet

Numbered = TypeVar("Numbered", bound=tuple[Any, ...])


def without_gaps(rows: Iterator[Numbered], filled: Callable[[Numbered], object]) -> Iterator[Numbered]:
    """The rows (number first) without those below the table; raises `FileRefused` where something stands there."""
    empty = 0
    for row in rows:
        if filled(row):
            if empty > MAX_EMPTY:
                raise FileRefused(_below(row[0]))
            empty = 0
        else:
            empty += 1
            if empty > MAX_EMPTY:
                if empty > _MAX_ROWS:
                    raise FileRefused(_below(row[0]))
                continue
        yield row


def _below(number: int) -> str:
    return f"Row {number} stands below more than {MAX_EMPTY:,} empty rows. Delete what stands below the table."
