"""Dates as carriers write them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

MIN_YEAR: Final = 1900
MAX_YEAR: Final = 2200
FORMS: Final = ("iso", "slash", "words", "compact", "excel")
ORDERS: Final = ("mdy", "dmy")

_TIME = r"(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[AaPp][Mm])?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"([1-9]\d{{3}})[-/](\d{{1,2}})[-/](\d{{1,2}}){_TIME}", re.ASCII)
_SLASH = re.compile(rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.]([1-9]\d{{3}}|\d{{2}}){_TIME}", re.ASCII)
_MONTH_FIRST = re.compile(rf"([A-Za-z]{{3,9}})\.? +(\d{{1,2}}),? +([1-9]\d{{3}}){_TIME}", re.ASCII)
_DAY_FIRST = re.compile(rf"(\d{{1,2}})[- ]([A-Za-z]{{3,9}})[- ]([1-9]\d{{3}}|\d{{2}}){_TIME}", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0)?", re.ASCII)
_SERIAL = re.compile(r"(\d{1,6})(?:\.\d+)?", re.ASCII)
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
         "december"), 1)
    for name in (names, names[:3])
} | {"sept": 9}  # fmt: skip


class Unreadable(ValueError):
    """A present value that cannot be taken; `str(error)` is the end of a sentence and never repeats the value."""

    def about(self, column: str) -> str:
        """The whole sentence, of a cell in that column."""
        return f"“{column}” {self}."


class UnknownWord(Unreadable):
    """A word for which the layout has no meaning; `str(error)` is what sort of word, as "status word"."""

    def about(self, column: str) -> str:
        """The whole sentence: the column is known, its word is not."""
        return f"The {self} in “{column}” is not one that this layout knows."


def read_date(
    text: str,
    *,
    as_of: date,
    birth: bool = False,
    order: str = "mdy",
    forms: tuple[str, ...] = FORMS,
    sentinels: frozenset[date] = frozenset(),
) -> date | None:
    """The day that `text` names, None for one of `sentinels`; raises `Unreadable` for all else.

    `order` is "mdy" or "dmy" and concerns 9/10/2026 only. A two-digit year is the last such year not after `as_of`
    for a birth, and within the 70 years before and 30 after it otherwise. Years outside 1900 to 2200 are refused.
    """
    day = _calendar_day(text.strip(), as_of, birth, order, forms)
    if day in sentinels:
        return None
    if not MIN_YEAR <= day.year <= MAX_YEAR:
        raise Unreadable(f"is a date outside the years {MIN_YEAR} to {MAX_YEAR}")
    if birth and day > as_of:
        raise Unreadable("is a birth date after the date of the file")
    return day


def any_day(text: str, *, as_of: date, order: str) -> date | None:
    """The day that `text` names in whatever form and year, 9999 included; None where it names none."""
    try:
        return _calendar_day(text.strip(), as_of, False, order, FORMS[:4])
    except Unreadable:
        return None


def _calendar_day(text: str, as_of: date, birth: bool, order: str, forms: tuple[str, ...]) -> date:
    for form in forms:
        found = _try_form(form, text, order)
        if found is None:
            continue
        year, month, day = found
        try:
            if year < 100:
                return _with_century(year, month, day, as_of, birth)
            return date(year, month, day)
        except ValueError:
            raise Unreadable("is not a day of the calendar") from None
    raise Unreadable("is not a date in a form that is known here")


def _with_century(year: int, month: int, day: int, as_of: date, birth: bool) -> date:
    century = as_of.year // 100 * 100
    if birth:
        guess = date(century + year, month, day) if (month, day) != (2, 29) else date(century + year, 2, 28)
        return date((century if guess <= as_of else century - 100) + year, month, day)
    latest = as_of.year + 30
    full = latest // 100 * 100 + year
    return date(full if full <= latest else full - 100, month, day)


def _try_form(form: str, text: str, order: str) -> tuple[int, int, int] | None:
    if form == "iso":
        return _numbers(_ISO.fullmatch(text), "ymd")
    if form == "slash":
        return _numbers(_SLASH.fullmatch(text), order)
    if form == "compact":
        return _compact(text, order)
    if form == "words":
        return _words(text)
    return _serial(text)


def _numbers(match: re.Match[str] | None, order: str) -> tuple[int, int, int] | None:
    if match is None:
        return None
    part = dict(zip(order, match.groups(), strict=True))
    return int(part["y"]), int(part["m"]), int(part["d"])


def _compact(text: str, order: str) -> tuple[int, int, int] | None:
    match = _COMPACT.fullmatch(text)
    if match is None:
        return None
    if MIN_YEAR <= int(match[1]) <= MAX_YEAR or int(match[1]) in (2300, 3000, 9999):
        return int(match[1]), int(match[2]), int(match[3])
    first, second, year = int(text[:2]), int(text[2:4]), int(text[4:8])
    return (year, first, second) if order == "mdy" else (year, second, first)


def _words(text: str) -> tuple[int, int, int] | None:
    if match := _MONTH_FIRST.fullmatch(text):
        month, day, year = match.groups()
    elif match := _DAY_FIRST.fullmatch(text):
        day, month, year = match.groups()
    else:
        return None
    number = _MONTHS.get(month.lower())
    return None if number is None else (int(year), number, int(day))


def _serial(text: str) -> tuple[int, int, int] | None:
    match = _SERIAL.fullmatch(text)
    if match is None:
        return None
    serial = int(match[1])
    # A bare year looks like a serial number of 1905; serial 60 is Excel's 29 February 1900, which never was.
    if serial < 1 or MIN_YEAR <= serial <= MAX_YEAR or serial == 60:
        return None
    day = date(1899, 12, 31 if serial < 60 else 30) + timedelta(days=serial)
    return day.year, day.month, day.day
