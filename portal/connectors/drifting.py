"""Which new column a column that is gone has probably become: by its name, and by the values of two files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice, product
from typing import Final, NamedTuple

from portal.connectors.headers import Named
from portal.connectors.layouts import header_key
from portal.connectors.profile import Look

LEAST: Final = 0.5
MOST_ROWS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column with what it looks like and some of its values; the values never leave the program."""

    look: Look
    values: frozenset[str]


class Proposal(NamedTuple):
    """A column that is gone, the one that it probably is now, and why, in words."""

    then: Named
    now: Named
    score: float
    why: str


def columns(looks: Sequence[Look], rows: Iterable[list[str]]) -> dict[Named, Column]:
    """Every named column of a table with its values, from at most its first 5,000 rows."""
    values: list[set[str]] = [set() for _ in looks]
    for cells in islice(rows, MOST_ROWS):
        for kept, cell in zip(values, cells, strict=False):
            if text := cell.strip():
                kept.add(text.casefold())
    return {one.column: Column(one, frozenset(values[one.place])) for one in looks}


def propose(
    missing: Sequence[Named],
    new: Sequence[Named],
    then: Mapping[Named, Column],
    now: Mapping[Named, Column],
) -> list[Proposal]:
    """At most one new column for each that is missing, and each only once; the surest pair first.

    Columns whose values are of different kinds are never proposed for each other.
    """
    scored = [_score(old, other, then.get(old), now.get(other)) for old, other in product(missing, new)]
    found: list[Proposal] = []
    for one in sorted((pair for pair in scored if pair is not None), key=lambda pair: -pair.score):
        if all(one.then != other.then and one.now != other.now for other in found):
            found.append(one)
    return found


def _score(old: Named, other: Named, then: Column | None, now: Column | None) -> Proposal | None:
    names = alike(old.header, other.header)
    if then is None or now is None or "empty" in (then.look.kind, now.look.kind):
        return Proposal(old, other, names, "the names are alike") if names >= 0.6 else None
    if not same_kind(then.look.kind, now.look.kind):
        return None
    shared = len(then.values & now.values) / max(min(len(then.values), len(now.values)), 1)
    score = max(names, shared * 0.95, 0.6 * names + 0.4 * shared)
    if score < LEAST or (names < 0.3 and len(then.values) < 5):
        return None
    reasons = []
    if names >= LEAST:
        reasons.append("the names are alike")
    if shared >= 0.2:
        reasons.append(f"{shared:.0%} of the values are the same")
    return Proposal(old, other, score, " and ".join(reasons) or "both look the same")


def alike(one: str, other: str) -> float:
    """How alike two column names are, 0 to 1; the order of their words does not matter."""
    first, second = header_key(one), header_key(other)
    straight = SequenceMatcher(None, first, second, autojunk=False).ratio()
    mine, theirs = (" ".join(sorted(text.casefold().replace("_", " ").split())) for text in (one, other))
    return max(straight, SequenceMatcher(None, mine, theirs, autojunk=False).ratio())


_ALIKE = ({"npn", "number", "id", "zip", "phone", "words"}, {"words", "text", "id", "comma_name", "state"})


def same_kind(one: str, other: str) -> bool:
    """Whether columns of these kinds may be the same one: a handful of values is easily taken for another kind."""
    return one == other or "empty" in (one, other) or any({one, other} <= group for group in _ALIKE)
