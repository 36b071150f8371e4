"""One row of a file to values as they are stored, the keys of the match ladder, and what could not be taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Final

from portal.connectors import names, normalise
from portal.connectors.dates import Unreadable, read_date
from portal.connectors.ladder import name_key, person_key
from portal.connectors.words import carriers

LONGEST = 120
LONGEST_NOTE = 2_000
_OLDEST = date(1900, 1, 1)
_EMPTY: Final = frozenset({"", "-", "--", "n/a", "na", "none", "null", "nil", "unknown", "#n/a"})
_NAMES = ("first_name", "middle_name", "last_name", "suffix")
_SLASHED = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2})(?:\D.*)?", re.ASCII)
_USEFUL: Final[Mapping[str, tuple[Callable[[str], str | None], str]]] = {
    "email": (normalise.email, "is no e-mail address"),
    "phone": (normalise.phone, "is no telephone number with its area code"),
    "state": (normalise.state, "is no state of the United States"),
    "zip": (normalise.zip_code, "is no ZIP code"),
    "gender": (normalise.gender, "is neither female nor male"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that was not taken: its column's header, its shape without the value, and why."""

    column: str
    shape: str
    reason: str


@dataclass(slots=True)
class ReadRow:
    """What one row says. `refused`: it says wrongly who it is, so that nothing of it may be taken."""

    number: int
    values: dict[str, str] = field(default_factory=dict)  # keys of TYPED_FIELDS, as contacts keep them
    mbi: str | None = None
    number_key: str | None = None  # carrier|member id, as the book has it
    note: str | None = None
    problems: list[Problem] = field(default_factory=list)
    refused: bool = False

    @property
    def birth_date(self) -> date | None:
        """The birth date, if any."""
        text = self.values.get("birth_date")
        return date.fromisoformat(text) if text else None

    @property
    def named(self) -> bool:
        """Whether a contact can be made of it."""
        return bool(self.values.get("first_name") and self.values.get("last_name"))

    def keys(self, mbi_hash: str | None) -> dict[str, str]:
        """Rung → value, for each rung of the ladder that this row can be found by."""
        said = self.values
        person = person_key(said.get("first_name"), said.get("last_name"), self.birth_date, said.get("zip"))
        found = {"mbi": mbi_hash, "number": self.number_key, "person": person}
        return {rung: value for rung, value in found.items() if value}


def read_row(
    number: int, cells: list[str], columns: Mapping[int, str], header: list[str], *, order: str, today: date
) -> ReadRow:
    """Read one row; what cannot be taken becomes a problem, never an exception."""
    row = ReadRow(number)
    said = {name: cells[at] for at, name in columns.items() if at < len(cells) and cells[at].lower() not in _EMPTY}
    titles = {name: header[at].strip() or f"column {at + 1}" for at, name in columns.items() if at < len(header)}
    _read_names(row, said, titles)
    if day := said.get("birth_date"):
        _must(row, titles["birth_date"], lambda: row.values.update(birth_date=_birth(day, order, today)), day)
    if mbi := said.get("mbi"):
        _must(row, titles["mbi"], lambda: setattr(row, "mbi", normalise.mbi(mbi)), mbi)
    if said.get("carrier") and said.get("member_number"):
        _read_number(row, said, titles)
    for name, (reader, why) in _USEFUL.items():
        if text := said.get(name):
            value = reader(text)
            if value is None:
                row.problems.append(Problem(titles[name], normalise.shape(text), why))
            else:
                row.values[name] = value
    for name in ("address1", "address2", "city"):
        if text := names.tidy(said.get(name, "")):
            _short(row, name, text, titles[name])
    row.note = said.get("note", "").strip()[:LONGEST_NOTE] or None
    return row


def _read_names(row: ReadRow, said: Mapping[str, str], titles: Mapping[str, str]) -> None:
    found: dict[str, str | None] = {}
    if full := said.get("full_name"):
        found = dict(zip(_NAMES, names.full_name(full), strict=True))
    if first := said.get("first_name"):
        found["first_name"], found["middle_name"] = names.first_and_middle(first)
    if last := said.get("last_name"):
        found["last_name"], found["suffix"] = names.last_and_suffix(last)
    if middle := said.get("middle_name"):
        found["middle_name"] = names.readable_case(names.tidy(middle))
    if suffix := said.get("suffix"):
        found["suffix"] = names.tidy(suffix)
    for name, text in found.items():
        if text:
            title = titles.get(name) or titles.get("full_name") or titles.get("first_name") or titles["last_name"]
            _short(row, name, text, title, refused=name in ("first_name", "last_name"))


def _short(row: ReadRow, name: str, text: str, title: str, *, refused: bool = False) -> None:
    if len(text) <= LONGEST:
        row.values[name] = text
        return
    row.problems.append(Problem(title, normalise.shape(text), f"is longer than {LONGEST} characters"))
    row.refused = row.refused or refused


def _must(row: ReadRow, title: str, take: Callable[[], object], text: str) -> None:
    """Take a value that says who somebody is; where it cannot be read, the whole row is refused."""
    try:
        take()
    except Unreadable as error:
        row.problems.append(Problem(title, normalise.shape(text), str(error)))
        row.refused = True


def _birth(text: str, order: str, today: date) -> str:
    day = read_date(text, as_of=today, birth=True, order=order)
    if day is None or day < _OLDEST:
        raise Unreadable("is no birth date of a living person")
    return day.isoformat()


def _read_number(row: ReadRow, said: Mapping[str, str], titles: Mapping[str, str]) -> None:
    carrier = carrier_key(said["carrier"])
    if carrier is None:
        shape = normalise.shape(said["carrier"])
        why = "is no carrier that is known here, so the member ID beside it was not compared"
        row.problems.append(Problem(titles["carrier"], shape, why))
        return
    text = said["member_number"]

    def take() -> None:
        value = normalise.identifier(text)
        row.number_key = f"{carrier}|{value}" if value else None

    _must(row, titles["member_number"], take, text)


@cache
def _carrier_words() -> dict[str, str]:
    return {name_key(word): key for key, name in carriers().items() for word in (key, name)}


def carrier_key(text: str) -> str | None:
    """The key of the one known carrier that `text` names ("Humana Inc." too), else None."""
    wanted, words = name_key(text), _carrier_words()
    if wanted in words:
        return words[wanted]
    near = {
        key for word, key in words.items() if wanted.startswith(word) or (len(wanted) > 3 and word.startswith(wanted))
    }
    return near.pop() if len(near) == 1 else None


def date_order(texts: Iterable[str]) -> tuple[str, bool]:
    """("mdy" or "dmy", whether the texts leave it open): 25/12/1950 can be read one way only."""
    day_first = month_first = unclear = 0
    for text in texts:
        if match := _SLASHED.fullmatch(text.strip()):
            day_first += int(match[1]) > 12
            month_first += int(match[2]) > 12
            unclear += 1
    if day_first and not month_first:
        return "dmy", False
    return "mdy", bool(unclear) and not month_first
