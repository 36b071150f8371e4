"""The match ladder over people who share a key: who is whom, and where a person must decide. Pure; no database.

What `decide` promises, tested over random people:

1. The order in which people are given is of no account.
2. Nobody ever joins somebody whom they contradict, directly or through others.
3. A group in which every two people share a key and nobody contradicts anybody becomes one contact, however it is cut
   into batches (an upload before or after a sync, one by one, all at once): the same contacts in the end.
4. Beyond that no contact is parted or joined with another contact by who comes later. So cutting into batches may
   differ where a later batch contradicts an earlier one, or holds the first person who shares keys with two contacts
   that share none. Whoever would have been one all at once is then still before a person, as a possible duplicate.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

RUNGS = ("mbi", "number", "person")
MANY = 40  # people behind one value: a filler, no evidence that is worth a person's time
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


@dataclass(slots=True, eq=False)
class _One:
    """People found to be one so far, called by the contact's id or else the smallest member's."""

    id: UUID
    is_contact: bool
    birth_date: date | None
    mbi_hash: str | None
    first_key: str | None
    into: _One | None = None


def contradiction(rung: str, one: Person | _One, other: Person | _One) -> str | None:
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
    """Find each member's contact, rung by rung over all people at once.

    At each rung people who share a key and do not contradict one another come together. Where all of them can be one
    and at most one is a contact, they are; else each pair is a doubt and nobody is linked at that rung. Who shares a
    key but contradicts is a doubt too, except relatives under one member number.
    """
    people = [(_one(p, is_contact=True), p) for p in contacts]
    come = [(_one(p, is_contact=False), p) for p in members]
    people += come
    rungs: dict[UUID, str] = {}
    doubts: list[tuple[_One, _One, str]] = []
    for rung in RUNGS:
        groups = _sharing(rung, people)
        wholes = _meeting(rung, groups)
        undecided = {one.id for whole in wholes if not _agree(rung, whole) for one in whole}
        found = (doubt for group in groups for doubt in _doubts(rung, group, undecided))
        doubts += sorted(found, key=lambda doubt: doubt[2])
        for whole in wholes:
            if whole[0].id not in undecided:
                _join(rung, whole, rungs)
    made = Decisions({p.id: (_root(one).id, rungs.get(p.id, "new")) for one, p in come})
    made.doubts = _told(doubts)
    return made


def _one(person: Person, *, is_contact: bool) -> _One:
    return _One(person.id, is_contact, person.birth_date, person.mbi_hash, person.first_key)


def _root(one: _One) -> _One:
    while one.into is not None:
        if one.into.into is not None:
            one.into = one.into.into  # shorter for the next who asks
        one = one.into
    return one


def _sharing(rung: str, people: Iterable[tuple[_One, Person]]) -> list[list[_One]]:
    """Who has a value of this rung together with somebody else, one list a value."""
    held: dict[str, dict[UUID, _One]] = {}
    for one, person in people:
        for value in person.keys.get(rung, ()):
            root = _root(one)
            held.setdefault(value, {})[root.id] = root
    return [list(group.values()) for group in held.values() if len(group) > 1]


def _meeting(rung: str, groups: Iterable[list[_One]]) -> list[list[_One]]:
    """Everybody who is connected through shared values without contradiction, one list a connected whole."""
    parent: dict[UUID, UUID] = {}
    ones: dict[UUID, _One] = {}

    def find(one: UUID) -> UUID:
        while (above := parent.setdefault(one, one)) != one:
            parent[one] = one = parent[above]
        return one

    for group in groups:
        for fitting in _fitting(rung, group):
            if len(fitting) == 1:
                continue
            first = find(fitting[0].id)
            for one in fitting:
                ones[one.id] = one
                parent[find(one.id)] = first
    wholes: dict[UUID, list[_One]] = {}
    for one in ones.values():
        wholes.setdefault(find(one.id), []).append(one)
    return list(wholes.values())


def _fitting(rung: str, group: list[_One]) -> Iterator[list[_One]]:
    """Parts of a group whose people are connected by fitting together: in time linear in the group, not its pairs.

    By which facts people know there are few kinds; two kinds fit where they agree in the facts that both know.
    """
    if len(group) == 2:
        if contradiction(rung, *group) is None:
            yield group
        return
    kinds: dict[tuple[bool, ...], list[tuple[tuple[object, ...], _One]]] = {}
    for one in group:
        facts = _facts(rung, one)
        kinds.setdefault(tuple(fact is not None for fact in facts), []).append((facts, one))
    for kind, other in itertools.combinations_with_replacement(kinds, 2):
        both = [place for place, known in enumerate(kind) if known and other[place]]
        sides: list[dict[tuple[object, ...], list[_One]]] = [{}, {}]
        for side, members in zip(sides, (kinds[kind], kinds[other]), strict=True):
            for facts, one in members:
                side.setdefault(tuple(facts[place] for place in both), []).append(one)
        for agreed in sides[0].keys() & sides[1].keys():
            if kind == other:
                yield sides[0][agreed]
            else:
                yield sides[0][agreed] + sides[1][agreed]


def _facts(rung: str, one: _One) -> tuple[object, ...]:
    """What contradicts at this rung."""
    if rung == "mbi":
        return (one.birth_date,)
    return (one.birth_date, one.mbi_hash, one.first_key) if rung == "number" else (one.birth_date, one.mbi_hash)


def _agree(rung: str, whole: list[_One]) -> bool:
    """Whether all of them can be one: at most one contact, and of each fact at most one value."""
    if sum(one.is_contact for one in whole) > 1:
        return False
    return all(
        len({fact for fact in known if fact is not None}) < 2
        for known in zip(*(_facts(rung, one) for one in whole), strict=True)
    )


def _join(rung: str, whole: list[_One], rungs: dict[UUID, str]) -> None:
    """Make them one, under the contact among them or else the smallest id."""
    leader, *rest = sorted(whole, key=lambda one: (not one.is_contact, one.id))
    for one in rest:
        one.into = leader
        leader.birth_date = leader.birth_date or one.birth_date
        leader.mbi_hash = leader.mbi_hash or one.mbi_hash
        leader.first_key = leader.first_key or one.first_key
        rungs.setdefault(one.id, rung)


def _doubts(rung: str, group: list[_One], undecided: set[UUID]) -> Iterator[tuple[_One, _One, str]]:
    if len(group) > MANY:
        return
    third = ", which a third person has too" if len(group) > 2 else ""
    for one, other in itertools.combinations(group, 2):
        why = contradiction(rung, one, other)
        if why is None:
            if one.id in undecided:
                yield one, other, _SHARED[rung] + third
        elif not _family(rung, one, other):
            yield one, other, f"{_SHARED[rung]}, but {why}"


def _family(rung: str, one: _One, other: _One) -> bool:
    """Whether a shared member number means relatives: another first name and another birth date."""
    return rung == "number" and _differ(one.first_key, other.first_key) and _differ(one.birth_date, other.birth_date)


def _differ(one: object, other: object) -> bool:
    return one is not None and other is not None and one != other


def _told(doubts: Iterable[tuple[_One, _One, str]]) -> list[Doubt]:
    """One doubt a pair, its first reason, newcomers first; who became one after all is in no doubt."""
    told: dict[tuple[UUID, UUID], Doubt] = {}
    for one, other, reason in doubts:
        pair = sorted((_root(one), _root(other)), key=lambda who: (who.is_contact, who.id))
        if pair[0] is not pair[1]:
            told.setdefault((pair[0].id, pair[1].id), Doubt(pair[0].id, pair[1].id, reason))
    return [told[pair] for pair in sorted(told)]
