"""What the columns of a file look like: a guess at each one's kind, and shapes of its values instead of values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Final

from portal.connectors import normalise
from portal.connectors.dates import Unreadable, any_day
from portal.connectors.headers import Named, named

MOST_ROWS: Final = 50_000
MOST_WORDS: Final = 40
NOTHING: Final = ("null", "na", "n/a", "nan", "none", "unavailable", "not available", "unknown", "-", "--", "tbd")
FAR_YEAR: Final = 2150
_TRIED = 400  # distinct values of a column that are looked at closely
_SAMPLES = 3
_MOSTLY = 0.9
_ADULT, _OLDEST = timedelta(days=18 * 365), timedelta(days=115 * 366)

_DIGITS = re.compile(r"[0-9]+")
_MONEY = re.compile(r"\(?-?[$€£] ?-?[\d.,]*\d\)?|-?[\d,]*\d\.\d\d|-?[\d.]*\d,\d\d(?: ?[$€£])?")
_PHONE_LIKE = re.compile(r"[-+(). \d]{10,}")
_ZIP = re.compile(r"\d{5}(?:-\d{4})?")
_COMMA_NAME = re.compile(r"[^\W\d]['’.\w -]*, ?[^\W\d]['’.\w -]*")
_ID = re.compile(r"[A-Za-z0-9-]*\d[A-Za-z0-9-]*")
_AMOUNT_LIKE = re.compile(r"[-(]?\s*(?:[$€£]\s*)?-?([\d.,]*\d)\s*(?:[$€£])?\s*[-)]?")
_PLAN = re.compile(r"[HRSEX]\d{4}[- /]\d{1,3}(?:[- /]\d{1,3})?", re.IGNORECASE)
_NUMERIC_DATE = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(?:\d{4}|\d\d)(?:\D.*)?")


@dataclass(frozen=True, slots=True)
class Look:
    """One column. `samples` are shapes; `words` are values, kept only of columns with few."""

    column: Named
    place: int  # index in a row
    filled: int
    distinct: int
    kind: str  # a key of KINDS
    form: str | None  # of a date column: how its dates are written
    words: tuple[tuple[str, int], ...]  # value and number of rows, the commonest first
    samples: tuple[str, ...]
    nothing: tuple[str, ...]  # words that seem to stand for no value
    far: tuple[str, ...]  # days so far off that they stand for "no end", as YYYY-MM-DD
    day_first: int  # dates that can only be read with the day first
    month_first: int
    unclear: int  # dates that can be read both ways
    example: str | None  # one of those
    serials: bool  # numbers that could be a spreadsheet's days
    births: bool  # dates that could be birth dates of adults
    unique: bool  # every row has a value, and each its own
    points: int = 0  # amounts whose decimal sign can only be a point
    commas: int = 0  # … only a comma
    unclear_amount: str | None = None  # one with a sign that could be either: 1.234
    plain_name: str | None = None  # one value of several words without a comma, as a full name may be written


KINDS: Final = {
    "empty": "Empty",
    "date": "Dates",
    "mbi": "Medicare numbers",
    "email": "E-mail addresses",
    "phone": "Telephone numbers",
    "money": "Amounts of money",
    "plan": "CMS plan numbers",
    "comma_name": "Names, last name first",
    "state": "States",
    "zip": "ZIP codes",
    "npn": "Numbers as NPNs are",
    "number": "Numbers",
    "words": "A few words",
    "id": "Identifiers",
    "text": "Text",
}


def look(header: list[str], rows: Iterable[list[str]], *, as_of: date, most: int = MOST_ROWS) -> list[Look]:
    """Every column of a table, from at most its first `most` rows; an empty row or a total is none."""
    counters: list[Counter[str]] = [Counter() for _ in header]
    read = 0
    for cells in islice(rows, most):
        if 4 * sum(bool(cell.strip()) for cell in cells) <= len(header):
            continue
        read += 1
        for counter, cell in zip(counters, cells, strict=False):
            if text := cell.strip():
                counter[text] += 1
    return [_look(column, place, counters[place], read, as_of) for place, column in enumerate(named(header))]


def shape(text: str) -> str:
    """The value's form: its first letter, then letters as a, digits as 9; at most 24 characters."""
    told = "".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in text[:24] if c.isprintable())
    return text[0].upper() + told[1:] if told and text[0].isalpha() else told


def _look(column: Named, place: int, counter: Counter[str], rows: int, as_of: date) -> Look:
    nothing = tuple(word for word in counter if word.casefold() in NOTHING)
    told = [text for text in counter if text.casefold() not in NOTHING]
    tried = told[:_TRIED]
    kind = _kind(tried, counter, len(told)) if told else "empty"
    orders = _orders(told) if kind == "date" else (0, 0, 0, None)
    order = "dmy" if orders[0] > orders[1] else "mdy"
    days = [day for text in told if (day := any_day(text, as_of=as_of, order=order))] if kind == "date" else []
    filled = sum(counter[text] for text in told)
    points, commas, unclear = _amounts(told)
    few = len(told) <= MOST_WORDS and all(len(text) <= 80 for text in told)
    return Look(
        column=column,
        place=place,
        filled=filled,
        distinct=len(told),
        kind=kind,
        form=_form(tried) if kind == "date" else None,
        words=tuple((text, counter[text]) for text in sorted(told, key=lambda t: (-counter[t], t))) if few else (),
        samples=tuple(dict.fromkeys(shape(text) for text in tried))[:_SAMPLES],
        nothing=nothing,
        far=tuple(sorted({day.isoformat() for day in days if day.year >= FAR_YEAR})),
        day_first=orders[0],
        month_first=orders[1],
        unclear=orders[2],
        example=orders[3],
        serials=bool(tried) and all(_DIGITS.fullmatch(t) and 14_000 < int(t[:6]) < 74_000 for t in tried),
        births=bool(days) and all(as_of - _OLDEST < day < as_of - _ADULT for day in days),
        unique=filled == rows == len(told) and rows > 1,
        points=points,
        commas=commas,
        unclear_amount=unclear,
        plain_name=next((text for text in tried if _is_plain_name(text)), None) if kind in _NAMED else None,
    )


def _kind(tried: list[str], counter: Mapping[str, int], distinct: int) -> str:
    for kind, fits in _TESTS.items():
        if sum(map(fits, tried)) >= _MOSTLY * len(tried):
            return kind
    repeated = sum(counter.values()) >= 2 * distinct or distinct <= 4
    if distinct <= MOST_WORDS and repeated and all(len(text) <= 60 for text in tried):
        return "words"
    return "id" if all(_ID.fullmatch(text) for text in tried) else "text"


def _is_mbi(text: str) -> bool:
    try:
        return normalise.mbi(text) is not None
    except Unreadable:
        return False


def _is_date(text: str) -> bool:
    if _DIGITS.fullmatch(text) and len(text) != 8:
        return False  # a bare number is an id before it is a spreadsheet's day
    return any(any_day(text, as_of=_ANY, order=order) is not None for order in ("mdy", "dmy"))


def _has_digits(least: int, most: int) -> Callable[[str], bool]:
    return lambda text: bool(_DIGITS.fullmatch(text)) and least <= len(text) <= most


def _is_plain_name(text: str) -> bool:
    words = text.split()
    return 2 <= len(words) <= 6 and "," not in text and not any(letter.isdigit() for letter in text)


def _amounts(texts: list[str]) -> tuple[int, int, str | None]:
    """How many amounts can only have a decimal point, or only a comma; and one that could have either."""
    points = commas = 0
    unclear = None
    for text in texts:
        match = _AMOUNT_LIKE.fullmatch(text)
        sign = match and next((letter for letter in reversed(match[1]) if letter in ".,"), None)
        if match is None or sign is None:
            continue
        other = "," if sign == "." else "."
        whole, _, decimals = match[1].rpartition(sign)
        grouped = len(decimals) == 3 and 1 <= len(whole.split(sign)[0]) <= 3
        if grouped and sign not in whole and other not in whole:
            unclear = unclear or text
        elif (sign == ",") == (sign not in whole):
            commas += 1  # 40,00 and 1.254,50; or 1.254.500, whose points group
        else:
            points += 1
    return points, commas, unclear


_NAMED = ("text", "words", "comma_name")
_ANY = date(2026, 1, 1)
_TESTS: Final[dict[str, Callable[[str], bool]]] = {
    "mbi": _is_mbi,
    "email": lambda text: normalise.email(text) is not None,
    "plan": lambda text: bool(_PLAN.fullmatch(text)),
    "date": _is_date,
    "money": lambda text: bool(_MONEY.fullmatch(text)),
    "phone": lambda text: bool(_PHONE_LIKE.fullmatch(text)) and normalise.phone(text) is not None,
    "comma_name": lambda text: bool(_COMMA_NAME.fullmatch(text)),
    "state": lambda text: len(text) == 2 and normalise.state(text) is not None,
    "zip": lambda text: bool(_ZIP.fullmatch(text)),
    "npn": _has_digits(6, 10),
    "number": _has_digits(1, 30),
}


def _orders(texts: list[str]) -> tuple[int, int, int, str | None]:
    """How many dates have the day first, the month first, or could have either; and one of the last."""
    day_first = month_first = unclear = 0
    example = None
    for text in texts:
        if match := _NUMERIC_DATE.fullmatch(text):
            first, second = int(match[1]), int(match[3])
            if first > 12:
                day_first += 1
            elif second > 12:
                month_first += 1
            elif first != second:
                unclear += 1
                example = example or text
    return day_first, month_first, unclear, example


def _form(texts: list[str]) -> str:
    text = next(iter(texts))
    if match := _NUMERIC_DATE.fullmatch(text):
        return f"numbers with “{match[2]}” between"
    if _DIGITS.fullmatch(text):
        return "eight digits"
    return "year first" if text[:4].isdigit() else "with the month's name"
