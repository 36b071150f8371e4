"""The kinds of finding: what each looks for, and the function that finds it. A room registers what only it can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from portal.compliance.reviews.rules import Rules


@dataclass(frozen=True, slots=True)
class Period:
    """What is looked at: the entries of one FMO from `begin` until before `end`, by its rules."""

    session: Session
    fmo_id: UUID
    review_id: UUID
    begin: datetime
    end: datetime
    rules: Rules

    @property
    def values(self) -> dict[str, Any]:
        """The same as values for a statement."""
        span = {"fmo_id": self.fmo_id, "begin": self.begin, "end": self.end}
        return {**span, "zone": self.rules.zone, "review_id": self.review_id}


@dataclass(frozen=True, slots=True)
class Found:
    """One finding to be. `key` makes it the same when it is found again; `filters` are the log's, for its entries."""

    key: str
    why: str  # a sentence with the numbers; of members nothing but how many
    actor_id: UUID | None
    actor_name: str
    role: str
    day: date
    first_at: datetime
    last_at: datetime
    entries: int
    members: Sequence[UUID] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)


Find = Callable[[Period], Iterable[Found]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding; `name` is stored."""

    name: str
    heading: str  # "Medicare numbers revealed"
    looks_for: str  # a sentence for the officer and for whoever reads the signed review
    find: Find


_kinds: dict[str, Kind] = {}


def register(name: str, heading: str, looks_for: str, find: Find) -> None:
    """Make a kind known, in the order in which reviews show them; one of the same name takes the place of the first."""
    _kinds[name] = Kind(name, heading, looks_for, find)


def kinds() -> list[Kind]:
    """Every kind, in the order in which they were registered."""
    return list(_kinds.values())


def heading(name: str) -> str:
    """The heading of a kind; one that this version no longer knows reads by its name."""
    known = _kinds.get(name)
    return known.heading if known else name.replace("_", " ").capitalize()


def find(name: str) -> Kind | None:
    """The kind of that name."""
    return _kinds.get(name)
