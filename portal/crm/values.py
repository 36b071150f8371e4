"""What a contact's values are of: what agents typed, what carriers say, and what agents only said again."""

from __future__ import annotations

from collections.abc import Mapping

from portal.connectors.ladder import name_key
from portal.crm.models import ADDRESS, Contact


def beneath(contact: Contact) -> dict[str, str]:
    """What a contact shows where nothing is typed over it, as the database computes it; keys: TYPED_FIELDS."""
    placed = any(name in contact.carried for name in ADDRESS)
    lent = {name: value for name, value in contact.brought.items() if not (placed and name in ADDRESS)}
    return {**lent, **contact.carried}


def told(contact: Contact) -> dict[str, str]:
    """What agents said of a contact, typed or in files, whether it shows or not; keys: TYPED_FIELDS."""
    return {**contact.brought, **contact.typed}


def blanks(shown: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """What `said` knows and `shown` does not. An address is one value: its lines never come from two places."""
    place_fits = _same_place(shown, said)
    return {
        name: value
        for name, value in said.items()
        if value and not shown.get(name) and (place_fits or name not in ADDRESS)
    }


def differing(shown: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """What `said` says otherwise than `shown`, where both know it. Never the birth date: by it people are told apart.

    An address is one value: it is given whole, and only where `said` knows every line that is shown.
    """
    both = {name for name in said if said[name] and shown.get(name) and not _alike(name, shown[name], said[name])}
    found = {name: said[name] for name in both - {"birth_date", *ADDRESS}}
    if both & set(ADDRESS) and all(said.get(name) for name in ADDRESS if shown.get(name)):
        found |= {name: said[name] for name in ADDRESS if said.get(name) and said[name] != shown.get(name)}
    return found


def _alike(field: str, one: str, other: str) -> bool:
    return one.lower() == other.lower() if field == "email" else name_key(one) == name_key(other)


def _same_place(shown: Mapping[str, str], said: Mapping[str, str]) -> bool:
    held = [name for name in ADDRESS if shown.get(name)]
    both = [name for name in held if said.get(name)]
    if any(name_key(shown[name]) != name_key(said[name]) for name in both):
        return False
    return not held or bool({"address1", "city", "zip"} & set(both))
