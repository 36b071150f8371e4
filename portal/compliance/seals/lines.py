"""An entry as one line of canonical JSON: what its leaf is made from, and what a person can check without the portal.

Every column, by name; ids and times as text, times in UTC with microseconds; keys sorted, no space, UTF-8. The columns
are fixed here and not taken from the model: one that comes later would change the lines of what is sealed. It belongs
into the lines of entries of a newer `version` alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from portal.compliance.seals.models import INSTALLATION

_IDS = {"fmo_id", "id", "actor_id", "business_id", "session_id", "run_id"}
_VALUES = {"also", "detail"}
_LISTS_OF_IDS = {"subject_ids", "member_ids"}
_TIME = """to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""

ACCESS_ENTRY = (
    "fmo_id", "id", "at", "actor_id", "actor_name", "role", "business_id", "session_id", "request_id", "run_id",
    "action", "subject_kind", "subject_ids", "member_ids", "fields", "reason", "address", "user_agent", "outcome",
    "also", "detail", "version",
)  # fmt: skip
INSTALLATION_ENTRY = (
    "id", "at", "action", "outcome", "reason", "address", "user_agent", "request_id", "detail",
)  # fmt: skip
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def columns(chain: UUID) -> tuple[str, ...]:
    """The columns of the lines of a chain's entries, in the order of `selected`."""
    return INSTALLATION_ENTRY if chain == INSTALLATION else ACCESS_ENTRY


def selected(chain: UUID, alias: str = "e") -> str:
    """The same as SQL that gives what JSON can say."""
    return ", ".join(_as_said(f"{alias}.{name}", name) for name in columns(chain))


def _as_said(column: str, name: str) -> str:
    if name in _IDS:
        return f"{column}::text"
    if name in _LISTS_OF_IDS:
        return f"{column}::text[]"
    if name in _VALUES:
        return f"{column}::text"  # read here, where it is not the usual empty one: that takes half the time
    return _TIME.format(column) if name == "at" else column


def line(names: tuple[str, ...], row: Sequence[Any]) -> bytes:
    """The line of one entry, from a row of `selected`."""
    told = dict(zip(names, row, strict=True))
    for name in _VALUES & told.keys():
        told[name] = json.loads(told[name]) if told[name] != "{}" else {}
    return _encode(told).encode()
