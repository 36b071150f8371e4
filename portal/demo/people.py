"""Invented members, by household, with what makes matching hard: shared phones, twins, juniors, long names."""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from faker.providers.person.en_US import Provider

from portal.demo.places import PLACES, STREET_KINDS, STREETS


def _spelled(names: Iterable[str]) -> tuple[str, ...]:
    """The names sorted, with McGee for the list's "Mcgee"."""
    return tuple(sorted(re.sub("^Mc[a-z]", lambda start: "Mc" + start[0][2].upper(), name) for name in names))


WOMEN = _spelled(Provider.first_names_female)
MEN = _spelled(Provider.first_names_male)
LAST = _spelled(Provider.last_names)
# Every name must fit Windows-1252, because one of the carrier files is written in it, and must come back from capitals.
RARE_WOMEN = ("Zoë", "Renée", "María José", "Anne-Marie", "Siân", "Mary Jo", "Inés", "Noëlle")
RARE_MEN = ("José", "François", "Jean-Luc", "Ángel", "D'Andre", "Björn", "Seán", "J. Paul")
RARE_LAST = (
    "O'Brien", "Muñoz", "García-Peña", "Smith-Jones", "De La Cruz", "St. James", "Van Der Berg", "D'Amico",
    "McAllister",
    "Nuñez", "Brontë", "Fitzgerald-O'Neill", "Ng", "Fernández", "Saint-Exupère", "Ó Súilleabháin",
)  # fmt: skip
LONG_LAST = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh-Smythe"  # 60 characters
MBI_LETTERS = "ACDEFGHJKMNPQRTUVWXY"
MBI_FORM = "1AX9AX9AA99"
MBI_CHOICES = {"1": "123456789", "9": "0123456789", "A": MBI_LETTERS, "X": "0123456789" + MBI_LETTERS}
MAIL_HOSTS = ("mail.example", "inbox.example", "post.example", "letters.example")


@dataclass(slots=True)
class Person:
    """One invented member; absent values are empty text. `serial` is unique and makes every number of the person."""

    serial: int
    first: str
    middle: str
    last: str
    suffix: str
    birth: date
    gender: str
    mbi: str
    email: str
    phone: str  # ten digits
    address1: str
    address2: str
    city: str
    state: str
    zip: str
    county: str
    covered: bool = False
    taken: set[tuple[str, str, date]] = field(default_factory=set)


def mbi(number: int) -> str:
    """An identifier of the form of an MBI; different numbers below 10**12 give different identifiers."""
    rest = number * 7_368_787_913 % 12_960_000_000_000  # the prime shares no factor with the count of all MBIs
    text = ""
    for place in MBI_FORM:
        choices = MBI_CHOICES[place]
        rest, index = divmod(rest, len(choices))
        text += choices[index]
    return text


def ascii_name(text: str) -> str:
    """Lower-case letters of a name without accents, for an e-mail address."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in folded.lower() if letter.isalpha())


def phone(rng: Random, area: str) -> str:
    """Ten digits in the range that is nobody's: area code, then 555-0100 to 555-0199."""
    return f"{area}55501{rng.randrange(100):02d}"


def households(rng: Random, *, seed: int, as_of: date) -> Iterator[list[Person]]:
    """Yield one household after the other without end: one person, a couple, twins, or a father and his junior."""
    serial = (seed % 9_000) * 100_000_000
    while True:
        serial += 10
        head = _head(rng, serial, as_of)
        draw = rng.random()
        if draw < 0.62:
            yield [head]
        elif draw < 0.92:
            yield [head, _spouse(rng, head)]
        elif draw < 0.95:
            yield [head, _twin(rng, head)]
        elif draw < 0.99:
            father = replace(head, gender="M", first=_first(rng, "M"), suffix=rng.choice(("", "Sr")), taken=set())
            yield [father, _junior(rng, father)]
        else:
            yield [replace(head, last=LONG_LAST, taken=set())]


def _head(rng: Random, serial: int, as_of: date) -> Person:
    gender = rng.choice("FM")
    place = rng.choice(PLACES)
    first = _first(rng, gender)
    last = rng.choice(RARE_LAST) if rng.random() < 0.06 else rng.choice(LAST)
    return Person(
        serial=serial,
        first=first,
        middle=rng.choice("ABCDEFGHJKLMNPRSTW") if rng.random() < 0.6 else "",
        last=last,
        suffix=rng.choice(("Jr", "Sr", "II", "III")) if gender == "M" and rng.random() < 0.04 else "",
        birth=_birth(rng, as_of),
        gender=gender,
        mbi=mbi(serial),
        email=_email(rng, first, last, serial) if rng.random() < 0.82 else "",
        phone=phone(rng, place.area) if rng.random() < 0.95 else "",
        address1=f"{rng.randrange(1, 9900)} {rng.choice(STREETS)} {rng.choice(STREET_KINDS)}",
        address2=f"{rng.choice(('Apt', 'Unit', '#'))} {rng.randrange(1, 400)}" if rng.random() < 0.18 else "",
        city=place.city,
        state=place.state,
        zip=place.zip,
        county=place.county,
    )


def _spouse(rng: Random, head: Person) -> Person:
    """Same phone, address and mostly e-mail and last name; another first name, birth date and MBI."""
    gender = "M" if head.gender == "F" else "F"
    first = _first(rng, gender)
    return replace(
        head,
        serial=head.serial + 1,
        first=first,
        last=head.last if rng.random() < 0.85 else rng.choice(LAST),
        suffix="",
        gender=gender,
        birth=head.birth + timedelta(days=rng.randrange(30, 2400)),
        mbi=mbi(head.serial + 1),
        email=head.email if rng.random() < 0.6 else _email(rng, first, head.last, head.serial + 1),
        taken=set(),
    )


def _twin(rng: Random, head: Person) -> Person:
    first = _first(rng, head.gender)
    while first == head.first:
        first = _first(rng, head.gender)
    return replace(
        head, serial=head.serial + 1, first=first, suffix="", mbi=mbi(head.serial + 1), email="", taken=set()
    )


def _junior(rng: Random, father: Person) -> Person:
    """The father's name and address, about 25 years younger."""
    return replace(
        father,
        serial=father.serial + 1,
        suffix="Jr",
        birth=father.birth + timedelta(days=rng.randrange(7700, 10500)),
        mbi=mbi(father.serial + 1),
        email=_email(rng, father.first, father.last, father.serial + 1),
        taken=set(),
    )


def _first(rng: Random, gender: str) -> str:
    if rng.random() < 0.04:
        return rng.choice(RARE_WOMEN if gender == "F" else RARE_MEN)
    return rng.choice(WOMEN if gender == "F" else MEN)


def _email(rng: Random, first: str, last: str, serial: int) -> str:
    return f"{ascii_name(first)}.{ascii_name(last)}{serial % 100_000_000}@{rng.choice(MAIL_HOSTS)}"


def _birth(rng: Random, as_of: date) -> date:
    """Mostly 65 to 95 years; some turn 65 in the next four months; a few are younger (disability)."""
    draw = rng.random()
    if draw < 0.06:
        day = as_of + timedelta(days=rng.randrange(1, 120))
        return day.replace(year=day.year - 65, day=min(day.day, calendar.monthrange(day.year - 65, day.month)[1]))
    days = rng.randrange(40 * 365, 64 * 365) if draw < 0.1 else rng.randrange(65 * 365 + 120, 95 * 365)
    return as_of - timedelta(days=days)
