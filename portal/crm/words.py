"""How values of an account read: status words, carriers, telephone numbers, names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from portal.connectors.words import GENDERS, STATUSES, carrier, carriers, phone, status, status_choices
from portal.core import clock
from portal.crm.values import beneath

FIELDS = {
    "first_name": "First name",
    "middle_name": "Middle name",
    "last_name": "Last name",
    "suffix": "Suffix",
    "birth_date": "Birth date",
    "gender": "Gender",
    "email": "Email",
    "phone": "Phone",
    "address1": "Address",
    "address2": "Address, second line",
    "city": "City",
    "state": "State",
    "zip": "ZIP code",
}


def carrier_choices() -> list[tuple[str, str]]:
    """The choices of a filter by carrier: all that are known, for finding an account's own would read all of it."""
    return [("", "All carriers"), *sorted(carriers().items(), key=lambda one: one[1].lower())]


def money(amount: str | None) -> str | None:
    """ "$1,234.50" of plain decimal text; "-$12.50" below nothing."""
    return f"{'-' if amount.startswith('-') else ''}${abs(float(amount)):,.2f}" if amount else None


def name(contact: Any) -> str:
    """First, middle and last name with the suffix, or "Unnamed contact"."""
    parts = (contact.first_name, contact.middle_name, contact.last_name, contact.suffix)
    return " ".join(part for part in parts if part) or "Unnamed contact"


def unnamed(contact: Any) -> str | None:
    """Why a contact has no name; None where it has one."""
    if any((contact.first_name, contact.middle_name, contact.last_name, contact.suffix)):
        return None
    if contact.made_by is None and contact.member_id is None:
        return "Its name was the carriers' and left the account with its last policy. What you typed and noted stays."
    return "No carrier's file names this person." if contact.member_id else "Nobody has typed a name."


def listed(contact: Any) -> str:
    """ "Whitfield, Dana M., Jr": the form by which lists sort, with what tells a father from his son."""
    return last_first(contact.last_name, contact.suffix, contact.first_name, contact.middle_name) or "Unnamed contact"


def last_first(last: str | None, suffix: str | None, first: str | None, middle: str | None) -> str:
    """Last name, first name with the middle initial, suffix; "" where nothing is known."""
    initial = f"{middle[0]}." if middle else None
    return ", ".join(filter(None, (last, " ".join(filter(None, (first, initial))), suffix)))


def born(contact: Any) -> str | None:
    """ "born 12 Mar 1950", None where nobody knows."""
    return f"born {clock.day(contact.birth_date)}" if contact.birth_date else None


def said(field: str, stored: str) -> str:
    """A stored value of a contact's field as people read it."""
    if field == "birth_date":
        return clock.day(date.fromisoformat(stored))
    if field == "gender":
        return GENDERS.get(stored, stored)
    return (phone(stored) or stored) if field == "phone" else stored


def shown(contact: Any, field: str) -> str | None:
    """What a contact's field says, the agent's value first; None when nobody said anything."""
    stored = contact.typed.get(field) or beneath(contact).get(field)
    return said(field, stored) if stored else None


def entered(contact: Any, field: str, brought: Mapping[Any, str]) -> str:
    """Where a value that is no carrier's comes from; `brought`: (contact, field, value) → the file that brought it.

    What a file brought and a person typed look alike once the file is forgotten: neither is claimed then.
    """
    stored = contact.typed.get(field) or contact.brought.get(field)
    file = brought.get((contact.id, field, stored))
    return f"from the upload {file}" if file else "entered here"


def carrier_says(contact: Any, field: str) -> str | None:
    """The carrier's value where the agent typed another one, else None."""
    typed, carried = contact.typed.get(field), contact.carried.get(field)
    return said(field, carried) if typed and carried and typed != carried else None


def is_news(contact: Any, field: str) -> bool:
    """Whether the carrier says something else than the agent typed, and nobody has left that aside yet."""
    said = carrier_says(contact, field)
    return said is not None and contact.dismissed.get(field) != contact.carried.get(field)


LEFT = {
    "moved": "The carrier's records now name another agent as the writing agent, or none.",
    "npn_left": "The NPN under which it was written is no longer part of this account.",
}

__all__ = [
    "FIELDS", "GENDERS", "LEFT", "STATUSES", "born", "carrier", "carrier_choices", "carrier_says", "entered", "is_news",
    "last_first", "listed", "money", "name", "phone", "said", "shown", "status", "status_choices", "unnamed",
]  # fmt: skip
