"""One step of the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.core import clock


@dataclass(frozen=True, slots=True)
class Link:
    """Where to look, or what to do."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked, whether it holds, and how one knows. `reason` ends the headline where it does not hold."""

    title: str
    holds: bool
    sentences: Sequence[str]
    links: Sequence[Link] = ()
    reason: str = ""
    action: Link | None = None


def day(value: date | datetime) -> str:
    """ "12 Mar 2026"."""
    there = value.astimezone(clock.zone()) if isinstance(value, datetime) else value
    return f"{there.day} {there:%b %Y}"


def moment(value: datetime) -> str:
    """ "12 Mar 2026, 14:05"."""
    return f"{day(value)}, {value.astimezone(clock.zone()):%H:%M}"
