"""Identifiers made by the program, so that a row can be referred to before it is written."""

from __future__ import annotations

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A UUID of version 7: sorts by creation time (milliseconds), 74 random bits."""
    millis = time.time_ns() // 1_000_000
    value = (millis << 80) | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return UUID(int=value)


def parse_id(text: str) -> UUID | None:
    """The UUID that `text` spells, or None; never raises."""
    try:
        return UUID(text)
    except ValueError:
        return None
