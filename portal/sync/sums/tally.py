"""What the counted rows come to: one sum over the book, and one line for each account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Kind = Literal["waiting", "several", "without", "outside", "unattributed"]


@dataclass(frozen=True, slots=True)
class Counted:
    """Policies of the book under one NPN (None: unattributed): how many, and how many of them have a living copy."""

    npn: str | None
    policies: int
    held: int  # distinct policies with a living copy in some account
    several: int  # with living copies in more than one
    removed: int  # that the agent of some account removed
    gone: int  # removed so, and with no living copy anywhere
    known: bool  # whether the NPN is in the downline


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies in one Business under one NPN."""

    business_id: UUID
    npn: str
    living: int
    removed: int  # by the agent; policies of a person whom the agent removed included


@dataclass(frozen=True, slots=True)
class Sum:
    """The equation: accounts + waiting + without + outside + unattributed = book, every policy in exactly one part."""

    accounts: int  # distinct policies of which a living copy is in an account, counted over the accounts
    waiting: int  # an account has their NPN, and none has a copy
    gone: int  # those of `waiting` that an agent removed
    without: int  # their NPN is in the downline and in no account
    outside: int  # their NPN is not in the downline and in no account
    unattributed: int  # no NPN
    book: int
    several: int
    removed: int
    astray: int  # copies that stand under an NPN which is not their account's

    @property
    def parts(self) -> int:
        """What the parts come to."""
        return self.accounts + self.waiting + self.without + self.outside + self.unattributed

    @property
    def holds(self) -> bool:
        """Whether the parts are the book, and every copy is where it belongs."""
        return self.parts == self.book and not self.astray


@dataclass(frozen=True, slots=True)
class Account:
    """One Business: policies of the book under its NPNs against living copies."""

    business_id: UUID
    expected: int
    actual: int
    removed: int
    astray: int

    @property
    def difference(self) -> int:
        """How many are missing."""
        return self.expected - self.actual

    @property
    def waiting(self) -> int:
        """Those missing ones that no agent removed."""
        return self.difference - self.removed + self.astray


@dataclass(frozen=True, slots=True)
class Tally:
    """Everything counted, of one moment."""

    book: Sequence[Counted]
    copies: Sequence[Copies]
    owners: dict[str, list[UUID]]  # NPN → the Businesses that have it

    def sum(self) -> Sum:
        """The equation of the whole book."""
        left: defaultdict[str, int] = defaultdict(int)
        for one in self.book:
            left[self.kind(one)] += max(0, one.policies - one.held)
        return Sum(
            accounts=sum(one.held for one in self.book),
            waiting=left["waiting"],
            gone=sum(one.gone for one in self.book),
            without=left["without"],
            outside=left["outside"],
            unattributed=left["unattributed"],
            book=sum(one.policies for one in self.book),
            several=sum(one.several for one in self.book),
            removed=sum(one.removed for one in self.book),
            astray=sum(one.living for one in self.copies if not self._belongs(one)),
        )

    def kind(self, one: Counted) -> Kind:
        """In which part of the sum the policies of an NPN are that no account has."""
        if one.npn is None:
            return "unattributed"
        if one.npn in self.owners:
            return "waiting"
        return "without" if one.known else "outside"

    def of_kind(self, kind: Kind) -> list[tuple[str, int]]:
        """(NPN, policies) of one part of the sum, the most first; several: by policies in more than one account."""
        found: Iterable[tuple[str, int]]
        if kind == "several":
            found = ((one.npn, one.several) for one in self.book if one.npn is not None)
        else:
            found = (
                (one.npn, one.policies - one.held)
                for one in self.book
                if one.npn is not None and self.kind(one) == kind
            )
        return sorted((pair for pair in found if pair[1]), key=lambda pair: (-pair[1], len(pair[0]), pair[0]))

    def _belongs(self, one: Copies) -> bool:
        return one.business_id in self.owners.get(one.npn, ())

    def by_account(self, business_ids: Iterable[UUID]) -> list[Account]:
        """A line for each of these Businesses, in their order."""
        under = {one.npn: one.policies for one in self.book if one.npn is not None}
        expected: defaultdict[UUID, int] = defaultdict(int)
        for npn, holders in self.owners.items():
            for business_id in holders:
                expected[business_id] += under.get(npn, 0)
        actual: defaultdict[UUID, int] = defaultdict(int)
        removed: defaultdict[UUID, int] = defaultdict(int)
        astray: defaultdict[UUID, int] = defaultdict(int)
        for one in self.copies:
            actual[one.business_id] += one.living
            if self._belongs(one):
                removed[one.business_id] += one.removed
            else:
                astray[one.business_id] += one.living
        return [Account(one, expected[one], actual[one], removed[one], astray[one]) for one in business_ids]
