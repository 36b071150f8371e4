"""Adding, changing and ending lines of the crosswalk. Each is a change that may be held: see `hooks.make`."""

from __future__ import annotations

from datetime import date
from typing import Any

from portal.core import access, scope
from portal.core.scope import Scope
from portal.downline import hooks
from portal.downline.events import IDENTIFIER_ADD, IDENTIFIER_EDIT, IDENTIFIER_END
from portal.downline.hooks import Change
from portal.downline.keys import KINDS, canonical_identifier, carriers
from portal.downline.models import CarrierIdentifier, Producer
from portal.downline.operations.producers import Refused
from portal.extensions import db


def add_identifier(
    producer: Producer,
    *,
    carrier: str,
    kind: str,
    value: str,
    valid_from: date | None,
    valid_to: date | None,
    by: Scope,
) -> CarrierIdentifier:
    """Say that `carrier` calls this record `value` between two dates, both included; flushed. Raises `Refused`.

    Another NPN may have the same value in the same time: then it is ambiguous, and policies under it stay unattributed.
    Raises `Held` where too many policies would change hands.
    """
    canonical, shown = _canonical(kind, value)
    _check_dates(valid_from, valid_to)
    told = {"carrier": carrier, "kind": kind, "value": canonical, "shown": shown, "npn": producer.npn}
    return add_line(producer, told | _iso(valid_from=valid_from, valid_to=valid_to))


def add_line(producer: Producer, told: dict[str, Any], approval: str | None = None) -> CarrierIdentifier:
    """Add a line whose values are canonical already, its dates as text."""
    key = (told["carrier"], told["kind"], told["value"])
    line = CarrierIdentifier(fmo_id=producer.fmo_id, producer_id=producer.id, **told | _dates(told))

    def write() -> None:
        db.session.add(line)
        db.session.flush()
        access.record(IDENTIFIER_ADD, subject=line, carrier=line.carrier, identifier_kind=line.kind, npn=line.npn)

    title = f"Add the {_named(told)} to {producer.name} (NPN {producer.npn})"
    hooks.make(Change("identifier_add", title, producer.id, told, (key,), approval), write)
    return line


def edit_identifier(
    line: CarrierIdentifier, *, value: str | None, valid_from: date | None, valid_to: date | None, by: Scope
) -> list[str]:
    """Correct the value (None: as it is) and the dates; returns the names of what changed.

    Raises `Refused`, and `Held` where too many policies would change hands.
    """
    _check_dates(valid_from, valid_to)
    canonical, shown = _canonical(line.kind, value) if value else (line.value, line.shown)
    return edit_line(line, {"value": canonical, "shown": shown, **_iso(valid_from=valid_from, valid_to=valid_to)})


def edit_line(line: CarrierIdentifier, told: dict[str, Any], approval: str | None = None) -> list[str]:
    """Give the line its new value and dates."""
    wanted = {"value": told["value"], **_dates(told)}
    changed = [name for name, new in wanted.items() if getattr(line, name) != new]
    if not changed:
        return []

    def write() -> None:
        line.value, line.shown = told["value"], told["shown"]
        line.valid_from, line.valid_to = wanted["valid_from"], wanted["valid_to"]
        db.session.flush()
        about: dict[str, Any] = {"carrier": line.carrier, "identifier_kind": line.kind, "npn": line.npn}
        access.record(IDENTIFIER_EDIT, subject=line, fields=changed, changed=changed, **about)

    keys = tuple(sorted({(line.carrier, line.kind, line.value), (line.carrier, line.kind, told["value"])}))
    title = f"Correct the {_named(_told(line))} of NPN {line.npn}"
    hooks.make(Change("identifier_edit", title, line.id, told, keys, approval), write)
    return changed


def end_identifier(line: CarrierIdentifier, *, last_day: date, by: Scope) -> None:
    """Let the line hold until `last_day`, that day included.

    Raises `Refused` for a day before its first, and `Held` where too many policies would change hands.
    """
    end_line(line, _iso(valid_to=last_day))


def end_line(line: CarrierIdentifier, told: dict[str, Any], approval: str | None = None) -> None:
    """End the line on the day that is told."""
    last_day = date.fromisoformat(told["valid_to"])
    if line.valid_from is not None and last_day < line.valid_from:
        raise Refused("last_day", "The last day is before the first. Choose a later one.")

    def write() -> None:
        line.valid_to = last_day
        db.session.flush()
        about: dict[str, Any] = {"carrier": line.carrier, "identifier_kind": line.kind, "npn": line.npn}
        access.record(IDENTIFIER_END, subject=line, fields=["valid_to"], until=told["valid_to"], **about)

    key = (line.carrier, line.kind, line.value)
    title = f"End the {_named(_told(line))} of NPN {line.npn}"
    hooks.make(Change("identifier_end", title, line.id, told, (key,), approval), write)


def _told(line: CarrierIdentifier) -> dict[str, Any]:
    return {name: getattr(line, name) for name in ("carrier", "kind", "shown")}


def _named(told: dict[str, Any]) -> str:
    carrier = dict(carriers()).get(told["carrier"], told["carrier"])
    return f"{KINDS.get(told['kind'], told['kind'])} {told['shown']} of {carrier}"


def _iso(**days: date | None) -> dict[str, str | None]:
    return {name: day.isoformat() if day else None for name, day in days.items()}


def _dates(told: dict[str, Any]) -> dict[str, date | None]:
    names = [name for name in ("valid_from", "valid_to") if name in told]
    return {name: date.fromisoformat(told[name]) if told[name] else None for name in names}


def _canonical(kind: str, value: str) -> tuple[str, str]:
    found = canonical_identifier(kind, value, fmo_id=scope.fmo_id())
    if found is None:
        if kind == "tin":
            raise Refused("value", "A TIN has nine digits. Nothing was saved; check the number.")
        raise Refused("value", f"This is not a {KINDS[kind]} that can be compared. Type it as the carrier prints it.")
    return found


def _check_dates(valid_from: date | None, valid_to: date | None) -> None:
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        raise Refused("valid_to", "The last day is before the first. Correct one of them.")
