"""A contact of the account as an upload compares with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from portal.connectors.ladder import name_key, person_key
from portal.crm.matching import Person


@dataclass(slots=True)
class Known:
    """What a contact shows, by the names of TYPED_FIELDS, and by what it is recognised."""

    id: UUID
    shown: dict[str, str]
    mbi_hash: str | None = None
    removed: bool = False  # by the agent: no file brings it back
    owned: bool = False
    told: dict[str, str] = field(default_factory=dict)  # what agents said of it, whether it shows or not
    typed_hash: str | None = None  # of the Medicare number that an agent told
    keys: dict[str, set[str]] = field(default_factory=dict)  # rung → values that were kept for it

    @property
    def name(self) -> tuple[str, str]:
        """(first, last) as names are compared."""
        return name_key(self.shown.get("first_name", "")), name_key(self.shown.get("last_name", ""))

    @property
    def birth_date(self) -> date | None:
        """The birth date, if any."""
        text = self.shown.get("birth_date")
        return date.fromisoformat(text) if text else None

    def person(self) -> Person:
        """This contact on the ladder."""
        keys = {rung: set(values) for rung, values in self.keys.items()}
        said = self.shown
        person = person_key(said.get("first_name"), said.get("last_name"), self.birth_date, said.get("zip"))
        for rung, value in (("mbi", self.mbi_hash), ("person", person)):
            if value:
                keys.setdefault(rung, set()).add(value)
        return Person(self.id, self.birth_date, self.mbi_hash, self.name[0] or None, keys)
