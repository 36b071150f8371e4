"""Month arithmetic for Medicare dates: coverage begins on a first and ends on a last day."""

from __future__ import annotations

import calendar
from datetime import date


def first_of_month(day: date, months: int) -> date:
    """The first day of the month that lies `months` after the month of `day` (before it, if negative)."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def end_of_month(day: date, months: int) -> date:
    """The last day of the month that lies `months` after the month of `day` (before it, if negative)."""
    first = first_of_month(day, months)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])
