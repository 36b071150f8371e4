"""What becomes of each name that a look found: pure, from what stands there and what is remembered of earlier looks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from portal.book.arrival import names
from portal.book.arrival.places import Entry
from portal.connectors.readers import MAX_BYTES

STRANGE = "Its name holds signs that a file’s name may not have."
NO_FILE = "It is a folder or a link, not a file."
UNFINISHED = "Its name says that it is still being written."
GROWING = "It is taken once a second look finds it unchanged."
EMPTY = "It is empty."
TOO_LARGE = f"It is larger than {MAX_BYTES // 1024 // 1024} MB, more than the portal loads."
KNOWN = "It was taken before."
MOST_LINES = 200


class Seen(NamedTuple):
    """What is remembered of a file that waits."""

    size: int
    modified: int
    since: datetime


class Line(NamedTuple):
    """One line of a look's report: a name that may be shown, and what became of it."""

    name: str
    size: int
    outcome: str  # taken | ready | waiting | left | known | refused
    why: str
    run: str | None = None


@dataclass(slots=True)
class Judged:
    """All names of a folder, sorted by what becomes of them."""

    ready: list[Entry] = field(default_factory=list)
    waiting: list[Entry] = field(default_factory=list)
    refused: list[Entry] = field(default_factory=list)
    known: list[Entry] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    unmatched: int = 0  # names that the pattern does not mean


def judge(
    entries: Sequence[Entry],
    pattern: str,
    *,
    dealt_with: Collection[tuple[str, int, int]],
    seen: Mapping[str, Seen],
    now: datetime,
    settled: timedelta,
) -> Judged:
    """Sort what stands in a folder. Ready is a file that a look saw with this size and time `settled` ago or before."""
    judged = Judged()
    for entry in sorted(entries):
        if names.strange(entry.name):
            judged.lines.append(Line(names.printable(entry.name), entry.size, "left", STRANGE))
        elif not names.matches(entry.name, pattern):
            judged.unmatched += 1
        elif not entry.regular:
            judged.lines.append(Line(entry.name, 0, "left", NO_FILE))
        elif names.unfinished(entry.name):
            judged.lines.append(Line(entry.name, entry.size, "left", UNFINISHED))
        else:
            _judge_file(entry, judged, (entry[:3] in dealt_with), seen.get(entry.name), now - settled)
    return judged


def _judge_file(entry: Entry, judged: Judged, known: bool, before: Seen | None, latest: datetime) -> None:
    if known:
        judged.known.append(entry)
    elif before is None or before[:2] != (entry.size, entry.modified) or before.since > latest:
        judged.waiting.append(entry)
        judged.lines.append(Line(entry.name, entry.size, "waiting", GROWING))
    elif not entry.size:
        judged.waiting.append(entry)
        judged.lines.append(Line(entry.name, 0, "waiting", EMPTY))
    elif entry.size > MAX_BYTES:
        judged.refused.append(entry)
    else:
        judged.ready.append(entry)
