"""The match ladder: who is one person, who is not, and who must be asked."""

from __future__ import annotations

import itertools
import random
import time
from datetime import date
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.crm.matching import Decisions, Doubt, Person, decide

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


def test_a_weak_one_between_two_who_contradict_is_a_doubt_for_all() -> None:
    one, other = person(mbi="A", person="p"), person(mbi="B", person="p")
    weak = person(person="p")
    made = decide([], [one, weak, other])
    assert groups(made) == 3 and len(made.doubts) == 3
    assert groups(decide([], [one, weak])) == 1  # nothing speaks against it yet


def test_a_higher_rung_settles_it_first() -> None:
    one, other = person(mbi="A", person="p", number="h|1"), person(mbi="B", person="p")
    weak = person(person="p", number="h|1")
    made = decide([], [one, weak, other])
    assert made.links[weak.id][0] == made.links[one.id][0] != made.links[other.id][0]


def test_whoever_fits_two_contacts_asks_whether_they_are_one() -> None:
    first, second = person(mbi="A"), person(person="p")
    bridge = person(mbi="A", person="p")
    made = decide([first, second], [bridge])
    assert made.links[bridge.id] == (first.id, "mbi")
    assert [{d.person, d.other} for d in made.doubts] == [{first.id, second.id}]


def test_a_value_that_hundreds_have_takes_no_time_and_asks_nobody() -> None:
    crowd = [person(date(1950, 1, 1 + n % 28), first=f"name{n}", number="h|000") for n in range(5_000)]
    crowd += [person(None, first="mae", number="h|000") for _ in range(1_000)]
    start = time.process_time()
    made = decide([], crowd)
    assert time.process_time() - start < 2
    assert made.doubts == [] and groups(made) == 5_001  # the thousand agree in all that they know


births, mbis = st.sampled_from([None, BORN, LATER]), st.sampled_from([None, "A", "B"])


@st.composite
def anybody(draw: st.DrawFn) -> Person:
    """A row as rows are: its name and birth date stand in its key of names."""
    first, birth = draw(st.sampled_from(["ann", "amy"])), draw(births)
    row = person(birth, draw(mbis), first, number=draw(st.sampled_from(["h|1", "h|2", "h|3"])))
    if birth:
        row.keys["person"] = {f"{first}|{birth}|{draw(st.integers(0, 1))}"}
    return row


people = st.lists(anybody(), max_size=8)
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
batches = st.lists(st.integers(0, 2), min_size=12, max_size=12)


def become(contacts: list[Person], come: list[Person], made: Decisions) -> list[Person]:
    """What stands in the account afterwards: each contact knows what its people know."""
    known = {c.id: c for c in contacts}
    for member in come:
        target = made.links[member.id][0]
        held = known.setdefault(target, Person(target))
        held.birth_date = held.birth_date or member.birth_date
        held.mbi_hash = held.mbi_hash or member.mbi_hash
        held.first_key = held.first_key or member.first_key
        for rung, values in member.keys.items():
            held.keys.setdefault(rung, set()).update(values)
    return list(known.values())


def in_batches(everybody: list[Person], cut: list[int]) -> tuple[dict[UUID, UUID], list[Doubt]]:
    """Person → contact and the doubts on the way, when batch 0 comes first, then 1, then 2."""
    contacts: list[Person] = []
    where: dict[UUID, UUID] = {}
    doubts: list[Doubt] = []
    for batch in range(3):
        come = [p for p, chosen in zip(everybody, cut, strict=False) if chosen == batch]
        made = decide(contacts, come)
        contacts = become(contacts, come, made)
        where.update((member, target) for member, (target, _) in made.links.items())
        doubts += made.doubts
    return where, doubts


def parted(where: dict[UUID, UUID]) -> set[frozenset[UUID]]:
    """Who is together with whom."""
    together: dict[UUID, set[UUID]] = {}
    for member, target in where.items():
        together.setdefault(target, set()).add(member)
    return {frozenset(held) for held in together.values()}


@calm
@given(people, people, st.randoms(use_true_random=False))
def test_the_order_is_of_no_account(contacts: list[Person], members: list[Person], shuffler: random.Random) -> None:
    made = decide(contacts, members)
    shuffler.shuffle(contacts)
    shuffler.shuffle(members)
    again = decide(contacts, members)
    assert again == made and set(made.links) == {m.id for m in members}


@calm
@given(people, people)
def test_nobody_is_merged_with_who_contradicts_them(contacts: list[Person], members: list[Person]) -> None:
    facts = {p.id: (p.birth_date, p.mbi_hash) for p in (*contacts, *members)}
    made = decide(contacts, members)
    together: dict[UUID, list[UUID]] = {}
    for member, (target, _) in made.links.items():
        together.setdefault(target, [target]).append(member)
    for joined in together.values():
        assert len({facts[one][0] for one in joined} - {None}) <= 1
        assert len({facts[one][1] for one in joined} - {None}) <= 1


@st.composite
def households(draw: st.DrawFn) -> tuple[list[Person], dict[UUID, int]]:
    """Rows about people of a family under one member number, and who each row is about.

    Rows about one person share a key with each other and tell nothing false; they may leave the Medicare number out.
    """
    everybody: list[Person] = []
    about: dict[UUID, int] = {}
    for who, first in enumerate(("ann", "bea", "cat")[: draw(st.integers(1, 3))]):
        shared = draw(st.sampled_from(["mbi", "number", "person"]))
        for _ in range(draw(st.integers(1, 4))):
            mbi = f"M{who}" if shared == "mbi" or draw(st.booleans()) else None
            row = person(date(1950 + who, 1, 1), mbi, first, person=f"{first}{draw(st.integers(0, 1))}")
            if shared == "number" or draw(st.booleans()):
                row.keys["number"] = {"h|family"}
            if shared == "person":
                row.keys["person"] = {first}
            everybody.append(row)
            about[row.id] = who
    return everybody, about


@calm
@given(households(), batches)
def test_rows_that_agree_give_the_same_contacts_however_they_come(
    made: tuple[list[Person], dict[UUID, int]], cut: list[int]
) -> None:
    everybody, about = made
    where, doubts = in_batches(everybody, cut)
    assert parted(where) == parted({row: UUID(int=who) for row, who in about.items()})
    assert doubts == []


@calm
@given(people, batches)
def test_who_would_be_one_all_at_once_is_at_least_asked_about(everybody: list[Person], cut: list[int]) -> None:
    at_once, _ = in_batches(everybody, [0] * len(everybody))
    where, doubts = in_batches(everybody, cut)
    asked = [*where.items(), *((d.person, d.other) for d in doubts)]
    for together in parted(at_once):
        reached = {next(iter(together))}
        while grown := {p for pair in asked if set(pair) & reached for p in pair} - reached:
            reached |= grown
        assert together <= reached
