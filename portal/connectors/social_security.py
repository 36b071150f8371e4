"""Where social security numbers stand in a table, and the table without them.

A number is known by its column's name, or by its form: three, two and four digits with dashes are written for nothing
else. Nine bare digits in another column could be any number and stay.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from portal.connectors.fixed_width import Place
from portal.connectors.readers.sheet import NumberedRow

_FORM: Final = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?:-?[A-Z]\d?)?(?![\w-])", re.ASCII | re.IGNORECASE)
_BARE = re.compile(r"\s*\d{9}\s*", re.ASCII)
_MENTION = re.compile(r"ssn|soc[a-z]{0,3}[^a-z0-9]{0,3}sec|(?<![a-z])ss[^a-z0-9]{0,2}(?:#|n)|(?:tax|tin)")
_PLAIN = bytes(57 if 48 <= code <= 57 else code + 32 if 65 <= code <= 90 else code for code in range(256))  # 9, a to z
_SOCIAL = re.compile(rb"soc[a-z]{0,3}[^a-z0-9]{0,3}sec")
_SS_NUMBER = re.compile(rb"ss[^a-z0-9]{0,2}[#n]")
_TAX = re.compile(rb"t(?:in|ax)(?![a-z])|taxid")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|#")
_LONG_NUMBER = re.compile(r"\d{5}", re.ASCII)
_NO_LETTER = re.compile(r"[\d/.,:$%() -]*\d[\d/.,:$%() -]*", re.ASCII)
_NUMBERS = frozenset({"#", "no", "nbr", "num", "number"})
_OTHER_MATTERS = ("withh", "deduct", "benefit", "premium", "pay", "income", "disab", "admin", "check", "direct")
_PERSONS = frozenset(
    ("member", "mbr", "subscriber", "insured", "owner", "patient", "annuitant", "beneficiary", "client", "applicant",
     "dependent", "spouse", "policyholder")
)  # fmt: skip
_PERSON_TAX = re.compile(
    b"(?:" + "|".join(sorted(_PERSONS)).encode() + rb")[a-z' _.-]{0,12}?(?:tax|(?<![a-z])i?tin(?![a-z]))"
)
_TAX_WORDS = frozenset({"tin", "ein", "fein", "itin", "taxid", "tax"})
_LONGEST_HEADER = 80
_KEPT = "was emptied before the file was kept."
_ELSEWHERE = "had the form of a social security number; it was taken out there too."


@dataclass(slots=True)
class Emptied:
    """What was taken out: how many cells under which header, and how many by their form alone."""

    columns: dict[str, int] = field(default_factory=dict)
    elsewhere: int = 0

    def __bool__(self) -> bool:
        return self.elsewhere > 0 or any(self.columns.values())

    def notes(self) -> list[str]:
        """Sentences for a person; no value is in them."""
        said = [f"The column “{header}” {_KEPT}" for header, cells in self.columns.items() if cells]
        if self.elsewhere:
            cells = "One cell" if self.elsewhere == 1 else f"{self.elsewhere:,} cells"
            said.append(f"{cells} in other columns {_ELSEWHERE}")
        return said


def emptied_notes(notes: Iterable[str]) -> list[str]:
    """Those of a run's notes that say what was taken out of its file."""
    return [one for one in notes if one.endswith((_KEPT, _ELSEWHERE))]


def names_numbers(header: str) -> bool:
    """Whether a column of that name holds social security numbers: of members, or of whom ever."""
    if len(header) > _LONGEST_HEADER:
        return False
    words = [word.lower() for word in _WORDS.findall(header)]
    if any(word.startswith("ssn") or (word.endswith("ssn") and not word.endswith("assn")) for word in words):
        return True
    joined = "".join(words)
    if "socsec" in joined or "socialsec" in joined:
        return not any(word.startswith(_OTHER_MATTERS) for word in words)
    if any(one == "ss" and two in _NUMBERS for one, two in itertools.pairwise(words)):
        return True
    return not _PERSONS.isdisjoint(words) and names_tax_ids(header)


def names_tax_ids(header: str) -> bool:
    """Whether a column of that name holds tax ids."""
    return not _TAX_WORDS.isdisjoint(word.lower() for word in _WORDS.findall(header[:_LONGEST_HEADER]))


def may_hold(text: bytes) -> bool:
    """Whether a piece of a file, in UTF-8 or a code page, may need to be emptied; never wrong where it says no."""
    plain = text.translate(_PLAIN)
    if b"999-99-9999" in plain or b"ssn" in plain or _SOCIAL.search(plain):
        return True
    if any(not plain[found.start() - 1 : found.start()].isalpha() for found in _SS_NUMBER.finditer(plain)):
        return True
    return bool(_TAX.search(plain) and _PERSON_TAX.search(plain))


def without_form(text: str) -> str:
    """`text` without what has the form of a social security number."""
    return _FORM.sub("", text) if "-" in text else text


def blanked(line: str, secret: Mapping[str, Place], told: Emptied) -> str:
    """A line of a fixed-width file with blanks where the fields `secret` stand, and for what has the form."""
    for name, place in secret.items():
        if text := place.of(line):
            start = line.index(text, place.start - 1)
            line = line[:start] + " " * len(text) + line[start + len(text) :]
            told.columns[name] = told.columns.get(name, 0) + 1
    if "-" in line and _FORM.search(line):
        told.elsewhere += 1
        line = _FORM.sub(lambda found: " " * len(found[0]), line)
    return line


def emptied(rows: Iterator[NumberedRow], told: Emptied) -> Iterator[NumberedRow]:
    """The rows without social security numbers; `told` learns what was taken out.

    A header may stand in any row, and another one further down counts from there on. Tax ids of agents stay: the
    crosswalk needs them, and the book keeps them as a keyed hash.
    """
    secret: dict[int, str] = {}
    taxes: set[int] = set()
    width = 0
    for number, row in rows:
        if _may_be_header(row) and (found := _secret_columns(row)) is not None:
            secret, taxes = secret | found[0], found[1]
            width = len(row) if found[0] else width
            yield number, row
            continue
        for index, header in secret.items():
            if index < len(row) and row[index].strip():
                row[index] = ""
                told.columns[header] = told.columns.get(header, 0) + 1
        # Cells that slipped out of their columns: nothing is read from such a row, so nothing is lost.
        slipped = bool(secret) and len(row) != width
        for index, cell in enumerate(row):
            if ("-" in cell and index not in taxes and _FORM.search(cell)) or (slipped and _BARE.fullmatch(cell)):
                row[index] = "" if slipped else without_form(cell)
                told.elsewhere += 1
        yield number, row


def _may_be_header(row: list[str]) -> bool:
    text = "\x1f".join(row)
    if _LONG_NUMBER.search(text) or not _MENTION.search(text.lower()):
        return False
    return sum(map(bool, row)) > 1 and not any(_NO_LETTER.fullmatch(cell) for cell in row)


def _secret_columns(row: list[str]) -> tuple[dict[int, str], set[int]] | None:
    """(columns to empty with their headers, columns of tax ids), None when the row names neither."""
    secret = {index: cell.strip() for index, cell in enumerate(row) if names_numbers(cell)}
    taxes = {index for index, cell in enumerate(row) if index not in secret and names_tax_ids(cell)}
    return (secret, taxes) if secret or taxes else None
