"""What rooms above the book do when it changes, and when policies go from one writing agent to another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

WritersChanged = Callable[[Sequence[UUID]], int]
Changed = Callable[[], None]
_listeners: list[WritersChanged] = []
_followers: list[Changed] = []


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
