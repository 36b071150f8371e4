"""Rows that carry no ladder data: whom they may mean is for a person to say, and this finds whom to ask about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portal.connectors.ladder import name_key
from portal.crm.duplicates.nicknames import are_nicknames
from portal.crm.uploads.known import Known

_POINTS = ("birth_date", "email", "phone")


def name_of(said: Mapping[str, str]) -> tuple[str, str]:
    """(first, last) as names are compared."""
    return name_key(said.get("first_name", "")), name_key(said.get("last_name", ""))


def shared(one: Mapping[str, str], other: Mapping[str, str]) -> set[str]:
    """Birth date, e-mail and phone that both know and agree in."""
    return {name for name in _POINTS if one.get(name) and one.get(name) == other.get(name)}


def may_be(said: Mapping[str, str], contact: Mapping[str, str]) -> bool:
    """Whether somebody of that last name, and that first name or a nickname of it, may be this contact.

    Another birth date or suffix says no. People change their e-mail address and phone, so another one says nothing: a
    person decides. Behind a nickname something in common must stand.
    """
    if any(one and other and name_key(one) != name_key(other) for one, other in _both(said, contact, "suffix")):
        return False
    if said.get("birth_date") and contact.get("birth_date") and said["birth_date"] != contact["birth_date"]:
        return False
    return name_of(said)[0] == name_of(contact)[0] or bool(shared(said, contact))


def _both(one: Mapping[str, str], other: Mapping[str, str], *names: str) -> list[tuple[str, str]]:
    return [(one.get(name, ""), other.get(name, "")) for name in names]


class Named:
    """Contacts by their names; a nickname of the first name finds them too."""

    def __init__(self, contacts: Iterable[Known]) -> None:
        self._by_last: dict[str, list[Known]] = {}
        for contact in contacts:
            self.add(contact)

    def add(self, contact: Known) -> None:
        """Let `contact` be found by its name."""
        self._by_last.setdefault(contact.name[1], []).append(contact)

    def candidates(self, said: Mapping[str, str]) -> list[Known]:
        """Those of that name whom `said` may mean, in a fixed order."""
        first, last = name_of(said)
        alike = (one for one in self._by_last.get(last, []) if _same_first(first, one.name[0]))
        return sorted((one for one in alike if may_be(said, one.shown)), key=lambda one: one.id)


def _same_first(one: str, other: str) -> bool:
    return one == other or are_nicknames(one, other)
