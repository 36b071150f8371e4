"""Many ids at once. `uuidv7()` asks the system for randomness for each row, which can cost more than writing it."""

from __future__ import annotations

import secrets
import time


def fresh(number: str = "row_number() OVER ()") -> str:
    """SQL for an id like uuidv7's: the time, the row's `number` (a bigint below 2^24) and 48 bits that nobody guesses.

    Takes the parameters that `seed` gives.
    """
    high, low = f"lpad(to_hex(({number}) >> 12), 3, '0')", f"lpad(to_hex(({number}) & 4095), 3, '0')"
    rest = f"substr(md5(CAST(:seed AS text) || ({number})), 1, 12)"
    return f"CAST(CAST(:stamp AS text) || '7' || {high} || '8' || {low} || {rest} AS uuid)"


def seed() -> dict[str, str]:
    """The parameters of one statement that makes ids; never give two statements the same."""
    return {"stamp": f"{time.time_ns() // 1_000_000:012x}", "seed": secrets.token_hex(16)}
