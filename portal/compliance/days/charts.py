"""What the charts show: numbers day by day, each with the entries that it counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from portal.compliance import sentences
from portal.compliance.days import queries
from portal.core import clock

PERIODS = {"7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days"}
USUAL = "30"
TOP = 15


@dataclass(frozen=True, slots=True)
class Chart:
    """One number for each day of the period; `args` are the log's filters that give its entries, but for the day."""

    title: str
    days: Sequence[tuple[date, int]]
    args: dict[str, str]

    @property
    def total(self) -> int:
        """The whole period."""
        return sum(count for _, count in self.days)


@dataclass(frozen=True, slots=True)
class Charts:
    """All charts of the page."""

    first: date
    last: date
    roles: Sequence[Chart]
    refused: Chart
    exports: Chart
    reveals: Chart
    viewers: Sequence[Any]  # actor_id, actor_name, entries


def charts(days: int) -> Charts:
    """The charts of the last so many days, today included."""
    last = clock.local(clock.now()).date()
    first = last - timedelta(days=days - 1)
    span = [first + timedelta(days=back) for back in range(days)]
    rows = queries.totals(first)

    def of_role(role: str) -> Chart:
        return chart(sentences.role_label(role), lambda row: row.role == role, role=role)

    def chart(title: str, chosen: Callable[[Any], bool], **args: str) -> Chart:
        found = dict.fromkeys(span, 0)
        for row in rows:
            if row.day in found and chosen(row):
                found[row.day] += row.entries
        return Chart(title, list(found.items()), args)

    taken, revealed = (set(sentences.actions_of(which)) for which in ("exports", "reveals"))
    roles = sorted({row.role for row in rows if row.role}, key=sentences.role_label)
    return Charts(
        first=first,
        last=last,
        roles=[of_role(role) for role in roles],
        refused=chart("Refused", lambda row: row.outcome == "refused", outcome="refused"),
        exports=chart("Downloads", lambda row: row.action in taken, action="exports"),
        reveals=chart("Numbers revealed", lambda row: row.action in revealed, action="reveals"),
        viewers=queries.viewers(first, TOP),
    )
