"""The chain from a file's row to an account, step by step, and the first step at which it stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from portal.sync.why import arrival, origin
from portal.sync.why.facts import Facts
from portal.sync.why.step import Link, Step

Mark = Literal["holds", "stopped", "open"]
MARKS: dict[Mark, tuple[str, str]] = {
    "holds": ("Holds", "good"),
    "stopped": ("Stopped here", "warn"),
    "open": ("Not reached", "neutral"),
}


@dataclass(frozen=True, slots=True)
class Marked:
    """A step with its mark."""

    step: Step
    mark: Mark

    @property
    def word(self) -> tuple[str, str]:
        """The mark as a word and its tone."""
        return MARKS[self.mark]


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps in order, the sentence that tells them all, and the one next action (None: there is none)."""

    headline: str
    there: bool
    steps: Sequence[Marked]
    action: Link | None


def build(facts: Facts) -> Chain:
    """The chain for a policy and a Business, or for the policy alone."""
    steps = [*origin.steps(facts), *arrival.steps(facts)]
    stop = next((number for number, step in enumerate(steps) if not step.holds), None)
    marked = [Marked(step, _mark(number, stop, step)) for number, step in enumerate(steps)]
    if stop is None:
        return Chain(arrival.there(facts), True, marked, None)
    where = f"Not in {facts.business.name}'s account" if facts.business else "In no account"
    return Chain(f"{where}: {steps[stop].reason}", False, marked, steps[stop].action)


def _mark(number: int, stop: int | None, step: Step) -> Mark:
    if stop is None or number < stop or (number > stop and step.holds):
        return "holds"
    return "stopped" if number == stop else "open"
