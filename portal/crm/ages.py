"""Ages, and birth dates that mean one: Medicare begins at 65."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

MEDICARE_AGE = 65


def add_months(day: date, months: int) -> date:
    """The same day `months` later (or earlier), the month's last where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def age(born: date | None, today: date) -> int | None:
    """Full years on `today`; None without a birth date or before birth."""
    if born is None or born > today:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def birthday_65(born: date | None) -> date | None:
    """The day on which somebody turns 65."""
    return add_months(born, 12 * MEDICARE_AGE) if born else None


def born_turning_65(today: date, *, months: int) -> tuple[date, date]:
    """First and last birth date of who turns 65 within `months` from tomorrow, or (negative) turned it up to today."""
    pivot = add_months(today, -12 * MEDICARE_AGE)
    if months < 0:
        return add_months(pivot, months) + timedelta(days=1), pivot
    return pivot + timedelta(days=1), add_months(pivot, months)
