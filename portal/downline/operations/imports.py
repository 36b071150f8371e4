"""Imports of records and of carrier identifiers: planned row by row, written in a few statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import insert, select

from portal.core import access
from portal.core.clock import now
from portal.core.ids import new_id
from portal.core.scope import Scope
from portal.core.words import counted
from portal.downline import hooks
from portal.downline.crosswalk_plan import Line, plan_identifiers
from portal.downline.events import IDENTIFIER_IMPORT, PRODUCER_IMPORT
from portal.downline.hooks import Change
from portal.downline.keys import carriers
from portal.downline.models import CarrierIdentifier, Producer
from portal.downline.operations.producers import adopt_identifiers
from portal.downline.plans import Action, ImportPlan, Planned, Row, key_of, plan_producers
from portal.extensions import db


def preview_producers(rows: Sequence[Row]) -> ImportPlan:
    """What `import_producers` would do with `rows`; changes nothing."""
    return plan_producers(rows, _all_producers())


def preview_identifiers(rows: Sequence[Row], *, by: Scope) -> ImportPlan:
    """What `import_identifiers` would do with `rows`; changes nothing."""
    assert by.fmo_id is not None
    names = {word: key for key, name in carriers() for word in (key, name.casefold())}
    lines = db.session.scalars(select(CarrierIdentifier))
    known: set[Line] = {(x.carrier, x.kind, x.value, x.npn, x.valid_from, x.valid_to) for x in lines}
    return plan_identifiers(rows, producers=_all_producers(), known=known, carriers=names, fmo_id=by.fmo_id)


def import_producers(rows: Sequence[Row], *, by: Scope) -> ImportPlan:
    """Create and update agents and agencies by NPN; refused rows are left out and told. Flushed, not committed.

    Keys of a row: kind, npn, first_name, last_name, name, email, phone, state, agency_npn, principal (yes or no); all
    text, absent ones are like empty ones, and an empty cell leaves what is known.
    """
    known = _all_producers()
    plan = plan_producers(rows, known)
    created = [row for row in plan.rows if row.action is Action.CREATE]
    ids = {npn: one.id for npn, one in known.items()} | {row.values["npn"]: new_id() for row in created}
    # Agencies first: members point at them.
    for kind in ("agency", "agent"):
        fresh = [_inserted(row.values, ids, by) for row in created if row.values["kind"] == kind]
        if fresh:
            db.session.execute(insert(Producer), fresh)
    updated = [row for row in plan.rows if row.action is Action.UPDATE]
    for row in updated:
        _update(known[row.values["npn"]], row.values, ids)
    db.session.flush()
    _demote(plan.rows, ids, known)
    access.record(
        PRODUCER_IMPORT,
        kind="producer",
        ids=[ids[row.values["npn"]] for row in (*created, *updated)],
        created=len(created),
        updated=len(updated),
        refused=len(plan.problems),
    )
    if created:
        adopt_identifiers({row.values["npn"]: ids[row.values["npn"]] for row in created})
    return plan


def import_identifiers(rows: Sequence[Row], *, by: Scope) -> ImportPlan:
    """Add lines of the crosswalk that are not there yet; refused rows are left out and told. Flushed, not committed.

    Keys of a row: carrier (key or name), kind, value, npn, valid_from, valid_to; all text. Raises `Held` where too many
    policies would change hands.
    """
    plan = preview_identifiers(rows, by=by)
    lines = [_kept(row.values) for row in plan.rows if row.action is Action.CREATE]
    left = {"unchanged": plan.count(Action.UNCHANGED), "refused": len(plan.problems)}
    import_lines({"lines": lines, **left}, by=by)
    return plan


def import_lines(told: dict[str, Any], *, by: Scope, approval: str | None = None) -> None:
    """Add those of the planned lines that are still not there."""
    known = {_key(_kept(vars(line))) for line in db.session.scalars(select(CarrierIdentifier))}
    lines = [line for line in told["lines"] if _key(line) not in known]
    owners = {npn: one.id for npn, one in _all_producers().items()}
    more = {"fmo_id": by.fmo_id}
    fresh = [{**_stored(line), **more, "id": new_id(), "producer_id": owners.get(line["npn"])} for line in lines]

    def write() -> None:
        if fresh:
            db.session.execute(insert(CarrierIdentifier), fresh)
        counts = {"created": len(fresh), "unchanged": told["unchanged"], "refused": told["refused"]}
        access.record(IDENTIFIER_IMPORT, kind="carrieridentifier", ids=[line["id"] for line in fresh], **counts)

    if not fresh:
        write()
        return
    named = tuple(sorted({(line["carrier"], line["kind"], line["value"]) for line in lines}))
    title = f"Import {counted(len(lines), 'carrier identifier')}"
    hooks.make(Change("identifier_import", title, None, told, named, approval), write)


_FIELDS = ("carrier", "kind", "value", "shown", "npn", "valid_from", "valid_to")


def _kept(values: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: values[name] for name in _FIELDS}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in told.items()}


def _key(line: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(line[name] for name in _FIELDS if name != "shown")


def _stored(line: Mapping[str, Any]) -> dict[str, Any]:
    days = {name: date.fromisoformat(line[name]) if line[name] else None for name in ("valid_from", "valid_to")}
    return {**line, **days}


def _all_producers() -> dict[str, Producer]:
    return {one.npn: one for one in db.session.scalars(select(Producer))}


def _inserted(values: Mapping[str, Any], ids: Mapping[str, Any], by: Scope) -> dict[str, Any]:
    keys = ("kind", "npn", "first_name", "last_name", "name", "email", "phone", "state")
    row: dict[str, Any] = {key: values.get(key) for key in keys}
    agency = values.get("agency_npn")
    return row | {
        "fmo_id": by.fmo_id,
        "id": ids[values["npn"]],
        "name_key": key_of(values),
        "agency_id": ids[agency] if agency else None,
        "is_principal": bool(values.get("is_principal")),
    }


def _update(producer: Producer, values: Mapping[str, Any], ids: Mapping[str, Any]) -> None:
    for key in ("first_name", "last_name", "name", "email", "phone", "state", "is_principal"):
        if key in values:
            setattr(producer, key, values[key])
    if values.get("agency_npn"):
        producer.agency_id = ids[values["agency_npn"]]
    if "name" in values:
        producer.name_key = key_of(values)
    producer.updated_at = now()


def _demote(rows: Sequence[Planned], ids: Mapping[str, Any], known: Mapping[str, Producer]) -> None:
    """An agency has one principal: the one of the file."""
    chosen = {
        ids[row.values["agency_npn"]]: ids[row.values["npn"]]
        for row in rows
        if row.action is not Action.REFUSED and row.values.get("is_principal")
    }
    for one in known.values():
        if one.is_principal and one.agency_id in chosen and chosen[one.agency_id] != one.id:
            one.is_principal = False
    db.session.flush()
