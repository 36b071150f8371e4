"""Who is a possible duplicate of whom: every variant of a name that people meet, and everybody who only looks alike."""

from __future__ import annotations

import random
import time
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.core.ids import new_id
from portal.crm.duplicates.alike import Who, find, likeness
from portal.crm.duplicates.nicknames import are_nicknames

BORN = date(1950, 5, 17)
PHONE, EMAIL = "+16145550123", "dana@mail.example"
HOME: dict[str, Any] = {"zip": "43004", "address": "12 Elm St"}


def who(name: str, born: date | None = BORN, **known: str) -> Who:
    """ "First Last" or "First|Last of two"."""
    first, last = name.split("|") if "|" in name else name.split()
    return Who(new_id(), first, last, birth_date=born, **known)


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (who("William Quill"), who("Bill Quill"), "nickname"),
        (who("Elizabeth Quill"), who("Betty Quill"), "nickname"),
        (who("José Quill"), who("Jose Quill"), "The same name"),
        (who("Søren Quill"), who("Soren Quill"), "The same name"),
        (who("Zoë|Ångström"), who("Zoe|Angstrom"), "The same name"),
        (who("John Quill", suffix="Jr"), who("John Quill"), "suffix"),
        (who("Ana|Smith-Jones"), who("Ana Jones"), "half of a double name"),
        (who("Ana|Garcia Lopez"), who("Ana Garcia"), "half of a double name"),
        (who("Mary-Beth Quill"), who("Mary Quill"), "half of a double name"),
        (who("Ana|Smith-Jones"), who("Ana|Smith Jones"), "The same name"),
        (who("Quill Dana"), who("Dana Quill"), "swapped"),
        (who("Harriet Quill"), who("Hariret Quill"), "differs by a letter"),
        (who("Dana Whitfield"), who("Dana Whitfeld"), "differs by a letter"),
        (who("Dana Whitfield"), who("Dana Whitfeild"), "differs by a letter"),
        (who("Dana Quill", zip="43004"), who("Dana Quill", zip="90001"), "The same name, the same birth date"),
        (who("Dana Quill", None, phone=PHONE), who("Dana Quill", phone=PHONE), "the same phone"),
        (who("Dana Quill", None, email=EMAIL), who("Dana Quill", email=EMAIL.upper()), "the same e-mail"),
        (who("Bill Quill", None, **HOME), who("William Quill", **HOME), "the same address"),
        (who("Dana Quill", phone=PHONE), who("Dana Moss", phone=PHONE), "another last name"),
        (who("Dana Quill", phone=PHONE), who("Dana Quill", BORN + timedelta(3), phone=PHONE), "another birth date"),
    ],
)
def test_variants_of_one_person_are_candidates(one: Who, other: Who, words: str) -> None:
    found = likeness(one, other)
    assert found is not None and words.lower() in found.reason.lower()
    again = likeness(other, one)
    assert again is not None and (again.one, again.other, again.strength) == (found.one, found.other, found.strength)
    told = [one.first_name, other.last_name, one.email, one.phone, one.address, one.zip, str(one.birth_date)]
    assert [value for value in told if value and value in found.reason] == []
    assert [(pair.one, pair.other) for pair in find([one, other])] == [(found.one, found.other)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (who("John Quill", email=EMAIL, **HOME), who("Mary Quill", date(1951, 2, 3), email=EMAIL, **HOME)),  # spouses
        (who("John Quill", phone=PHONE, **HOME), who("Mary Quill", None, phone=PHONE, **HOME)),
        (who("Anna Quill", phone=PHONE, **HOME), who("Amy Quill", phone=PHONE, **HOME)),  # twins
        (who("Mary Quill", **HOME), who("Gary Quill", **HOME)),
        (who("Dana Quill", gender="female"), who("Dane Quill", gender="male")),
        (who("John Quill", suffix="Jr", **HOME), who("John Quill", None, suffix="Sr", **HOME)),  # father and son
        (who("John Quill", suffix="II", phone=PHONE), who("John Quill", suffix="III", phone=PHONE)),
        (who("John Quill", None, suffix="Jr", phone=PHONE), who("John Quill", phone=PHONE)),
        (who("John Quill", phone=PHONE), who("John Quill", date(1975, 6, 18), phone=PHONE)),
        (who("Mary Quill", **HOME), who("Mae Quill", date(1999, 1, 1), **HOME)),  # family under one subscriber
        (who("Dana Quill", mbi_hash="a"), who("Dana Quill", mbi_hash="b")),
        (who("Dana Quill", None), who("Dana Quill", None)),  # nothing else agrees
        (who("Dana Quill"), who("Dana Quill", None, phone=PHONE)),
        (who("Dana Moss"), who("Dana Quill")),
        (who("Lee Quill"), who("Les Quill")),  # too short for a slip
        (who("Dana Quill"), Who(new_id(), "Dana", None, birth_date=BORN)),
    ],
)
def test_who_only_looks_alike_is_no_candidate(one: Who, other: Who) -> None:
    assert likeness(one, other) is None and likeness(other, one) is None


def test_the_stronger_stands_first() -> None:
    people = [who("Dana Quill", phone=PHONE), who("Dana Quill", phone=PHONE), who("Dayna Quill")]
    strengths = [pair.strength for pair in find(people)]
    assert strengths == sorted(strengths, reverse=True) and strengths[0] > strengths[-1]


def test_nicknames_do_not_meet_through_a_third_name() -> None:
    assert are_nicknames("robert", "bob") and are_nicknames("bob", "rob")
    assert not are_nicknames("robert", "albert") and not are_nicknames("robert", "unknown")


names = st.sampled_from(["Dana", "Dayna", "Daniel", "Dan", "Quill", "Quil", "Quill-Moss", "Moss", "Élan", ""])
anybody = st.builds(
    Who,
    id=st.uuids(),
    first_name=names,
    last_name=names,
    suffix=st.sampled_from([None, "Jr", "III"]),
    birth_date=st.sampled_from([None, BORN, date(1950, 5, 18), date(1980, 1, 1)]),
    mbi_hash=st.sampled_from([None, "a", "b"]),
    phone=st.sampled_from([None, PHONE]),
    zip=st.just("43004"),
    address=st.sampled_from([None, "12 Elm St"]),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(anybody, max_size=12, unique_by=lambda one: one.id), st.randoms(use_true_random=False))
def test_blocks_lose_nobody_and_order_is_of_no_account(people: list[Who], shuffler: random.Random) -> None:
    found = find(people)
    pairs = {
        (pair.one, pair.other)
        for one in people
        for other in people
        if one is not other
        if (pair := likeness(one, other))
    }
    assert {(pair.one, pair.other) for pair in found} == pairs
    shuffler.shuffle(people)
    assert find(people) == found


def test_fifty_thousand_contacts_take_seconds() -> None:
    made = random.Random(7)
    surnames = [f"Surname{n:x}" for n in range(4_000)]
    people = []
    for n in range(50_000):
        born = date(1930, 1, 1) + timedelta(made.randrange(12_000))
        known: dict[str, Any] = {
            "phone": "+16145550100" if n % 10 == 0 else f"+1614{n:07}",
            **HOME,
            "address": f"{n // 2} Elm St",
        }
        people.append(
            Who(
                UUID(int=n),
                made.choice(["Dana", "John", "Mary", "Ana"]),
                made.choice(surnames),
                birth_date=born,
                **known,
            )
        )
    start = time.process_time()
    find(people)
    assert time.process_time() - start < 10
