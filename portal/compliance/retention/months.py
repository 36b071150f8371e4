"""The log's months: each is a partition of its own, which is made before it begins and goes as a whole.

What comes while its month has no partition lands in the default one: nothing is lost, and such a month can neither be
made nor be archived any more. So they are made early, and whoever watches hears of a month that is missing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime

AHEAD = 3
PREFIX = "access_entry_"


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One month of the log, by its first day."""

    first: date

    @property
    def partition(self) -> str:
        """The name of its table."""
        return f"{PREFIX}{self.first:%Y_%m}"

    @property
    def begin(self) -> datetime:
        """Its first moment: months are those of UTC, as the partitions are."""
        return datetime(self.first.year, self.first.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return self.later(1).begin

    def later(self, months: int) -> Month:
        """The month so many after this one."""
        year, month = divmod(self.first.year * 12 + self.first.month - 1 + months, 12)
        return Month(date(year, month + 1, 1))

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


def month_of(moment: datetime) -> Month:
    """The month in which a moment lies."""
    return Month(moment.astimezone(UTC).date().replace(day=1))


def month_named(partition: str) -> Month:
    """The month whose table has that name."""
    year, month = map(int, partition.removeprefix(PREFIX).split("_"))
    return Month(date(year, month, 1))


def ahead(there: Collection[Month], now: datetime) -> int:
    """How many months after the present one are there, without a gap; -1: not even the present one is."""
    month, number = month_of(now), -1
    while month.later(number + 1) in there:
        number += 1
    return number
