"""The one place that asks what time it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The present date in UTC."""
    return now().date()


def zone() -> tzinfo:
    """The zone in which pages show times."""
    return UTC


def local(value: datetime) -> datetime:
    """`value` in the zone in which pages show times."""
    return value.astimezone(zone())


def day(value: date | datetime) -> str:
    """ "12 Mar 2026": a date, or the day of a moment in the zone of the pages."""
    there = local(value) if isinstance(value, datetime) else value
    return f"{there.day} {there:%b %Y}"


def moment(value: datetime) -> str:
    """ "12 Mar 2026, 14:05 UTC" in the zone of the pages, which is said."""
    return f"{day(value)}, {local(value):%H:%M %Z}"
