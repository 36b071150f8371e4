"""A stable digest of what somebody declared: equal for equal content, whatever process or order of a set made it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from typing import Any


def digest_of(value: object, *, leave_out: frozenset[str] = frozenset()) -> str:
    """sha256 hex over a dataclass and all in it, without its own fields `leave_out`."""
    return sha256(repr(_plain(value, leave_out)).encode()).hexdigest()


def _plain(value: Any, leave_out: frozenset[str] = frozenset()) -> Any:
    if is_dataclass(value):
        told = [field.name for field in fields(value) if field.name not in leave_out]
        return [type(value).__name__, [(name, _plain(getattr(value, name))) for name in told]]
    if isinstance(value, Mapping):
        return [(key, _plain(one)) for key, one in value.items()]
    if isinstance(value, frozenset | set):
        return sorted(repr(_plain(one)) for one in value)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, re.Pattern):
        return [value.pattern, value.flags]
    return str(value) if value is not None else None
