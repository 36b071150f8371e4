"""A memo from raw cells to their value: the common cell of a carrier's file costs one look-up."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

MEMO_SIZE = 4_096


class _Memo(dict[Any, Any]):
    """Raw cell or cells -> value, computed once; forgets all when full, so that memory stays bounded."""

    __slots__ = ("convert", "size")

    def __init__(self, convert: Callable[[Any], Any], size: int) -> None:
        self.convert, self.size = convert, size

    def __missing__(self, raw: Hashable) -> Any:
        value = self.convert(raw)
        if len(self) >= self.size:
            self.clear()
        self[raw] = value
        return value


def remembering(convert: Callable[[Any], Any], size: int = MEMO_SIZE) -> Callable[[Any], Any]:
    """The same function with a memo of at most `size` values."""
    return _Memo(convert, size).__getitem__
