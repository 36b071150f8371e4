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
