"""Whether the entries of a seal are still what was sealed: each that was edited, removed, moved or added, by its id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from portal.compliance.seals import lines, merkle, statements
from portal.compliance.seals.archives import Archives
from portal.compliance.seals.chain import Link, moment

# A transaction's entries carry the time at which it began: so much later one may come without being backdated.
LATE = timedelta(hours=1)
MOST_KEPT = 10_000


@dataclass(slots=True)
class Found:
    """What a verification saw, and every fault as a sentence; beyond `MOST_KEPT` they are only counted."""

    entries: int = 0
    seals: int = 0
    archived: int = 0  # entries that left the log by policy
    fault_count: int = 0
    faults: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """One fault more."""
        self.fault_count += 1
        if len(self.faults) < MOST_KEPT:
            self.faults.append(sentence)


@dataclass(frozen=True, slots=True)
class Held:
    """A seal, and until when everything had been sealed before it (None: never yet)."""

    link: Link
    caught_up: datetime | None

    @property
    def words(self) -> str:
        """The seal as sentences name it."""
        return words(self.link)

    def backdated(self, at: datetime) -> bool:
        """Whether an entry of that time should have been in a seal before."""
        return self.caught_up is not None and at < self.caught_up - LATE


@dataclass(frozen=True, slots=True)
class _Entry:
    place: int
    at: datetime
    id: UUID
    leaf: bytes


def words(link: Link) -> str:
    """A seal as sentences name it."""
    return f"seal {link.n} of {moment(link.sealed_at)}"


def check(session: Session, held: Sequence[Held], archived: Archives, found: Found) -> None:
    """Look at the entries of these seals, which stand beside each other in their chain."""
    by_seal: dict[int, list[Sequence[Any]]] = defaultdict(list)
    for row in statements.members_of(session, [one.link for one in held]):
        by_seal[row[0]].append(row)
    gone: list[tuple[Held, int, UUID]] = []
    for one in held:
        _check_seal(one, by_seal[one.link.n], archived, found, gone)
    _tell_gone(session, gone, found)


def _check_seal(
    one: Held, rows: Sequence[Sequence[Any]], archived: Archives, found: Found, gone: list[tuple[Held, int, UUID]]
) -> None:
    before = found.fault_count + len(gone)
    names, entries = lines.columns(one.link.chain), []
    places, leaves = [], []
    for (place, entry_id), same in groupby(rows, key=itemgetter(1, 3)):
        places.append(place)
        entry, marked = _entry(names, list(same))
        if entry is None:
            if leaf := archived.leaf(one.link.n, place):
                leaves.append(leaf)
            else:
                gone.append((one, place, entry_id))
            continue
        leaves.append(entry.leaf)
        found.entries += 1
        entries.append(entry)
        if not marked:
            found.say(f"Entry {entry_id} of {moment(entry.at)}, number {place} in {one.words}, was edited.")
    _check_number(one, places, found)
    if found.fault_count + len(gone) == before and merkle.root(leaves) != one.link.root:
        _tell_root(one, entries, found)
    for entry in entries:
        if one.backdated(entry.at):
            found.say(
                f"Entry {entry.id} is backdated: it says {moment(entry.at)} and came into {one.words}, though"
                " everything of that time was sealed before."
            )


def _entry(names: tuple[str, ...], rows: list[Sequence[Any]]) -> tuple[_Entry | None, bool]:
    """The entry of one membership, of several of the same id the one that was sealed; and whether it is as marked."""
    made = None
    for _, place, mark, entry_id, at, *columns in rows:
        if at is None:
            continue
        leaf = merkle.leaf(lines.line(names, columns))
        made = _Entry(place, at, entry_id, leaf)
        if merkle.mark(leaf) == mark:
            return made, True
    return made, False


def _check_number(one: Held, places: Sequence[int], found: Found) -> None:
    count = one.link.count
    missing = sorted(set(range(1, count + 1)) - set(places))
    if missing:
        was = "was" if len(missing) == 1 else "were"
        found.say(
            f"{len(missing)} of {count} entries of {one.words} {was} removed together with their membership:"
            f" number {_listed(missing)}."
        )
    if len(places) + len(missing) > count:
        found.say(f"{len(places) + len(missing) - count} more than the {count} entries of {one.words} stand in it.")


def _tell_root(one: Held, entries: Sequence[_Entry], found: Found) -> None:
    sorted_ = sorted(entries, key=lambda entry: (entry.at, entry.id))
    if merkle.root([entry.leaf for entry in sorted_]) == one.link.root:
        wrong = [is_.place for is_, must in zip(entries, sorted_, strict=True) if is_.id != must.id]
        found.say(f"The entries of {one.words} were reordered: number {_listed(wrong)}.")
    else:
        found.say(
            f"The entries of {one.words} do not give its root: one of its {len(entries)} was edited or exchanged"
            " together with its membership."
        )


def _tell_gone(session: Session, gone: Sequence[tuple[Held, int, UUID]], found: Found) -> None:
    if not gone:
        return
    elsewhere = statements.moved(session, gone[0][0].link.chain, [entry_id for _, _, entry_id in gone])
    for one, place, entry_id in gone:
        what = f"Entry {entry_id}, number {place} in {one.words},"
        if at := elsewhere.get(entry_id):
            found.entries += 1
            span = f"{moment(one.link.first_at)} to {moment(one.link.last_at)}"
            found.say(f"{what} was given another time: {moment(at)}. The entries of its seal are of {span}.")
        else:
            found.say(f"{what} was removed.")


def _listed(numbers: Iterable[int]) -> str:
    """1, 3 to 5 and so on."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in runs)
