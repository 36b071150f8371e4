"""Who did what, and how often: rows of (person, account, action) brought together, one line each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.compliance import sentences, subjects
from portal.core.events import declared

DELIVERED, RELEASED = "policy.disclosed", "policy.released"
# Events of which a page shows many records at once: who is on one was in sight, and nothing of them was opened.
LISTS = (".list", ".home", ".all", ".unattributed", ".duplicates", ".new", ".changed", ".why_find", ".lookup")


@dataclass(slots=True)
class Sum:
    """What one person did in one account or outside every account, in numbers."""

    actor_id: UUID | None
    name: str  # then, in the newest of their entries
    role: str
    business_id: UUID | None
    business: str | None = None
    entries: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    ways: dict[str, int] = field(default_factory=dict)  # keys of `way`: opened, listed, changed, revealed …

    def add(self, row: Any) -> None:
        """Count a row of sums in."""
        kind = way(row.action, row.outcome)
        self.ways[kind] = self.ways.get(kind, 0) + row.entries
        self.entries += row.entries
        self.first_at = row.first_at if self.first_at is None else min(self.first_at, row.first_at)
        if self.last_at is None or row.last_at >= self.last_at:
            self.last_at, self.name, self.role = row.last_at, row.actor_name, sentences.role_label(row.role)


@dataclass(slots=True)
class Done:
    """One action with one outcome: how often, and when first and last."""

    action: str
    outcome: str
    says: str
    entries: int
    first_at: datetime
    last_at: datetime


def done_in(rows: Iterable[Any]) -> list[Done]:
    """One line for each action and outcome, most often first."""
    lines: dict[tuple[str, str], Done] = {}
    for row in rows:
        key = row.action, row.outcome
        if (line := lines.get(key)) is None:
            lines[key] = Done(*key, sentences.says(row.action), row.entries, row.first_at, row.last_at)
        else:
            line.entries += row.entries
            line.first_at, line.last_at = min(line.first_at, row.first_at), max(line.last_at, row.last_at)
    return sorted(lines.values(), key=lambda line: (-line.entries, line.action))


def way(action: str, outcome: str) -> str:
    """What an entry is, for somebody who asks who saw a record: one word."""
    event = declared().get(action)
    if outcome != "done" or action.endswith(".refused"):
        return "refused"
    if action in (DELIVERED, RELEASED):
        return "delivered" if action == DELIVERED else "released"
    if event is None:
        return "opened"
    if sentences.takes_along(event):
        return "taken"
    if sentences.reveals(event):
        return "revealed"
    if event.change:
        return "changed"
    return "listed" if action.endswith(LISTS) else "opened"


def by_person(rows: Iterable[Any]) -> list[Sum]:
    """One line for each person and account, whoever was last at it first."""
    lines: dict[tuple[UUID | None, str, UUID | None], Sum] = {}
    for row in rows:
        # Without an id it is the system, whose services have names of their own.
        key = row.actor_id, "" if row.actor_id else row.actor_name, row.business_id
        line = lines.setdefault(key, Sum(row.actor_id, row.actor_name, "", row.business_id))
        line.add(row)
    return named(sorted(lines.values(), key=_newest_first))


def by_account(rows: Iterable[Any]) -> list[Sum]:
    """One line for each account, whoever worked in it."""
    lines: dict[UUID, Sum] = {}
    for row in rows:
        if row.business_id is not None:
            lines.setdefault(row.business_id, Sum(None, "", "", row.business_id)).add(row)
    return named(sorted(lines.values(), key=_newest_first))


def _newest_first(line: Sum) -> tuple[float, str]:
    return -(line.last_at.timestamp() if line.last_at else 0.0), line.name


def named(lines: Sequence[Sum]) -> list[Sum]:
    """The lines with the names of their Businesses; one that is gone keeps its id."""
    names = subjects.names("business", {line.business_id for line in lines if line.business_id})
    for line in lines:
        if line.business_id:
            line.business = names.get(line.business_id) or str(line.business_id)
    return list(lines)
