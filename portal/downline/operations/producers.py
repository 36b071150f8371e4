"""Adding and changing agents and agencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portal.core import access
from portal.core.scope import Scope
from portal.downline import hooks, queries
from portal.downline.events import PRODUCER_ADD, PRODUCER_EDIT
from portal.downline.hooks import Change
from portal.downline.keys import producer_key
from portal.downline.models import CarrierIdentifier, Producer
from portal.extensions import db


class Refused(Exception):
    """A change that is not possible; `field` names the form's field, the text is a sentence for a person."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a record says. `npn` is canonical; an agency has `name` only, an agent first and last name."""

    npn: str
    first_name: str | None = None
    last_name: str | None = None
    name: str
    email: str | None = None
    phone: str | None = None
    state: str | None = None
    agency_id: UUID | None = None
    is_principal: bool = False
    active: bool = True


def add_producer(kind: str, details: Details, *, by: Scope) -> Producer:
    """A new record of the downline, flushed. Raises `Refused` for an NPN that is taken or a wrong agency."""
    _check_agency(kind, None, details)
    producer = Producer(kind=kind, fmo_id=by.fmo_id, name_key=_key(details), **_values(details))
    _flush_npn(producer, details.npn)
    _one_principal(producer)
    adopt_identifiers({producer.npn: producer.id})
    access.record(PRODUCER_ADD, subject=producer, npn=producer.npn)
    return producer


def edit_producer(producer: Producer, details: Details, *, by: Scope, approval: str | None = None) -> list[str]:
    """Change the record; returns the names of the fields that changed.

    Raises `Refused`, and `Held` where its identifiers would bring too many policies along to the new NPN.
    """
    _check_agency(producer.kind, producer, details)
    before = producer.npn
    if details.npn != before and (sentence := hooks.npn_refusal(producer)):
        raise Refused("npn", sentence)
    changed = [name for name, value in _values(details).items() if getattr(producer, name) != value]
    if not changed:
        return []
    if details.npn != before:
        _move_npn(producer, details, changed, approval)
    for name in changed:
        setattr(producer, name, getattr(details, name))
    producer.name_key = _key(details)
    db.session.flush()
    _one_principal(producer)
    access.record(PRODUCER_EDIT, subject=producer, fields=changed, changed=changed, npn=producer.npn)
    return changed


def details_of(producer: Producer, **other: Any) -> Details:
    """What the record says today, but for `other`."""
    return Details(**{field.name: getattr(producer, field.name) for field in fields(Details)} | other)


def _values(details: Details) -> dict[str, object]:
    return {field.name: getattr(details, field.name) for field in fields(details)}


def _key(details: Details) -> str:
    return producer_key(details.name, details.first_name, details.last_name)


def _check_agency(kind: str, producer: Producer | None, details: Details) -> None:
    if details.agency_id is None:
        if details.is_principal:
            raise Refused("is_principal", "A principal belongs to an agency. Choose the agency first.")
        return
    agency = queries.find_kind("agency", details.agency_id)
    if kind != "agent" or agency is None or (producer is not None and agency.id == producer.id):
        raise Refused("agency_id", "Choose an agency of your downline, or none.")


def _taken(npn: str) -> Refused:
    owner = queries.by_npn(npn)
    whose = f"{owner.name} has" if owner else "Another record of your downline has"
    return Refused("npn", f"{whose} the NPN {npn} already. Nothing was saved; check the number.")


def _flush_npn(producer: Producer, npn: str) -> None:
    """Write the row; two admins who add the same NPN at once are told the same as one who comes later."""
    if queries.by_npn(npn) is not None:
        raise _taken(npn)
    try:
        with db.session.begin_nested():
            db.session.add(producer)
            db.session.flush()
    except IntegrityError as error:
        raise _refusal(error, npn) from error


def _move_npn(producer: Producer, details: Details, changed: Sequence[str], approval: str | None) -> None:
    npn = details.npn
    if queries.by_npn(npn) is not None:
        raise _taken(npn)
    lines = db.session.scalars(select(CarrierIdentifier).where(CarrierIdentifier.producer_id == producer.id)).all()

    def write() -> None:
        try:
            with db.session.begin_nested():
                producer.npn = npn
                db.session.flush()
        except IntegrityError as error:
            raise _refusal(error, npn) from error
        for line in lines:
            line.npn = npn
        db.session.flush()

    title = f"Change the NPN of {producer.name} from {producer.npn} to {npn}"
    wanted = _values(details) | {"agency_id": str(details.agency_id) if details.agency_id else None}
    told = {name: wanted[name] for name in changed}  # the rest is as it will be by then
    named = tuple(sorted({(line.carrier, line.kind, line.value) for line in lines}))
    hooks.make(Change("npn_change", title, producer.id, told, named, approval), write)


def _refusal(error: IntegrityError, npn: str) -> Exception:
    return _taken(npn) if "uq_producer_npn" in str(error.orig) else error


def adopt_identifiers(ids: Mapping[str, UUID]) -> None:
    """Lines of the crosswalk that were there before their record (NPN to id) now stand on its page."""
    waiting = db.session.scalars(select(CarrierIdentifier).where(CarrierIdentifier.producer_id.is_(None)))
    for line in waiting:
        if line.npn in ids:
            line.producer_id = ids[line.npn]
    db.session.flush()


def _one_principal(producer: Producer) -> None:
    """An agency has one principal: the newest choice."""
    if producer.is_principal and producer.agency_id is not None:
        db.session.execute(
            update(Producer)
            .where(Producer.agency_id == producer.agency_id, Producer.id != producer.id, Producer.is_principal)
            .values(is_principal=False)
        )
