"""What all layouts share: how dates are printed and which flaws a row can be given so that it must be refused."""

from __future__ import annotations

from datetime import date
from enum import Enum, auto

from portal.demo.people import Person

BAD_DATE = "13/45/2025"


class Flaw(Enum):
    """Why the portal must refuse a row: no date that exists, or nobody's name."""

    BAD_DATE = auto()
    NO_NAME = auto()


def slashed(day: date | None) -> str:
    """M/D/YYYY without padding; empty for None."""
    return f"{day.month}/{day.day}/{day.year}" if day else ""


def padded(day: date | None) -> str:
    """MM/DD/YYYY; empty for None."""
    return f"{day.month:02d}/{day.day:02d}/{day.year}" if day else ""


def last_name(person: Person) -> str:
    """Last name with the suffix behind it, as carriers print it."""
    return f"{person.last} {person.suffix}".rstrip()


def dashed_phone(digits: str) -> str:
    """555-555-0100; empty stays empty."""
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}" if digits else ""
