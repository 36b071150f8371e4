"""Policies without a writing agent, grouped by what their carrier calls the agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, tuple_

from portal.book.models import Policy
from portal.book.words import carrier, identifier
from portal.downline.models import CarrierIdentifier
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
    names: int  # how many names the files have with that identifier; `name` is one of them
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
        select(*by, func.min(Policy.writer_name), func.count(Policy.writer_name.distinct()), func.count())
        .where(Policy.writing_npn.is_(None))
        .group_by(*by)
        .order_by(func.count().desc(), *by)
        .limit(SHOWN)
        .execution_options(unlogged="counts of policies without a writing agent")
    )
    return [Group(*row) for row in db.session.execute(counted)]


def candidates(found: Sequence[Group]) -> dict[Group, list[str]]:
    """The NPNs to which the crosswalk leads from each group's identifier on any day; without one it is left out.

    Compared as a load compares: as it is written, and only where no line spells it so without leading zeros.
    """
    kinds = {(group.carrier, group.kind) for group in found if group.kind and group.value}
    if not kinds:
        return {}
    bare = {group.value.lstrip("0") for group in found if group.value} | {group.value for group in found if group.value}
    rows = db.session.execute(
        select(CarrierIdentifier.carrier, CarrierIdentifier.kind, CarrierIdentifier.value, CarrierIdentifier.npn)
        .where(tuple_(CarrierIdentifier.carrier, CarrierIdentifier.kind).in_(kinds))
        .where(func.ltrim(CarrierIdentifier.value, "0").in_(bare) | CarrierIdentifier.value.in_(bare))
    ).all()
    told: dict[Group, list[str]] = {}
    for group in found:
        value, same_kind = group.value or "", [row for row in rows if (row[0], row[1]) == (group.carrier, group.kind)]
        exact = [row for row in same_kind if row[2] == value]
        close = [row for row in same_kind if row[2].lstrip("0") == value.lstrip("0") != "" and group.kind != HIDDEN]
        if npns := sorted({row[3] for row in exact or close}):
            told[group] = npns
    return told
