"""Making a change of the crosswalk that was held: exactly that one, by whoever says yes to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal.core.scope import Scope
from portal.downline import queries
from portal.downline.models import CarrierIdentifier, Producer
from portal.downline.operations.identifiers import add_line, edit_line, end_line
from portal.downline.operations.imports import import_lines
from portal.downline.operations.producers import Refused, details_of, edit_producer
from portal.extensions import db


def make_again(kind: str, subject: UUID | None, told: Mapping[str, Any], *, approval: str, by: Scope) -> None:
    """Make the change that a `Change` of this kind, subject and arguments stood for.

    Raises `Refused` where what it was about has changed or is gone, `Held` where the watcher of the crosswalk says no.
    """
    values = dict(told)
    if kind == "identifier_import":
        import_lines(values, by=by, approval=approval)
    elif kind == "identifier_edit":
        edit_line(_line(subject), values, approval)
    elif kind == "identifier_end":
        end_line(_line(subject), values, approval)
    elif kind == "identifier_add":
        producer = _producer(subject)
        if producer.npn != values["npn"]:
            raise Refused("npn", f"{producer.name} has another NPN by now.")
        add_line(producer, values, approval)
    else:
        if agency := values.get("agency_id"):
            values["agency_id"] = UUID(agency)
        record = _producer(subject)
        edit_producer(record, details_of(record, **values), by=by, approval=approval)


def _line(line_id: UUID | None) -> CarrierIdentifier:
    found = db.session.scalar(select(CarrierIdentifier).where(CarrierIdentifier.id == line_id))
    if found is None:
        raise Refused("value", "The carrier identifier is no longer there.")
    return found


def _producer(record_id: UUID | None) -> Producer:
    found = queries.by_id(record_id)
    if found is None:
        raise Refused("npn", "The record is no longer there.")
    return found
