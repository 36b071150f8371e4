"""Which of a carrier's files together tell its whole book on one day: what is in none of them is absent.

A layout proposes it (`[feed]`), an FMO declares it. Files are told apart by words in their names (Active, Inactive)
and, where there is one for each agency, by their names as a whole, without the day in them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

MOST_FILES = 500
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^a-z]+")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_DAY_WORDS = frozenset((*_MONTHS, *(month[:3] for month in _MONTHS), "sept", "copy"))


class Part(NamedTuple):
    """What a file is of its set: the word that names it ("" without words), and its own name where that counts."""

    word: str
    stem: str


@dataclass(frozen=True, slots=True)
class FullSet:
    """The files of one day that tell everything: at least one for each of `words`, and at least `number` together."""

    words: tuple[str, ...] = ()
    number: int = 1
    keeps_ended: bool = False  # the carrier goes on listing policies that have ended

    def part(self, file_name: str) -> Part | None:
        """Which part of the set the file is; None: no part of it."""
        own = stem(file_name) if self.number > max(1, len(self.words)) else ""
        if not self.words:
            return Part("", own)
        named = _words(file_name)
        found = [word for word in self.words if _stands_in(_joined(word), named)]
        return Part(max(found, key=len), own) if found else None

    def complete(self, parts: Collection[Part]) -> bool:
        """Whether these parts are the whole set."""
        different = set(parts)
        return len(different) >= self.number and {part.word for part in different} >= set(self.words)


def stem(file_name: str) -> str:
    """The name without its ending, its day and other numbers: what stays the same from one day's file to the next."""
    return " ".join(word for word in _words(file_name.rsplit(".", 1)[0]) if word not in _DAY_WORDS)


def full_set_from(data: Mapping[str, Any]) -> FullSet | None:
    """What the `[feed]` of a layout proposes; None: its files are no full sets. Raises `ValueError`."""
    if unknown := sorted(set(data) - {"full", "files", "number", "keeps_ended"}):
        raise ValueError(f"unknown entry {unknown[0]!r} in feed")
    if not data.get("full", False):
        return None
    return checked(tuple(data.get("files", ())), int(data.get("number", 1)), bool(data.get("keeps_ended", False)))


def checked(words: tuple[str, ...], number: int, keeps_ended: bool) -> FullSet:
    """The declaration, or `ValueError` with a sentence that says what cannot be."""
    plain = [_joined(word) for word in words]
    if not all(plain):
        raise ValueError("Each word must have a letter: digits and signs in a file's name change from day to day.")
    if len(set(plain)) < len(plain):
        raise ValueError("Two of the words are the same.")
    if max(number, len(plain)) > MOST_FILES or number < 1:
        raise ValueError(f"A set has from 1 to {MOST_FILES} files.")
    return FullSet(words, max(number, len(plain)), keeps_ended)


def _words(text: str) -> list[str]:
    """Lower-case words of letters: "UHC_BookInactive-2026" is uhc, book, inactive."""
    return _OTHER.sub(" ", _CAMEL.sub(" ", text).casefold()).split()


def _joined(word: str) -> str:
    return "".join(_words(word))


def _stands_in(wanted: str, named: list[str]) -> bool:
    """Whether some words of the name, one after another, spell what is wanted: "Inactive" has no "active" in it."""
    ends = range(1, len(named) + 1)
    return any("".join(named[start:end]) == wanted for end in ends for start in range(end))
