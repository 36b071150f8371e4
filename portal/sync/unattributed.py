"""Policies without a writing agent, grouped by what their carrier calls the agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from portal.book.models import Policy
from portal.book.words import carrier, identifier
from portal.extensions import db

SHOWN = 100
HIDDEN = "tin"  # a tax number may be a person's: the book holds its keyed hash, which says nothing to anybody


@dataclass(frozen=True, slots=True)
class Group:
    """So many policies that one line of the crosswalk would attribute together; `name` is the agent's in the file."""

    carrier: str
    kind: str | None
    value: str | None
    name: str | None
    policies: int

    @property
    def carrier_name(self) -> str:
        """The carrier's name."""
        return carrier(self.carrier)

    @property
    def kind_name(self) -> str | None:
        """What the identifier is called."""
        return identifier(self.kind) if self.kind else None

    @property
    def shown(self) -> str | None:
        """The identifier, where it may be shown."""
        return None if self.kind == HIDDEN else self.value

    def filters(self) -> dict[str, Any]:
        """The filters of the list of policies that give these."""
        wanted = {"carrier": self.carrier, "kind": self.kind or "none", "value": self.shown}
        return {"attributed": "no", **{key: value for key, value in wanted.items() if value}}


def groups() -> Sequence[Group]:
    """The hundred largest groups, the largest first; one statement."""
    by = (Policy.carrier, Policy.writer_kind, Policy.writer_value)
    counted = (
        select(*by, func.min(Policy.writer_name), func.count())
        .where(Policy.writing_npn.is_(None))
        .group_by(*by)
        .order_by(func.count().desc(), *by)
        .limit(SHOWN)
        .execution_options(unlogged="counts of policies without a writing agent")
    )
    return [Group(*row) for row in db.session.execute(counted)]
