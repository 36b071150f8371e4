"""Invented members have the shapes that make matching hard, and nothing of anybody real."""

from __future__ import annotations

import re
from itertools import islice
from random import Random

import pytest

from portal.demo.people import Person, households, mbi
from tests.demo.conftest import AS_OF


@pytest.fixture(scope="module")
def homes() -> list[list[Person]]:
    return list(islice(households(Random(2), seed=2, as_of=AS_OF), 3000))


def test_identifiers_are_unique(homes: list[list[Person]]) -> None:
    people = [person for home in homes for person in home]
    assert len({person.serial for person in people}) == len({person.mbi for person in people}) == len(people)
    assert len({mbi(number) for number in range(5000)}) == 5000


def test_only_example_addresses_and_nobodys_phones(homes: list[list[Person]]) -> None:
    people = [person for home in homes for person in home]
    emails = [person.email for person in people if person.email]
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+\d+@[a-z]+\.example", email) for email in emails)
    assert 0.6 < len(emails) / len(people) < 0.95
    assert all(re.fullmatch(r"[2-9]\d{2}55501\d\d", person.phone) for person in people if person.phone)
    assert all(re.fullmatch(r"\d{5}", person.zip) for person in people)
    assert any(person.zip.startswith("0") for person in people)


def test_names_fit_every_file_and_have_rare_shapes(homes: list[list[Person]]) -> None:
    lasts = {person.last for home in homes for person in home}
    for name in lasts | {person.first for home in homes for person in home}:
        assert name.encode("cp1252")
    assert max(map(len, lasts)) == 60
    assert (
        any("-" in last for last in lasts) and any("ñ" in last for last in lasts) and any("'" in last for last in lasts)
    )


def test_households_share_what_must_not_identify(homes: list[list[Person]]) -> None:
    pairs = [home for home in homes if len(home) == 2]
    assert any(one.phone == two.phone != "" and one.email == two.email != "" for one, two in pairs)
    assert any(one.birth == two.birth and one.last == two.last and one.first != two.first for one, two in pairs)
    juniors = [
        (one, two) for one, two in pairs if two.suffix == "Jr" and (one.first, one.last) == (two.first, two.last)
    ]
    assert juniors and all(one.birth < two.birth for one, two in juniors)
