"""What the kinds have in common: rows of entries gathered into one finding for each person and day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from portal.compliance import sentences
from portal.compliance.asked import LONGEST
from portal.compliance.reviews.registry import Found
from portal.core import clock
from portal.core.words import counted

_TIMES = {1: "once", 2: "twice"}


def times(number: int) -> str:
    """ "once", "twice", "12 times"."""
    return _TIMES.get(number) or f"{number:,} times"


def sentence(text: str) -> str:
    """`text` as a sentence."""
    return f"{text[:1].upper()}{text[1:]}."


def who(row: Row[Any]) -> str:
    """What tells a person, or what works for nobody, from everybody else."""
    return str(row.actor_id or row.actor_name)


def filters(rows: Sequence[Row[Any]], **more: str) -> dict[str, str]:
    """The log's filters for the entries of `rows`, all of one person and day; the log's days are those of its pages."""
    days = [clock.local(at.astimezone(UTC)).date().isoformat() for row in rows for at in (row.first_at, row.last_at)]
    return {"who": str(rows[0].actor_id or "system"), "from": min(days), "to": max(days), **more}


def by_person_and_day(rows: Iterable[Row[Any]]) -> Iterable[list[Row[Any]]]:
    """`rows` in groups of one person and day each."""

    def place(row: Row[Any]) -> tuple[str, Any]:
        return who(row), row.day

    for _, group in groupby(sorted(rows, key=place), place):
        yield sorted(group, key=lambda row: row.first_at)


def found(rows: Sequence[Row[Any]], why: str, *, more: dict[str, str] | None = None, **told: Any) -> Found:
    """One finding of `rows`, all of one person and day; `more` narrows the log to them."""
    first = rows[0]
    return Found(
        key=f"{who(first)} {first.day.isoformat()}",
        why=why,
        actor_id=first.actor_id,
        actor_name=first.actor_name,
        role=first.role,
        day=first.day,
        first_at=min(row.first_at for row in rows),
        last_at=max(row.last_at for row in rows),
        entries=sum(row.entries for row in rows),
        filters=filters(rows, **(more or {})),
        **told,
    )


def deeds(rows: Sequence[Row[Any]]) -> Found:
    """One finding of what somebody did on a day: each deed in words, and how often."""
    counts: dict[str, int] = {}
    members: dict[str, int] = {}
    for row in rows:
        said = sentences.says(row.action)
        if row.outcome != "done" and "refused" not in row.action:
            said = f"{'was refused' if row.outcome == 'refused' else 'failed'}: {said}"
        counts[said] = counts.get(said, 0) + row.entries
        members[said] = members.get(said, 0) + row.members
    parts = []
    for said, number in counts.items():
        of = f", of {counted(members[said], 'member')}" if members[said] else ""
        parts.append(f"{said} ({times(number)}{of})")
    actions = sorted({row.action for row in rows})
    named = ",".join(actions)
    more = {"action": named} if len(named) <= LONGEST else {}  # what is longer the log's pages would cut
    told = {action: sum(row.entries for row in rows if row.action == action) for action in actions}
    return found(rows, sentence("; ".join(parts)), more=more, figures=told)
