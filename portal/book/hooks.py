"""What rooms above the book do when it changes and when policies change hands, and what they tell about accounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

WritersChanged = Callable[[Sequence[UUID]], int]
Changed = Callable[[], None]
Served = Callable[[dict[str, Any]], Sequence[tuple[UUID, int]]]
_listeners: list[WritersChanged] = []
_followers: list[Changed] = []
_served: list[Served] = []


def on_writers_changed(listener: WritersChanged) -> WritersChanged:
    """Register `listener`, called inside the changing transaction with the ids of policies whose NPN is now another.

    It gives the number of copies that it took away, and must work under the logins fmo and jobs alike.
    """
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def writers_changed(policy_ids: Sequence[UUID]) -> int:
    """Tell every listener; the number of copies that were taken away."""
    return sum(listener(policy_ids) for listener in _listeners) if policy_ids else 0


def on_changed(follower: Changed) -> Changed:
    """Register `follower`, called inside a transaction that changed policies, members or writing agents.

    It must work under the logins fmo and jobs alike, and may be called for a change that is rolled back.
    """
    if follower not in _followers:
        _followers.append(follower)
    return follower


def changed() -> None:
    """Tell every follower that the book has changed."""
    for follower in _followers:
        follower()


def count_served_with(counter: Served) -> Served:
    """Register what tells each Business and how many copies undoing a run would take from it.

    It is called with what `undoing.statements.CONCERNED` needs to know of the run.
    """
    _served[:] = [counter]
    return counter


def served_by(known: dict[str, Any]) -> list[tuple[UUID, int]]:
    """Each Business that undoing the run would take copies from, and how many; the most first."""
    return [one for counter in _served for one in counter(known)]
