"""One entry as the page shows it, and the entries that reading the log itself leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.compliance import events, queries, sentences, subjects
from portal.compliance.asked import LogAsked
from portal.compliance.models import AccessEntry
from portal.core import access
from portal.core.ids import parse_id

DETAILS = {
    "npn": "NPN",
    "on_kind": "Logged on",
    "on_id": "Logged on, id",
    "other_kind": "Also on",
    "other_id": "Also on, id",
    "run": "Sync run",
    "given_role": "Role",
    "user_id": "User",
    "emergency": "Emergency access",
}


@dataclass(frozen=True, slots=True)
class Subjects:
    """The subjects of one kind: a heading, "3 policies", and each id with its name or None."""

    kind: str
    heading: str
    counted: str
    items: Sequence[tuple[UUID, str | None]]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the entry page shows beyond the entry's own columns."""

    sentence: str
    action: str
    reason: str | None
    role: str
    business_id: UUID | None
    business: str | None
    subjects: list[Subjects]
    members: Subjects | None
    detail: list[tuple[str, str]]


def show(entry: AccessEntry) -> Shown:
    """`entry` in words, its ids named where they have names."""
    found = [_subjects(entry.subject_kind or "record", entry.subject_ids)] if entry.subject_ids else []
    for kind, ids in sorted(entry.also.items()):
        found.append(_subjects(kind, [key for text in ids if (key := parse_id(str(text)))]))
    first = found[0].items[0] if found else None
    sentence = sentences.sentence(
        entry.actor_name,
        entry.action,
        entry.outcome,
        kind=entry.subject_kind,
        count=len(entry.subject_ids),
        first=first[0] if first else None,
        names={first[0]: first[1]} if first and first[1] else {},
    )
    concerned = queries.business_of(entry)
    business = subjects.names("business", [concerned]).get(concerned) if concerned else None
    detail = _detail(entry)
    members = _subjects("member", entry.member_ids, heading="Members concerned") if entry.member_ids else None
    action = sentences.says(entry.action)
    reason = subjects.worded("reason", entry.reason) if entry.reason else None
    role = sentences.role_label(entry.role)
    return Shown(sentence, action[:1].upper() + action[1:], reason, role, concerned, business, found, members, detail)


def _detail(entry: AccessEntry) -> list[tuple[str, str]]:
    ids = {key: found for key in subjects.BUSINESS_DETAILS if (found := parse_id(str(entry.detail.get(key, ""))))}
    names = subjects.names("business", ids.values())
    told = []
    for key, value in sorted(entry.detail.items()):
        name = names.get(ids[key]) if key in ids else None
        shown = f"{name}, {value}" if name else _plain(subjects.worded(key, value) if isinstance(value, str) else value)
        told.append((DETAILS.get(key) or key.replace("_", " ").capitalize(), shown))
    return told


def _subjects(kind: str, ids: Sequence[UUID], heading: str | None = None) -> Subjects:
    names = subjects.names(kind, ids)
    items = [(key, names.get(key)) for key in ids]
    return Subjects(kind, heading or subjects.label(kind), subjects.words(kind, len(ids)), items)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "None"
    if isinstance(value, dict):
        return "; ".join(f"{key.replace('_', ' ')}: {_plain(held)}" for key, held in sorted(value.items())) or "None"
    return "None" if value is None else str(value)


def list_read(asked: LogAsked) -> None:
    """Log that the officer looked through the log, by the names of the filters; a member that was followed is named."""
    member = asked.id("member")
    access.record(events.LOG_LIST, members={member} if member else None, filters=sorted(asked.args))


def entry_read(entry: AccessEntry) -> None:
    """Log that the officer opened `entry`."""
    access.record(events.LOG_ENTRY, kind="access_entry", ids=[entry.id])
