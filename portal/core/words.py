"""How numbers read in a sentence."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """ "1 row", "1,204 rows"; `many` where it is not `one` and an s. Templates have it too."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
