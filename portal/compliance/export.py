"""Entries as a CSV file that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from portal.compliance import events, queries, sentences, subjects
from portal.compliance.asked import LogAsked
from portal.compliance.models import AccessEntry
from portal.core import access
from portal.core.csv_file import csv_text

MOST = 10_000
CAPPED = f"Only the newest {MOST:,} matching entries are in this file. Narrow the dates to download the rest."
COLUMNS = (
    "entry", "time", "sentence", "actor_id", "actor_name", "role", "fmo_id", "business_id", "business", "session_id",
    "request_id", "run_id", "action", "subject_kind", "subject_ids", "member_ids", "fields", "reason", "address",
    "user_agent", "outcome", "also", "detail", "version",
)  # fmt: skip


def csv_of(asked: LogAsked) -> str:
    """The newest 10,000 entries that match as CSV, its last line saying so where there are more; logged."""
    found = queries.newest(asked, MOST + 1)
    entries, capped = found[:MOST], len(found) > MOST
    member = asked.id("member")
    access.record(
        events.LOG_EXPORT,
        kind="access_entry",
        members={member} if member else None,
        filters=sorted(asked.args),
        count=len(entries),
        capped=capped,
    )
    return _written(entries, capped)


def _written(entries: Sequence[AccessEntry], capped: bool) -> str:
    names = subjects.names("business", {entry.business_id for entry in entries if entry.business_id})
    rows: list[list[str]] = [cells(entry, names) for entry in entries]
    return csv_text(COLUMNS, [*rows, [CAPPED]] if capped else rows)


def cells(entry: AccessEntry, names: Mapping[UUID, str]) -> list[str]:
    """One entry in the order of `COLUMNS`; `names` of its Business."""
    kind, count = entry.subject_kind, len(entry.subject_ids)
    values: dict[str, Any] = {
        "entry": entry.id,
        "time": entry.at.isoformat(),
        "sentence": sentences.sentence(entry.actor_name, entry.action, entry.outcome, kind=kind, count=count),
        "business": names.get(entry.business_id, "") if entry.business_id else "",
        "subject_ids": _joined(entry.subject_ids),
        "member_ids": _joined(entry.member_ids),
        "fields": _joined(entry.fields),
        "reason": subjects.worded("reason", entry.reason) if entry.reason else "",
        "also": json.dumps(entry.also) if entry.also else "",
        "detail": json.dumps(entry.detail) if entry.detail else "",
    }
    return [_text(values[name] if name in values else getattr(entry, name)) for name in COLUMNS]


def _joined(items: Iterable[Any]) -> str:
    return " ".join(map(str, items))


def _text(value: Any) -> str:
    return "" if value is None else str(value)
