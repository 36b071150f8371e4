"""Who may own a follow-up: the FMO's compliance officers. This room knows no people; theirs registers who they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

Officers = Callable[[], Sequence[tuple[UUID, str]]]
_officers: list[Officers] = []


def register(officers: Officers) -> None:
    """Name the function that gives (id, name) of the officers who may sign in, by name. One for the program."""
    _officers[:] = [officers]


def officers() -> dict[UUID, str]:
    """The names of the officers by id."""
    return dict(_officers[0]()) if _officers else {}
