"""Who may be the same person although no key of the ladder says so. Pure; weak evidence that never merges anybody.

A name that is the same or a variant of it counts together with something else that agrees. What speaks against one
person outweighs all of it: another Medicare number, gender or generation, or birth dates that are a generation apart.
So spouses who share an e-mail, twins, a father and his junior, and families under one subscriber are no candidates.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from portal.connectors.ladder import name_key
from portal.crm.duplicates.nicknames import are_nicknames, is_known

GENERATION = 15  # years
MANY = 40  # people behind one value: an office's telephone, a filler
LONG_ENOUGH = 4  # letters, for a slip of the pen
_LETTERS = str.maketrans({"ø": "o", "ß": "ss", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_PARTS = re.compile(r"[\s\-‐-―_/]+")
_SUFFIXES = {"jr": "2", "ii": "2", "2nd": "2", "sr": "1", "i": "1", "iii": "3", "3rd": "3", "iv": "4", "4th": "4"}
_SAME = "same"
# Variant of the name → (its words, strength together with a birth date).
_VARIANTS = {
    "nickname": ("a nickname", 85),
    "swapped": ("first and last name swapped", 85),
    "half": ("half of a double name", 80),
    "typo": ("a name that differs by a letter", 75),
    "suffix": ("a suffix that only one has", 70),
    "last": ("another last name", 50),
}


@dataclass(slots=True, eq=False)
class Who:
    """What a contact shows, as far as it tells people apart; None and "" where nothing is known."""

    id: UUID
    first_name: str | None = None
    last_name: str | None = None
    suffix: str | None = None
    birth_date: date | None = None
    gender: str | None = None
    mbi_hash: str | None = None
    email: str | None = None
    phone: str | None = None
    zip: str | None = None
    address: str | None = None
    first: tuple[str, ...] = field(init=False)  # the whole name's key, then those of its parts
    last: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.first, self.last = name_parts(self.first_name), name_parts(self.last_name)

    @property
    def home(self) -> str | None:
        """Street and zip together, None where either is missing."""
        street = name_key(self.address or "")
        return f"{self.zip}|{street}" if self.zip and street else None


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two contacts for a person to look at; `one` is the smaller id, `strength` 1 to 99 for ordering."""

    one: UUID
    other: UUID
    strength: int
    reason: str


def name_parts(name: str | None) -> tuple[str, ...]:
    """The key of a name, and of each part of a double one: "Smith-Jones" gives smithjones, smith, jones."""
    plain = (name or "").lower().translate(_LETTERS)
    whole = name_key(plain)
    parts = tuple(key for part in _PARTS.split(plain) if (key := name_key(part)))
    return (whole, *parts) if len(parts) > 1 else (whole,) if whole else ()


def likeness(one: Who, other: Who) -> Likeness | None:
    """Why these two may be one person, or None."""
    variants = _variants(one, other)
    if variants is None or _not_the_same(one, other):
        return None
    agreed = [word for word, same in _agreements(one, other) if same]
    born_same = one.birth_date is not None and one.birth_date == other.birth_date
    born_apart = not born_same and one.birth_date is not None and other.birth_date is not None
    strength = _strength(variants, agreed, born_same=born_same, born_apart=born_apart)
    if strength is None:
        return None
    first, second = sorted((one.id, other.id))
    named = " and ".join(_VARIANTS[variant][0] for variant in variants) or "the same name"
    words = [named, *(f"the same {word}" for word in agreed), *(["another birth date"] if born_apart else [])]
    reason = ", ".join(words)
    return Likeness(first, second, strength, reason[0].upper() + reason[1:])


def _variants(one: Who, other: Who) -> list[str] | None:
    """In what two names differ, [] where they are the same, None where they are names of two people."""
    if not (one.first and one.last and other.first and other.last):
        return None
    first, last = _variant(one.first, other.first, given=True), _variant(one.last, other.last, given=False)
    if first is None or last is None:
        if one.first[0] == other.last[0] and one.last[0] == other.first[0]:
            return ["swapped"]
        return ["last"] if first == _SAME and last is None else None
    found = [variant for variant in (first, last) if variant != _SAME]
    return found + (["suffix"] if _rank(one) != _rank(other) else [])


def _variant(one: tuple[str, ...], other: tuple[str, ...], *, given: bool) -> str | None:
    if one[0] == other[0]:
        return _SAME
    if other[0] in one[1:] or one[0] in other[1:]:
        return "half"
    if given and any(are_nicknames(a, b) for a in (one[0], *one[1:2]) for b in (other[0], *other[1:2])):
        return "nickname"
    if given and is_known(one[0]) and is_known(other[0]):
        return None  # two names that people have, as twins have them
    return "typo" if _slipped(one[0], other[0]) else None


def _slipped(one: str, other: str) -> bool:
    """Whether one edit or two letters swapped make one of the other; both at least four letters long."""
    if min(len(one), len(other)) < LONG_ENOUGH or abs(len(one) - len(other)) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    if len(one) == len(other):
        swapped = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
        return swapped or one[at + 1 :] == other[at + 1 :]
    short, long = sorted((one, other), key=len)
    return short[at:] == long[at + 1 :]


def _not_the_same(one: Who, other: Who) -> bool:
    """What outweighs every likeness."""
    ranks = _rank(one), _rank(other)
    return (
        _differ(one.mbi_hash, other.mbi_hash)
        or _differ(one.gender, other.gender)
        or (all(ranks) and ranks[0] != ranks[1])
        or _years_apart(one, other) >= GENERATION
    )


def _years_apart(one: Who, other: Who) -> int:
    if one.birth_date is None or other.birth_date is None:
        return 0
    return abs((one.birth_date - other.birth_date).days) // 365


def _rank(one: Who) -> str:
    suffix = name_key(one.suffix or "")
    return _SUFFIXES.get(suffix, "")


def _differ(one: str | None, other: str | None) -> bool:
    return bool(one) and bool(other) and one != other


def _agreements(one: Who, other: Who) -> Iterator[tuple[str, bool]]:
    yield "birth date", one.birth_date is not None and one.birth_date == other.birth_date
    yield "phone", bool(one.phone) and one.phone == other.phone
    yield "e-mail", bool(one.email) and (one.email or "").lower() == (other.email or "").lower()
    yield "address", one.home is not None and one.home == other.home


def _strength(variants: list[str], agreed: list[str], *, born_same: bool, born_apart: bool) -> int | None:
    """1 to 99, or None where it is too little for a person's time."""
    contact = [word for word in agreed if word != "birth date"]
    if born_apart:
        # A digit of the birth date may be wrong; with a variant of the name beside it, it is somebody else.
        return 40 if not variants and contact and contact != ["address"] else None
    if not variants:
        if born_same:
            return min(95, 90 + 2 * len(contact))
        return (80 if contact != ["address"] else 70) if contact else None
    if "last" in variants or len(variants) > 1:
        return min(60, 50 + 3 * len(contact)) if born_same and contact else None
    if variants == ["suffix"] and not born_same:
        return None  # a father and his junior live at one address
    base = _VARIANTS[variants[0]][1]
    if born_same:
        return min(base + 2 * len(contact), 89)
    return base - 20 - (10 if contact == ["address"] else 0) if contact else None


def find(people: Iterable[Who]) -> list[Likeness]:
    """Every pair that may be one person, the strongest first; in time for an account of 50,000.

    Only people who share a birth date, a telephone, an e-mail or an address are compared. Behind a value that very many
    share, such as an office's telephone, only those of them are whose first or last name is the same.
    """
    blocks: dict[tuple[str, object], list[Who]] = {}
    for who in people:
        email = who.email.lower() if who.email else None
        known = (("born", who.birth_date), ("phone", who.phone), ("email", email), ("home", who.home))
        for kind, value in known:
            if value:
                blocks.setdefault((kind, value), []).append(who)
    found: dict[tuple[UUID, UUID], Likeness] = {}
    for block in blocks.values():
        for one, other in _pairs(block):
            pair = (one.id, other.id) if one.id < other.id else (other.id, one.id)
            if pair not in found and (alike := likeness(one, other)):
                found[pair] = alike
    return sorted(found.values(), key=lambda pair: (-pair.strength, pair.one, pair.other))


def _pairs(block: list[Who]) -> Iterator[tuple[Who, Who]]:
    if len(block) <= MANY:
        yield from itertools.combinations(block, 2)
        return
    for name in (_last, _first, _either):
        for part in _split(block, name):
            for few in [part] if len(part) <= MANY else _split(part, _whole):
                yield from itertools.combinations(few[:MANY], 2)


def _split(block: list[Who], name: Callable[[Who], Hashable]) -> Iterable[list[Who]]:
    parts: dict[Hashable, list[Who]] = {}
    for who in block:
        parts.setdefault(name(who), []).append(who)
    return parts.values()


def _last(who: Who) -> Hashable:
    return who.last[:1]


def _first(who: Who) -> Hashable:
    return who.first[:1]


def _whole(who: Who) -> Hashable:
    return who.first[:1], who.last[:1]


def _either(who: Who) -> Hashable:
    return frozenset((*who.first[:1], *who.last[:1]))
