"""The match ladder: who is one person, who is not, and who must be asked."""

from __future__ import annotations

import itertools
import random
from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from portal.crm.matching import Decisions, Person, decide

BORN, LATER = date(1950, 5, 17), date(1975, 6, 18)


numbers = itertools.count(1)


def person(birth: date | None = BORN, mbi: str | None = None, first: str | None = "mae", **keys: str) -> Person:
    """Somebody; `number` and `person` name the keys, the MBI is one itself."""
    held = {rung: {value} for rung, value in keys.items()}
    if mbi:
        held["mbi"] = {mbi}
    return Person(UUID(int=next(numbers)), birth, mbi, first, held)


def groups(made: Decisions) -> int:
    """How many people there are among the members."""
    return len({target for target, _ in made.links.values()})


def test_the_medicare_number_decides_first() -> None:
    by_number, by_mbi = person(number="humana|H1"), person(mbi="A", first="may")
    member = person(mbi="A", number="humana|H1")
    assert decide([by_number, by_mbi], [member]).links[member.id] == (by_mbi.id, "mbi")


def test_a_masked_number_leaves_the_next_rungs() -> None:
    contact = person(mbi="A", number="humana|H1")
    member = person(number="humana|H1")
    assert decide([contact], [member]).links[member.id] == (contact.id, "number")


def test_a_family_under_one_subscriber_number_stays_a_family() -> None:
    members = [
        person(BORN, first="mae", number="humana|H1"),
        person(LATER, first="joe", number="humana|H1"),
        person(date(2001, 1, 1), first="kim", number="humana|H1"),
    ]
    made = decide([], members)
    assert groups(made) == 3 and made.doubts == []


def test_twins_under_one_subscriber_number_are_two() -> None:
    made = decide([], [person(first="ann", number="humana|H1"), person(first="amy", number="humana|H1")])
    assert groups(made) == 2 and len(made.doubts) == 1


def test_a_junior_is_not_the_senior() -> None:
    senior, junior = person(BORN, first="joe", number="humana|H1"), person(LATER, first="joe", number="humana|H1")
    made = decide([senior], [junior])
    assert made.links[junior.id] == (junior.id, "new")
    assert [(d.other, "another birth date" in d.reason) for d in made.doubts] == [(senior.id, True)]


def test_the_same_medicare_number_with_another_birth_date_is_a_doubt() -> None:
    contact, member = person(BORN, "A"), person(LATER, "A")
    made = decide([contact], [member])
    assert made.links[member.id] == (member.id, "new") and [d.other for d in made.doubts] == [contact.id]


def test_two_hits_are_a_doubt() -> None:
    contacts = [person(person="mae|quill|1950-05-17|43004") for _ in range(2)]
    member = person(person="mae|quill|1950-05-17|43004")
    made = decide(contacts, [member])
    assert made.links[member.id][1] == "new" and {d.other for d in made.doubts} == {c.id for c in contacts}


def test_another_medicare_number_contradicts_name_and_zip() -> None:
    contact, member = person(mbi="A", person="p"), person(mbi="B", person="p")
    made = decide([contact], [member])
    assert made.links[member.id] == (member.id, "new") and len(made.doubts) == 1


def test_what_one_member_tells_holds_for_the_next() -> None:
    first = person(mbi="A", number="humana|H1")
    second = person(None, None, None, number="humana|H1", person="p")
    third = person(LATER, None, "mae", person="p")
    made = decide([], [third, second, first])
    assert made.links[second.id][0] == made.links[first.id][0] != made.links[third.id][0]


births, mbis = st.sampled_from([None, BORN, LATER]), st.sampled_from([None, "A", "B"])
people = st.lists(
    st.builds(
        person,
        birth=births,
        mbi=mbis,
        first=st.sampled_from([None, "ann", "amy"]),
        number=st.sampled_from(["h|1", "h|2"]),
        person=st.sampled_from(["p", "q"]),
    ),
    max_size=7,
)


@given(people, people, st.randoms(use_true_random=False))
def test_nobody_is_merged_with_who_contradicts_them(
    contacts: list[Person], members: list[Person], shuffler: random.Random
) -> None:
    facts = {p.id: (p.birth_date, p.mbi_hash) for p in (*contacts, *members)}
    copies = [
        Person(m.id, m.birth_date, m.mbi_hash, m.first_key, {k: set(v) for k, v in m.keys.items()}) for m in members
    ]
    shuffler.shuffle(copies)
    held = [
        Person(c.id, c.birth_date, c.mbi_hash, c.first_key, {k: set(v) for k, v in c.keys.items()}) for c in contacts
    ]
    made = decide(contacts, members)
    assert decide(held, copies).links == made.links
    assert set(made.links) == {m.id for m in members}
    together: dict[UUID, list[tuple[UUID, str]]] = {}
    for member, (target, rung) in made.links.items():
        together.setdefault(target, []).append((member, rung))
    for target, joined in together.items():
        known = [facts[target], *(facts[member] for member, _ in joined)]
        assert len({birth for birth, _ in known if birth}) <= 1
        if all(rung != "mbi" for _, rung in joined):
            assert len({mbi for _, mbi in known if mbi}) <= 1
