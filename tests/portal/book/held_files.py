"""A book of thirty policies of one agent, and a file that gives twenty of them to another."""

from __future__ import annotations

from tests.portal.book.rows import aetna, person

AMY, NORA = "1001001", "1003003"
MANY, SWAPPED = 30, 20


def first_file() -> bytes:
    """Thirty policies of Amy."""
    return aetna(*(person(n) for n in range(MANY)))


def swap(count: int = SWAPPED, to: str = NORA) -> bytes:
    """The same policies told again, the first `count` of them under another NPN."""
    return aetna(*(person(n, **{"Writing Agent NPN": to if n < count else AMY}) for n in range(MANY)))
