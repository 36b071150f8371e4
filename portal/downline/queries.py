"""Reading the downline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, or_, select

from portal.core.ids import parse_id
from portal.core.paging import Asked, Column, Listing, fetch
from portal.downline.keys import canonical_npn, name_key
from portal.downline.models import CarrierIdentifier, Producer
from portal.extensions import db

FILTERS = ("q", "state", "agency", "active")
SORTS = ("name", "npn", "state", "updated")


def listing(kind: str, asked: Asked) -> Listing[Producer]:
    """One page of the agents or the agencies; `q` is the beginning of a name, or an NPN."""
    query = select(Producer).where(Producer.kind == kind)
    for condition in _conditions(asked):
        query = query.where(condition)
    sorts: dict[str, list[Column]] = {
        "name": [Producer.name_key],
        "npn": [func.length(Producer.npn), Producer.npn],
        "state": [func.coalesce(Producer.state, ""), Producer.name_key],
        "updated": [Producer.updated_at],
    }
    return fetch(query, asked, sorts, tie=Producer.id)


def found(typed: str, limit: int, *, kind: str | None = None) -> Sequence[Producer]:
    """Records, of one kind or both, that `matches` finds by what was typed, by name; at most `limit`."""
    query = select(Producer).where(matches(typed))
    if kind is not None:
        query = query.where(Producer.kind == kind)
    return db.session.scalars(query.order_by(Producer.name_key, Producer.id).limit(limit)).all()


def _conditions(asked: Asked) -> Iterable[ColumnElement[bool]]:
    args = asked.args
    if typed := args.get("q"):
        yield matches(typed)
    if state := args.get("state"):
        yield Producer.state == state
    if (agency := args.get("agency")) == "none":
        yield Producer.agency_id.is_(None)
    elif agency:
        chosen = parse_id(agency)
        yield Producer.agency_id == chosen if chosen else false()
    if (active := args.get("active")) in ("yes", "no"):
        yield Producer.active.is_(active == "yes")


def matches(typed: str) -> ColumnElement[bool]:
    """Whose name begins with what was typed ("whitf", "dana", "dana whit", "Whitfield, Dana"), or whose NPN does."""
    npn = canonical_npn(typed)
    if npn is not None:
        return func.starts_with(Producer.npn, npn)
    words = [key for word in typed.replace(",", " ").split() if (key := name_key(word))]
    if not words:
        return Producer.name_key == ""
    first = func.lower(Producer.first_name)
    by_key = func.starts_with(Producer.name_key, "".join(words))
    if len(words) == 1:
        return or_(by_key, func.starts_with(first, words[0]))
    last_given = func.starts_with(Producer.name_key, "".join(words[1:])) & func.starts_with(first, words[0])
    return or_(by_key, last_given)


def find_kind(kind: str, record_id: UUID) -> Producer | None:
    """The agent or the agency with that id inside the scope, or None."""
    return db.session.scalar(select(Producer).where(Producer.kind == kind, Producer.id == record_id))


def by_id(record_id: UUID | None) -> Producer | None:
    """The record with that id inside the scope, or None."""
    return db.session.scalar(select(Producer).where(Producer.id == record_id)) if record_id else None


def by_npn(npn: str) -> Producer | None:
    """The record with that canonical NPN, or None."""
    return db.session.scalar(select(Producer).where(Producer.npn == npn))


def by_npns(npns: Iterable[str]) -> dict[str, Producer]:
    """Records by canonical NPN; those outside the downline are not in the answer."""
    wanted = set(npns)
    if not wanted:
        return {}
    found = db.session.scalars(select(Producer).where(Producer.npn.in_(wanted)))
    return {producer.npn: producer for producer in found}


def by_ids(ids: Iterable[UUID]) -> dict[UUID, Producer]:
    """Records by id, one statement."""
    wanted = set(ids)
    if not wanted:
        return {}
    return {one.id: one for one in db.session.scalars(select(Producer).where(Producer.id.in_(wanted)))}


def members_of(agency_id: UUID) -> Sequence[Producer]:
    """The agents of an agency, its principal first, then by name."""
    return db.session.scalars(
        select(Producer)
        .where(Producer.agency_id == agency_id)
        .order_by(Producer.is_principal.desc(), Producer.name_key, Producer.id)
        .limit(500)
    ).all()


def agencies() -> Sequence[Producer]:
    """Every agency by name, for a choice of agency."""
    return db.session.scalars(
        select(Producer).where(Producer.kind == "agency").order_by(Producer.name_key, Producer.id).limit(2000)
    ).all()


def states() -> Sequence[str]:
    """The states that occur in the downline."""
    found = db.session.scalars(select(Producer.state).where(Producer.state.is_not(None)).distinct())
    return sorted(state for state in found if state)


def identifiers_of(producer: Producer) -> Sequence[CarrierIdentifier]:
    """The record's lines of the crosswalk, open ones first."""
    return db.session.scalars(
        select(CarrierIdentifier)
        .where(CarrierIdentifier.producer_id == producer.id)
        .order_by(
            CarrierIdentifier.valid_to.is_not(None),
            CarrierIdentifier.carrier,
            CarrierIdentifier.kind,
            CarrierIdentifier.shown,
            CarrierIdentifier.id,
        )
        .limit(200)
    ).all()


def identifier_of(producer: Producer, identifier_id: UUID) -> CarrierIdentifier | None:
    """One line of that record, or None."""
    return db.session.scalar(
        select(CarrierIdentifier).where(
            CarrierIdentifier.id == identifier_id, CarrierIdentifier.producer_id == producer.id
        )
    )


def contradicting(line: CarrierIdentifier) -> Sequence[CarrierIdentifier]:
    """Lines that give the same value to another NPN on some day on which `line` holds too."""
    same = select(CarrierIdentifier).where(
        CarrierIdentifier.carrier == line.carrier,
        CarrierIdentifier.kind == line.kind,
        CarrierIdentifier.value == line.value,
        CarrierIdentifier.npn != line.npn,
    )
    if line.valid_to is not None:
        same = same.where(or_(CarrierIdentifier.valid_from.is_(None), CarrierIdentifier.valid_from <= line.valid_to))
    if line.valid_from is not None:
        same = same.where(or_(CarrierIdentifier.valid_to.is_(None), CarrierIdentifier.valid_to >= line.valid_from))
    return db.session.scalars(same.order_by(CarrierIdentifier.npn, CarrierIdentifier.id).limit(20)).all()


def agent_counts(agency_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many agents each agency has; those without are not in the answer."""
    rows = db.session.execute(
        select(Producer.agency_id, func.count())
        .where(Producer.agency_id.in_(set(agency_ids)))
        .group_by(Producer.agency_id)
    )
    return {agency_id: count for agency_id, count in rows if agency_id is not None}


def principals(agency_ids: Iterable[UUID]) -> dict[UUID, Producer]:
    """The principal of each agency, by the agency's id; of two the one that was added first."""
    wanted = set(agency_ids)
    if not wanted:
        return {}
    found = select(Producer).where(Producer.agency_id.in_(wanted), Producer.is_principal).order_by(Producer.id.desc())
    return {one.agency_id: one for one in db.session.scalars(found) if one.agency_id is not None}
