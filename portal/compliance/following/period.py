"""The stretch of time that a followed page tells of: a few to choose from, the end of each is now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal.compliance.queries import EVER, NEVER
from portal.core import clock

CHOICES = {"7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days", "365": "Last 12 months", "all": "Any time"}


@dataclass(frozen=True, slots=True)
class Period:
    """`since` up to `until`; `first` is its first day, None where it has none."""

    key: str
    since: datetime
    until: datetime
    first: date | None

    @property
    def words(self) -> str:
        """ "Last 30 days"."""
        return CHOICES[self.key]

    @property
    def args(self) -> dict[str, str]:
        """The filter of the log that is the same stretch."""
        return {"from": self.first.isoformat()} if self.first else {}


def read(args: Mapping[str, str], usual: str) -> Period:
    """The period that the address asks for, else the usual one."""
    key = args.get("days", usual)
    if key not in CHOICES:
        key = usual
    if key == "all":
        return Period(key, NEVER, EVER, None)
    zone = clock.zone()
    first = clock.local(clock.now()).date() - timedelta(days=int(key) - 1)
    return Period(key, datetime(first.year, first.month, first.day, tzinfo=zone), EVER, first)
