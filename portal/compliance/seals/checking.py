"""Verifying a chain: every seal against its neighbours, its key and its anchor, every entry against its seal.

In one snapshot, streamed, so that a log of any length needs the memory of a few thousand entries. It goes on after
every fault and names each. What cannot be found: an entry that was removed before its first seal, and a chain that was
made anew by somebody who has both the signing key and the anchor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from portal.compliance.seals import anchor, chain, contents, signing, statements, store
from portal.compliance.seals.anchor import Anchored
from portal.compliance.seals.archives import Archives
from portal.compliance.seals.chain import BEGIN, Link, moment
from portal.compliance.seals.contents import Found, Held, words
from portal.compliance.seals.scopes import sealing
from portal.compliance.seals.witnesses import Told
from portal.core.session import open_session

PATIENCE = timedelta(minutes=10)  # for an entry to be sealed, and a seal to be anchored
AT_ONCE = 5_000  # entries in memory
Tell = Callable[[int, int], None]


def verify(of: UUID, tell: Tell = lambda done, total: None, told: Sequence[Told] = ()) -> Found:
    """Check one chain; `tell` hears how many entries are done, of how many. `told`: what witnesses say of it."""
    found = Found()
    # Before the snapshot: what is anchored later was sealed later.
    known, kept = _anchor_size(of, found), _in_store(of, found)
    with open_session(sealing(of)) as session:
        statements.one_snapshot(session)
        walk = _Walk(found, statements.now(session), statements.stray(session, of), _by_number([*told, *kept]))
        total, archived = statements.entries(session, of), statements.archives(session, of)
        along = walk.along(statements.seals_after(session, of), anchor.lines(of, known))
        for held in _portions(along, archived):
            contents.check(session, held, archived, found)
            tell(found.entries, total)
        walk.end()
        found.archived = archived.entries
        for fault in archived.faults():
            found.say(fault)
        _check_left(session, of, walk, found)
        for entry_id, times in statements.twice(session, of):
            found.say(f"The id {entry_id} is that of {times} entries: one was inserted beside the other.")
    return found


def _anchor_size(of: UUID, found: Found) -> int:
    try:
        return anchor.size(of)
    except OSError as error:
        found.say(f"The anchor cannot be read ({error.strerror or type(error).__name__}).")
        return 0


def _in_store(of: UUID, found: Found) -> Sequence[Told]:
    try:
        return store.told(of)
    except OSError as error:
        found.say(f"The store of the anchor cannot be read ({error}).")
        return ()


def _by_number(told: Sequence[Told]) -> dict[int, list[Told]]:
    by_number: dict[int, list[Told]] = defaultdict(list)
    for one in told:
        by_number[one.n].append(one)
    return by_number


def _portions(every: Iterator[Held], archived: Archives) -> Iterator[list[Held]]:
    """Seals beside each other whose entries are in the log: one that is archived parts them."""
    held: list[Held] = []
    for one in every:
        apart = archived.take(one.link)
        if not apart:
            held.append(one)
        if held and (apart or sum(each.link.count for each in held) >= AT_ONCE):
            yield held
            held = []
    if held:
        yield held


def _check_left(session: Session, of: UUID, walk: _Walk, found: Found) -> None:
    late, oldest = 0, None
    for entry_id, at in statements.left(session, of):
        if walk.caught_up is not None and at < walk.caught_up - contents.LATE:
            found.say(
                f"Entry {entry_id} of {moment(at)} stands in no seal, though everything of that time was sealed until"
                f" {moment(walk.caught_up)}: it was inserted later with an earlier time, or taken out of its seal."
            )
        elif at < walk.now - PATIENCE:
            late, oldest = late + 1, oldest or (entry_id, at)
    if oldest is not None:
        what = "1 entry is" if late == 1 else f"{late:,} entries are"
        found.say(
            f"{what} unsealed for longer than {PATIENCE.seconds // 60} minutes; the oldest is {oldest[0]} of"
            f" {moment(oldest[1])}."
        )


@dataclass(slots=True)
class _Walk:
    """Along a chain and its anchor side by side."""

    found: Found
    now: datetime
    stray: dict[int, int]  # seals that are gone while members name them
    told: dict[int, list[Told]]  # what witnesses say
    n: int = 0
    previous: bytes | None = BEGIN  # None: not known, since that seal is gone
    sealed_at: datetime | None = None
    caught_up: datetime | None = None
    bare: tuple[int, int] | None = None  # seals that should be in the anchor, as first and last

    def along(self, seals: Iterator[Link], lines: Iterator[Anchored]) -> Iterator[Held]:
        """Every seal that is there, checked but for its entries."""
        for seal, line in _beside(seals, self._orderly(lines)):
            n = seal.n if seal is not None else line.n if line is not None else 0
            self._missing(range(self.n + 1, n))
            self.n = n
            if seal is None:
                assert line is not None  # one of them is there
                self._say_missing(n, f"; it was anchored as of {line.sealed_at}")
                self.previous = line.hash
                continue
            self.found.seals += 1
            self._check(seal, line)
            yield Held(seal, self.caught_up)
            self.previous, self.sealed_at = seal.hash, seal.sealed_at
            if seal.complete:
                self.caught_up = max(seal.sealed_at, self.caught_up or seal.sealed_at)

    def end(self) -> None:
        """What is left to say at the end of the chain."""
        self._tell_bare()
        for n in sorted(self.told):
            self._say_missing(n, "")
        for n, count in sorted(self.stray.items()):
            self.found.say(f"Seal {n} is missing; {count:,} entries are said to stand in it.")

    def _check(self, seal: Link, line: Anchored | None) -> None:
        say, name = self.found.say, words(seal)
        name = name[:1].upper() + name[1:]
        if chain.hash_of(seal) != seal.hash:
            say(f"{name} was changed: its hash is another one's.")
        if not signing.knows(seal.key_id):
            say(f"{name} is signed with the key {seal.key_id!r}, which is not ours.")
        elif not chain.is_signed(seal):
            say(f"The signature of {words(seal)} is not that of our key {seal.key_id}.")
        if self.previous is not None and seal.previous != self.previous:
            say(f"{name} does not follow on seal {seal.n - 1}: the chain was broken or rewritten.")
        if self.sealed_at is not None and seal.sealed_at < self.sealed_at:
            say(f"{name} is dated before the seal before it, of {moment(self.sealed_at)}.")
        if line is None:
            self._bare(seal)
        elif line.hash != seal.hash:
            say(f"{name} is not the one that was anchored as of {line.sealed_at}: the chain was rewritten.")
        for one in self.told.pop(seal.n, ()):
            if one.hash != seal.hash:
                say(f"{name} is not the one that a witness was told of as of {one.sealed_at}: the chain was rewritten.")

    def _missing(self, numbers: range) -> None:
        for n in numbers:
            self._say_missing(n, "")
            self.previous = None

    def _say_missing(self, n: int, anchored: str) -> None:
        count = self.stray.pop(n, 0)
        members = f"; {count:,} entries are said to stand in it" if count else ""
        told = "".join(f"; a witness was told of it as of {one.sealed_at}" for one in self.told.pop(n, ())[:1])
        self.found.say(f"Seal {n} is missing{anchored}{told}{members}.")

    def _bare(self, seal: Link) -> None:
        if seal.sealed_at > self.now - PATIENCE:
            return  # a moment ago: its line is being written
        if self.bare and self.bare[1] == seal.n - 1:
            self.bare = (self.bare[0], seal.n)
        else:
            self._tell_bare()
            self.bare = (seal.n, seal.n)

    def _tell_bare(self) -> None:
        if self.bare:
            first, last = self.bare
            what = f"Seal {first} is" if first == last else f"Seals {first} to {last} are"
            self.found.say(f"{what} not in the anchor.")

    def _orderly(self, lines: Iterator[Anchored]) -> Iterator[Anchored]:
        newest = 0
        for number, line in enumerate(lines, 1):
            if line.text:
                self.found.say(f"Line {number} of the anchor cannot be read.")
            elif line.n <= newest:
                self.found.say(f"Line {number} of the anchor, of seal {line.n}, stands after that of seal {newest}.")
            else:
                newest = line.n
                yield line


def _beside(seals: Iterator[Link], lines: Iterator[Anchored]) -> Iterator[tuple[Link | None, Anchored | None]]:
    """Seals and lines of the same number together, in order."""
    seal, line = next(seals, None), next(lines, None)
    while seal is not None or line is not None:
        if line is None or (seal is not None and seal.n < line.n):
            yield seal, None
            seal = next(seals, None)
        elif seal is None or line.n < seal.n:
            yield None, line
            line = next(lines, None)
        else:
            yield seal, line
            seal, line = next(seals, None), next(lines, None)
