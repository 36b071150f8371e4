"""How what connectors hand over reads to a person: statuses, carriers, telephone numbers; one wording for all."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from portal.connectors.layouts import load_layouts
from portal.connectors.rows import Status

STATUSES: Final[dict[str, tuple[str, str]]] = {
    Status.ACTIVE: ("Active", "good"),
    Status.FUTURE_ACTIVE: ("Future", "info"),
    Status.APPROVED: ("Approved", "info"),
    Status.PENDING: ("Pending", "info"),
    Status.SUBMITTED: ("Submitted", "info"),
    Status.REINSTATED: ("Reinstated", "good"),
    Status.GRACE: ("Grace period", "warn"),
    Status.LAPSED: ("Lapsed", "neutral"),
    Status.TERMINATED: ("Terminated", "neutral"),
    Status.CANCELLED: ("Cancelled", "neutral"),
    Status.REJECTED: ("Rejected", "neutral"),
}
GENDERS: Final = {"F": "Female", "M": "Male"}
_US_PHONE = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")


def status(key: str) -> tuple[str, str]:
    """(word, tone) of a canonical status; an unknown one is shown as it is."""
    return STATUSES.get(key, (key.replace("_", " ").capitalize(), "neutral"))


def status_choices() -> list[tuple[str, str]]:
    """The choices of a filter by status."""
    return [("", "All statuses"), *((str(key), word) for key, (word, _) in STATUSES.items())]


@cache
def carriers() -> dict[str, str]:
    """Every known carrier's name by its key."""
    return {layout.carrier: layout.carrier_name for layout in load_layouts().values()}


def carrier(key: str) -> str:
    """A carrier's name."""
    return carriers().get(key, key)


def phone(number: str | None) -> str | None:
    """A telephone number as people write it: (614) 555-0100."""
    match = _US_PHONE.fullmatch(number or "")
    return f"({match[1]}) {match[2]}-{match[3]}" if match else number
