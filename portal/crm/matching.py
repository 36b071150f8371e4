"""The match ladder over people who share a key: who is whom, and where a person must decide. Pure; no database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

RUNGS = ("mbi", "number", "person")
_SHARED = {
    "mbi": "The same Medicare number",
    "number": "The same member number at one carrier",
    "person": "The same name, birth date and zip",
}


@dataclass(slots=True, eq=False)
class Person:
    """A contact, or somebody about to become one. `keys`: rung → values; what is unknown contradicts nothing."""

    id: UUID
    birth_date: date | None = None
    mbi_hash: str | None = None
    first_key: str | None = None
    keys: dict[str, set[str]] = field(default_factory=dict)

    def learn(self, other: Person) -> None:
        """Take over what `other` knows and this does not."""
        self.birth_date = self.birth_date or other.birth_date
        self.mbi_hash = self.mbi_hash or other.mbi_hash
        self.first_key = self.first_key or other.first_key
        for rung, values in other.keys.items():
            self.keys.setdefault(rung, set()).update(values)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Two people who may be one; the reason is in plain words without values."""

    person: UUID
    other: UUID
    reason: str


@dataclass(slots=True)
class Decisions:
    """member → (person, rung); a person is a contact's id, or the id of the member that became a new one ("new")."""

    links: dict[UUID, tuple[UUID, str]] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)


def contradiction(rung: str, one: Person, other: Person) -> str | None:
    """What both know and differ in, in words; None where nothing known contradicts.

    Under one subscriber's number stand whole families, twins included, so there another first name contradicts too.
    """
    if _differ(one.birth_date, other.birth_date):
        return "another birth date"
    if rung != "mbi" and _differ(one.mbi_hash, other.mbi_hash):
        return "another Medicare number"
    if rung == "number" and _differ(one.first_key, other.first_key):
        return "another first name"
    return None


def decide(contacts: Iterable[Person], members: Iterable[Person]) -> Decisions:
    """Find each member's contact: the first rung with exactly one hit that nothing contradicts.

    Several such hits, or a contradicted one, leave a doubt and count for nothing. The order of `members` is of
    no account.
    """
    made = Decisions()
    known: dict[tuple[str, str], list[Person]] = {}
    for contact in contacts:
        _index(known, contact)
    for member in sorted(members, key=lambda m: (m.mbi_hash is None, m.birth_date is None, m.id)):
        found, rung, doubts = _climb(known, member)
        if found is None:
            found = Person(member.id)
        found.learn(member)
        _index(known, found)
        made.links[member.id] = (found.id, rung)
        made.doubts += [Doubt(found.id, other, why) for other, why in doubts.items() if other != found.id]
    return made


def _climb(known: dict[tuple[str, str], list[Person]], member: Person) -> tuple[Person | None, str, dict[UUID, str]]:
    doubts: dict[UUID, str] = {}
    for rung in RUNGS:
        hits = {p.id: p for value in member.keys.get(rung, ()) for p in known.get((rung, value), ())}
        fitting: list[Person] = []
        for hit in hits.values():
            why = contradiction(rung, member, hit)
            if why is None:
                fitting.append(hit)
            elif not _family(rung, member, hit):
                doubts.setdefault(hit.id, f"{_SHARED[rung]}, but {why}")
        if len(fitting) == 1:
            return fitting[0], rung, doubts
        for hit in fitting:
            doubts.setdefault(hit.id, f"{_SHARED[rung]} as several contacts")
    return None, "new", doubts


def _family(rung: str, one: Person, other: Person) -> bool:
    """Whether a shared member number means relatives: another first name and another birth date."""
    return rung == "number" and _differ(one.first_key, other.first_key) and _differ(one.birth_date, other.birth_date)


def _differ(one: object, other: object) -> bool:
    return one is not None and other is not None and one != other


def _index(known: dict[tuple[str, str], list[Person]], person: Person) -> None:
    for rung, values in person.keys.items():
        for value in values:
            held = known.setdefault((rung, value), [])
            if person not in held:
                held.append(person)
