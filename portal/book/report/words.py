"""How what a run did reads: the fields of policies and members, and their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from portal.book import words
from portal.core import clock

LABELS = {
    "policy_number": "Policy number", "member_number": "Member number", "line_of_business": "Line of business",
    "product": "Product", "plan_id": "Plan number", "plan_name": "Plan", "status": "Status",
    "status_raw": "Status in the carrier's words", "status_reason": "Reason of the status",
    "effective_date": "Effective", "term_date": "Term", "renewal_date": "Renewal",
    "received_date": "Application received", "premium": "Premium", "writing_npn": "Writing NPN",
    "writer_source": "Source of the NPN", "writer_column": "Column of the writing agent",
    "writer_value": "Identifier of the agent", "writer_name": "Name of the writing agent",
    "other_agents": "Other agents", "first_name": "First name", "middle_name": "Middle name",
    "last_name": "Last name", "suffix": "Suffix", "birth_date": "Birth date", "gender": "Gender",
    "mbi": "Medicare number", "email": "Email", "phone": "Phone", "address1": "Address",
    "address2": "Address, second line",
    "city": "City", "state": "State", "zip": "Zip code", "county": "County",
}  # fmt: skip
"""What people see; the other fields are the portal's own."""
ALTERED = {
    "nothing": "A word for nothing, left empty",
    "open_end": "A date that stands for no end, left empty",
    "serial": "A spreadsheet’s number of a day, read as the day",
    "short_year": "A year of two digits, completed",
    "time": "A time of day, cut off",
    "decimal": "A decimal point that a spreadsheet added, cut off",
    "scientific": "Scientific notation, written out",
    "zeros": "Leading zeros that were lost, put back",
    "bare_zeros": "Leading zeros, cut off",
    "dashes": "Dashes or blanks inside a number, cut out",
    "shortened": "The part behind the first five digits, cut off",
    "left_out": "A value that could not be read and may be missing, left empty",
}
"""Kinds of `connectors.altered` in words."""
NAMES = ("first_name", "middle_name", "last_name", "suffix")
_INTERVAL = {"written_from": "The agent’s own first day", "written_to": "The agent’s own last day"}
_DATES = {*_INTERVAL, "effective_date", "term_date", "renewal_date", "received_date", "birth_date"}
_SOURCES = {"column": "The file", "crosswalk": "The crosswalk"}


class Changed(NamedTuple):
    """One field before and after, in words; None: nothing stood there."""

    label: str
    before: str | None
    after: str | None


def fields(told: Mapping[str, Any]) -> Iterator[Changed]:
    """What a person wants to know of what was kept, in the order of `LABELS`."""
    hashed = "tin" in told.get("writer_kind", ())  # such a value is a keyed hash
    for name, label in (*LABELS.items(), *_INTERVAL.items()):
        if name in told and not (name == "writer_value" and hashed):
            before, after = told[name]
            if before == after:  # of two dates that are kept together only one need be another
                continue
            yield Changed(label, said(name, before), said(name, after))


def said(name: str, value: Any) -> str | None:
    """One value in words. A Medicare number is only ever said to be there."""
    if value is None:
        return None
    if name in _DATES:
        return clock.day(date.fromisoformat(value) if isinstance(value, str) else value)
    if name == "mbi":
        return "Known"
    if name == "premium":
        return words.money(Decimal(str(value)))
    if name == "status":
        return words.status(value)[0]
    if name == "writer_source":
        return _SOURCES.get(value, str(value))
    if name == "gender":
        return words.GENDERS.get(value, str(value))
    if name == "phone":
        return words.phone(value)
    return str(value).replace("_", " ") if name == "status_reason" else str(value)
