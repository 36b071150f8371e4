"""Policies without a writing agent, grouped by what their carrier calls the agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select, tuple_

from portal.book.attributions import queries as attributions
from portal.book.models import Policy
from portal.book.words import carrier, identifier
from portal.core import clock
from portal.downline import queries as downline
from portal.downline.models import CarrierIdentifier, Producer
from portal.extensions import db

SHOWN, LIKELY = 100, 10
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
    digits: str | None = None  # the last four of an identifier that may not be shown

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
        """The identifier, where it may be shown; else its last digits, where they are known."""
        if self.kind == HIDDEN:
            return f"ends in {self.digits}" if self.digits else None
        return self.value

    def key(self) -> dict[str, str]:
        """What names the group in an address: never an identifier that may not be shown, nor its hash."""
        found: dict[str, str | None] = {"carrier": self.carrier, "kind": self.kind, "value": self.value}
        if self.kind == HIDDEN:
            found["value"] = sha256(f"group:{self.value}".encode()).hexdigest()[:16]
        elif self.kind is None:
            found = {"carrier": self.carrier, "name": self.name}
        return {key: value for key, value in found.items() if value}

    def filters(self) -> dict[str, Any]:
        """The filters of the list of policies that give these."""
        wanted = {
            "carrier": self.carrier,
            "kind": self.kind or "none",
            "value": self.value if self.kind != HIDDEN else None,
        }
        return {"attributed": "no", **{key: value for key, value in wanted.items() if value}}


def groups() -> Sequence[Group]:
    """The hundred largest groups, the largest first; one statement."""
    return _grouped()


def group_of(carrier: str, kind: str | None, value: str | None, name: str | None) -> Group | None:
    """The group that `key` names so, None where no policy of it is without an agent."""
    found: Sequence[Group]
    if kind == HIDDEN:
        hidden = _grouped(Policy.carrier == carrier, Policy.writer_kind == kind)
        found = [one for one in hidden if one.key().get("value") == value]
    elif kind is not None:
        found = _grouped(Policy.carrier == carrier, Policy.writer_kind == kind, Policy.writer_value == value)
    else:
        found = _grouped(Policy.carrier == carrier, Policy.writer_kind.is_(None), Policy.writer_name == name)
    return found[0] if found else None


def _grouped(*conditions: ColumnElement[bool]) -> Sequence[Group]:
    # Where no identifier is, the name alone tells one from another.
    alone = case((Policy.writer_kind.is_(None), Policy.writer_name))
    by = (Policy.carrier, Policy.writer_kind, Policy.writer_value, alone)
    names = (func.min(Policy.writer_name), func.count(Policy.writer_name.distinct()), func.count())
    counted = (
        select(Policy.carrier, Policy.writer_kind, Policy.writer_value, *names, func.min(Policy.writer_shown))
        .where(Policy.writing_npn.is_(None), *conditions)
        .group_by(*by)
        .order_by(func.count().desc(), *by)
        .limit(SHOWN)
        .execution_options(unlogged="counts of policies without a writing agent")
    )
    return [Group(*row) for row in db.session.execute(counted)]


def moving(group: Group, valid_from: date | None) -> int:
    """How many policies of the group a line of the crosswalk from that day on would attribute."""
    mine = (Policy.carrier == group.carrier, Policy.writer_kind == group.kind, Policy.writer_value == group.value)
    counted = select(func.count()).select_from(Policy).where(Policy.writing_npn.is_(None), *mine)
    if valid_from is not None:
        counted = counted.where(Policy.effective_date >= valid_from)
    return db.session.scalar(counted.execution_options(unlogged="a count")) or 0


def lines_of(group: Group) -> Sequence[CarrierIdentifier]:
    """The lines of the crosswalk that spell the group's identifier as it is, or else without its leading zeros."""
    if group.kind is None or group.value is None:
        return []
    mine = select(CarrierIdentifier).where(
        CarrierIdentifier.carrier == group.carrier, CarrierIdentifier.kind == group.kind
    )
    ordered = mine.order_by(CarrierIdentifier.npn, CarrierIdentifier.id).limit(SHOWN)
    exact = db.session.scalars(ordered.where(CarrierIdentifier.value == group.value)).all()
    bare = group.value.lstrip("0")
    if exact or group.kind == HIDDEN or not bare:
        return exact
    return db.session.scalars(ordered.where(func.ltrim(CarrierIdentifier.value, "0") == bare)).all()


def likely(group: Group) -> list[tuple[Producer, str]]:
    """Records of the downline that the name in the file may mean, each with why; never more than a proposal."""
    found: dict[UUID, tuple[Producer, str]] = {}
    if group.name is None:
        return []
    said = attributions.named(group.carrier, group.name)
    known = downline.by_ids(one.producer_id for one in said)
    for one in said:
        if one.producer_id in known:
            why = f"{one.given_name} has said so of a policy with this name on {clock.day(one.given_at)}"
            found.setdefault(one.producer_id, (known[one.producer_id], why))
    for producer in downline.found(group.name, LIKELY):
        found.setdefault(producer.id, (producer, "Has the name that is in the file"))
    return list(found.values())


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
