"""What a change would do to whose policies they are: who gains and who loses how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID


class Move(NamedTuple):
    """One policy that changes hands; None: no writing agent."""

    policy_id: UUID
    old: str | None
    new: str | None


class Share(NamedTuple):
    """What one NPN (or one Business) gains and loses."""

    npn: str
    gains: int
    loses: int


@dataclass(frozen=True, slots=True)
class Effect:
    """How many policies go from whom to whom, out of how many (`base`); `digest` stands for exactly which ones."""

    pairs: tuple[tuple[str | None, str | None, int], ...]
    base: int
    digest: str

    @property
    def total(self) -> int:
        """Policies whose writing agent becomes another: all that counts against the limits."""
        return sum(count for _, _, count in self.pairs)

    @property
    def between(self) -> int:
        """Of these, from one agent to another."""
        return sum(count for old, new, count in self.pairs if old and new)

    @property
    def lost(self) -> int:
        """Of these, from an agent to nobody."""
        return sum(count for _, new, count in self.pairs if not new)

    @property
    def given(self) -> int:
        """Of these, attributed for the first time."""
        return sum(count for old, _, count in self.pairs if not old)

    def shares(self) -> list[Share]:
        """What each NPN gains and loses, the most concerned first."""
        gains, loses = Counter[str](), Counter[str]()
        for old, new, count in self.pairs:
            if new:
                gains[new] += count
            if old:
                loses[old] += count
        found = [Share(npn, gains[npn], loses[npn]) for npn in gains.keys() | loses.keys()]
        return sorted(found, key=lambda one: (-one.gains - one.loses, one.npn))

    def between_sets(self, npns: Iterable[str]) -> tuple[int, int]:
        """(gains, loses) of who has all of `npns`: what stays among them is neither."""
        mine = set(npns)
        gains = sum(count for old, new, count in self.pairs if new in mine and old not in mine)
        loses = sum(count for old, new, count in self.pairs if old in mine and new not in mine)
        return gains, loses

    def as_json(self) -> dict[str, Any]:
        """What is kept; counts and NPNs only."""
        return {"base": self.base, "pairs": [list(pair) for pair in self.pairs]}


def effect_of(moves: Iterable[Move], base: int) -> Effect:
    """The effect of moves that are at hand one by one."""
    told = sorted(moves)
    pairs = Counter((one.old, one.new) for one in told)
    digest = sha256("".join(f"{one.policy_id}:{one.old or ''}:{one.new or ''}," for one in told).encode())
    return Effect(tuple((old, new, count) for (old, new), count in pairs.items()), base, digest.hexdigest())


def effect_from(kept: Mapping[str, Any], digest: str) -> Effect:
    """What `as_json` gave, read back."""
    return Effect(tuple((old, new, count) for old, new, count in kept["pairs"]), kept["base"], digest)
