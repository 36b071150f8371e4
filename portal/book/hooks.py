"""What rooms above the book do when policies go from one writing agent to another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

WritersChanged = Callable[[Sequence[UUID]], int]
_listeners: list[WritersChanged] = []


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
