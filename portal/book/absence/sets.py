"""From the files of a carrier to its full sets: which are complete, and which of these count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from portal.connectors.full_sets import FullSet, Part, stem

SETS_THAT_MARK = 2  # absent twice in a row


@dataclass(frozen=True, slots=True)
class Declared:
    """What holds of a SmartConnector's files; `since`: files loaded before are in no set (None: all count)."""

    full_set: FullSet | None
    since: datetime | None = None
    by_layout: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A file that was loaded, or is being loaded now (`at` None)."""

    run_id: UUID
    connector_id: UUID
    file_name: str
    as_of: date
    says_full: bool | None  # what the file says of itself: all, changes only, nothing
    rows: int
    at: datetime | None
    beside: bool = False  # rows of another file, put right by hand: they tell, and are no file of a set


def part_of(one: Told, declared: Declared) -> Part | None:
    """Which part of its day's set the file is; None where it is in none."""
    if one.says_full is False or one.beside:
        return None
    before = declared.since is not None and one.at is not None and one.at < declared.since
    if declared.full_set is None or before:
        return Part("", "") if one.says_full and declared.full_set is None else None
    return declared.full_set.part(one.file_name)


def counting(files: Iterable[Told], declared: Declared) -> list[date]:
    """The as-of dates of one connector's complete sets that count, in order.

    `files` stand in the order in which they were loaded. A set that was complete only after a newer one does not
    count: what it lacks, the newer one has decided.
    """
    whole = declared.full_set or FullSet()
    parts: dict[date, set[Part]] = {}
    found: list[date] = []
    for one in files:
        part = part_of(one, declared)
        if part is None:
            continue
        mine = parts.setdefault(one.as_of, set())
        was = whole.complete(mine)
        mine.add(part)
        if not was and whole.complete(mine) and (not found or one.as_of > found[-1]):
            found.append(one.as_of)
    return found


def comparable(one: Told, files: Sequence[Told], declared: Declared) -> Told | None:
    """The last file of the connector that is like this one: the same part of a set, else of the same name; or None.

    Last: of the latest day that is not after this one's, and of that day's files the one loaded last.
    """
    mine = _kind(one, declared)
    if mine is None:
        return None
    like = [other for other in files if other.as_of <= one.as_of and _kind(other, declared) == mine]
    return max(enumerate(like), key=lambda pair: (pair[1].as_of, pair[0]), default=(0, None))[1]


def _kind(one: Told, declared: Declared) -> tuple[bool, str, str] | None:
    if one.says_full is False or one.beside:
        return None
    part = declared.full_set.part(one.file_name) if declared.full_set else None
    if part is None:
        return False, "", stem(one.file_name)
    return True, part.word, part.stem
