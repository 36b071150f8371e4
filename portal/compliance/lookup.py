"""Finding a member by who they are, so that they can be followed through the log by their id.

The book registers how; this room knows no member. The look-up is logged by the names of the fields used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from portal.compliance import events
from portal.core import access

MOST = 50


@dataclass(frozen=True, slots=True)
class LookedFor:
    """Either first name, last name and birth date, or an MBI as it was typed."""

    first_name: str | None = None
    last_name: str | None = None
    birth_date: date | None = None
    mbi: str | None = None

    @property
    def fields(self) -> list[str]:
        """Names of what was given."""
        return [name for name in ("first_name", "last_name", "birth_date", "mbi") if getattr(self, name)]


@dataclass(frozen=True, slots=True)
class Found:
    """A member: id and name, and no more."""

    id: UUID
    name: str


Finder = Callable[[LookedFor, int], Sequence[Found]]
Knows = Callable[[UUID], bool]
_finder: list[tuple[Finder, Knows]] = []


def register(finder: Finder, knows: Knows) -> None:
    """Name the function that finds at most so many members, and the one that tells an id of one. For the program."""
    _finder[:] = [(finder, knows)]


def is_member(member_id: UUID) -> bool:
    """Whether the FMO has a member with that id."""
    return _finder[0][1](member_id)


def look_up(wanted: LookedFor) -> Sequence[Found]:
    """At most 50 members of the FMO that are exactly `wanted`, by name; logged with the fields' names and their ids."""
    found = _finder[0][0](wanted, MOST)
    ids = [member.id for member in found]
    access.record(
        events.MEMBER_LOOKUP,
        kind="member",
        ids=ids,
        members=set(ids),
        fields=["name"] if ids else [],
        by=wanted.fields,
        found=len(ids),
    )
    return found
