"""What carriers write around the table: a day or a status in the file's name, the day above the header."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from portal.connectors.dates import Unreadable, read_date

_DAY_IN_NAME = re.compile(r"(?<!\d)(20\d{2})[-_]?(\d{2})[-_]?(\d{2})(?!\d)", re.ASCII)
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_MOST_WORDS = 4  # in a phrase: grace period, payment assistance


class FileStatus(NamedTuple):
    """The status that a file's name tells, and the word that tells it."""

    status: str
    word: str


def day_in_name(file_name: str) -> date | None:
    """The last day written as YYYYMMDD or YYYY-MM-DD in a file's name, None without a real one."""
    for year, month, day in reversed(_DAY_IN_NAME.findall(file_name)):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def word_key(words: str) -> str:
    """Letters and digits in lower case: "Grace Period", "grace_period" and "GracePeriod" are one word."""
    return _NOT_WORD.sub("", words.casefold())


def status_in_name(file_name: str, words: Mapping[str, str]) -> FileStatus | None:
    """The status of the one of `words` (by `word_key`) in the name; None without any, or where two disagree.

    Only whole words count: "Inactive" does not say "active". A longer phrase goes before a shorter one in it.
    """
    tokens = [token for token in re.split(r"[\W_]+", _HUMP.sub(" ", _ENDING.sub("", file_name))) if token]
    found: list[FileStatus] = []
    taken: set[int] = set()
    for length in range(min(_MOST_WORDS, len(tokens)), 0, -1):
        for start in range(len(tokens) - length + 1):
            place = set(range(start, start + length))
            phrase = " ".join(tokens[start : start + length])
            if not place & taken and (status := words.get(word_key(phrase))):
                found.append(FileStatus(status, phrase))
                taken |= place
    return found[0] if len({one.status for one in found}) == 1 else None


def day_above(rows: Iterable[list[str]], labels: tuple[str, ...], *, latest: date) -> date | None:
    """The day that stands after one of `labels` in the rows above a header, in its cell or the next filled one."""
    for row in rows:
        filled = [cell.strip() for cell in row if cell.strip()]
        for cell, following in pairwise([*filled, ""]):
            for label in labels:
                if not cell.casefold().startswith(label):
                    continue
                rest = cell[len(label) :].strip(" :")
                if day := _day(rest or following, latest):
                    return day
    return None


def _day(text: str, latest: date) -> date | None:
    try:
        return read_date(text, as_of=latest)
    except Unreadable:
        return None
