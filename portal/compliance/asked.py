"""What the address asks of the log: filters and the place in it. Only ids, dates and words of the log, never PHI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from portal.core import clock
from portal.core.ids import parse_id

OUTCOMES = {"done": "Done", "refused": "Refused", "failed": "Failed"}
IDS = ("member", "run", "session", "about")
KEYS = ("who", "role", "action", "business", "outcome", "from", "to", *IDS)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LONGEST = 400  # characters of a filter: several actions stand in one


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the log, between two entries: the moment and id of the one beside it."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // MICROSECOND}-{self.id.hex}"


@dataclass(frozen=True, slots=True)
class LogAsked:
    """Filters by KEYS (known keys with usable values only) and where to go on: `older` or `newer` than a place."""

    path: str
    args: Mapping[str, str]
    older: Place | None = None
    newer: Place | None = None

    def href(self, **change: str | None) -> str:
        """The newest page of the same list with some filters changed; None removes one. `since` stands for from."""
        if "since" in change:
            change["from"] = change.pop("since")
        query = urlencode({key: value for key, value in {**self.args, **change}.items() if value})
        return f"{self.path}?{query}" if query else self.path

    def id(self, key: str) -> UUID | None:
        """The id that a filter names, or None."""
        return parse_id(self.args.get(key, ""))

    def day(self, key: str) -> date | None:
        """The day of `from` or `to`, or None."""
        return _day(self.args.get(key, ""))

    @property
    def begin(self) -> datetime | None:
        """The first moment that is asked for."""
        first = self.day("from")
        return datetime(first.year, first.month, first.day, tzinfo=clock.zone()) if first else None

    @property
    def end(self) -> datetime | None:
        """The first moment that is no longer asked for."""
        last = self.day("to")
        return datetime(last.year, last.month, last.day, tzinfo=clock.zone()) + timedelta(days=1) if last else None


def read(path: str, args: Mapping[str, str]) -> LogAsked:
    """Read the filters of an address; what is unknown or malformed is left out."""
    # A value with control characters was typed by nobody, and the database refuses some of them.
    given = {key: text[:LONGEST] for key in KEYS if (text := args.get(key, "").strip()) and text.isprintable()}
    for key in IDS:
        if key in given and parse_id(given[key]) is None:
            del given[key]
    for key in ("from", "to"):
        if key in given and _day(given[key]) is None:
            del given[key]
    if given.get("outcome") not in OUTCOMES:
        given.pop("outcome", None)
    return LogAsked(path, given, _place(args.get("older", "")), _place(args.get("newer", "")))


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2200 else None


def _place(text: str) -> Place | None:
    number, _, spelled = text.partition("-")
    entry_id = parse_id(spelled)
    if entry_id is None or not (number.isascii() and number.isdigit()) or len(number) > 17:
        return None
    return Place(EPOCH + int(number) * MICROSECOND, entry_id)


def quick_ranges(asked: LogAsked) -> list[tuple[str, str, bool]]:
    """(words, address, whether it is the present one) of the ranges that are asked for most."""
    today = clock.local(clock.now()).date()
    starts = {"Today": 0, "Last 7 days": 6, "Last 30 days": 29, "Last 12 months": 364}
    ranges: list[tuple[str, date | None, date | None]] = [("Any time", None, None)]
    ranges += [(name, today - timedelta(days=back), today) for name, back in starts.items()]
    return [
        (name, asked.href(since=_iso(first), to=_iso(last)), _is(asked, first, last)) for name, first, last in ranges
    ]


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _is(asked: LogAsked, first: date | None, last: date | None) -> bool:
    return asked.day("from") == first and asked.day("to") == last
