"""How names, NPNs and carrier identifiers are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from uuid import UUID

from portal.connectors import normalise
from portal.connectors.dates import Unreadable
from portal.connectors.layouts import load_layouts
from portal.core import crypto

KINDS = {
    "san": "SAN",
    "tin": "TIN",
    "writing_number": "Writing number",
    "producer_code": "Producer code",
    "agent_id": "Agent id",
    "broker_id": "Broker id",
}
TIN_FIELD = "tin"
MAX_IDENTIFIER = 40
_NPN = re.compile(r"0*([1-9][0-9]{0,9})", re.ASCII)


def canonical_npn(text: str) -> str | None:
    """The NPN in the form in which it is compared (1 to 10 digits, no leading zeros), or None when it is not one."""
    try:
        match = _NPN.fullmatch(normalise.whole_number(text.strip()))
    except Unreadable:
        return None
    return match[1] if match else None


def name_key(text: str) -> str:
    """Lower case without accents, only letters and digits: "O'Brien" and "OBRIEN" are the same."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if letter.isalnum() and letter.isascii())


def producer_key(name: str, first_name: str | None, last_name: str | None) -> str:
    """What a record is sorted and found by: an agent's last, then first name; an agency's name."""
    return name_key(f"{last_name}{first_name}") if last_name else name_key(name)


def readable_phone(phone: str) -> str:
    """A number of E.164 as people here write it: "(614) 555-0142"; any other text as it is."""
    national = phone.removeprefix("+1")
    if len(national) != 10 or not national.isdigit() or national == phone:
        return phone
    return f"({national[:3]}) {national[3:6]}-{national[6:]}"


_more_carriers: list[Callable[[], Mapping[str, str]]] = []


def more_carriers(source: Callable[[], Mapping[str, str]]) -> None:
    """Let `source` name (key → name) the carriers of the scope's FMO that no layout of the package has. One for all."""
    _more_carriers[:] = [source]


def carriers() -> list[tuple[str, str]]:
    """(key, name) of every carrier with a layout, those of the scope's FMO included, by name."""
    found = {layout.carrier: layout.carrier_name for layout in load_layouts().values()}
    for source in _more_carriers:
        found |= source()
    return sorted(found.items(), key=lambda one: one[1].casefold())


def canonical_identifier(kind: str, value: str, *, fmo_id: UUID) -> tuple[str, str] | None:
    """(what is compared, what is shown) of an identifier as typed, or None when it is not one of that kind.

    A TIN may be a social security number: it is compared as a keyed hash and shown by its last four digits.
    """
    if kind == "tin":
        digits = normalise.tax_id(value)
        return (crypto.keyed_hash(digits, fmo_id=fmo_id, field=TIN_FIELD), f"ends in {digits[-4:]}") if digits else None
    try:
        canonical = normalise.identifier(value)
    except Unreadable:
        return None
    return (canonical, canonical) if canonical and len(canonical) <= MAX_IDENTIFIER else None
