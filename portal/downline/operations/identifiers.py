"""Adding, changing and ending lines of the crosswalk."""

from __future__ import annotations

from datetime import date

from portal.core import access, scope
from portal.core.scope import Scope
from portal.downline import hooks
from portal.downline.events import IDENTIFIER_ADD, IDENTIFIER_EDIT, IDENTIFIER_END
from portal.downline.keys import KINDS, canonical_identifier
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
    """
    canonical, shown = _canonical(kind, value)
    _check_dates(valid_from, valid_to)
    line = CarrierIdentifier(
        fmo_id=by.fmo_id,
        carrier=carrier,
        kind=kind,
        value=canonical,
        shown=shown,
        npn=producer.npn,
        producer_id=producer.id,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    db.session.add(line)
    db.session.flush()
    access.record(IDENTIFIER_ADD, subject=line, carrier=carrier, identifier_kind=kind, npn=line.npn)
    hooks.crosswalk_changed([(carrier, kind, canonical)])
    return line


def edit_identifier(
    line: CarrierIdentifier, *, value: str | None, valid_from: date | None, valid_to: date | None, by: Scope
) -> list[str]:
    """Correct the value (None: as it is) and the dates; returns the names of what changed. Raises `Refused`."""
    _check_dates(valid_from, valid_to)
    canonical, shown = _canonical(line.kind, value) if value else (line.value, line.shown)
    wanted = {"value": canonical, "valid_from": valid_from, "valid_to": valid_to}
    changed = [name for name, new in wanted.items() if getattr(line, name) != new]
    if not changed:
        return []
    before = line.value
    line.value, line.shown, line.valid_from, line.valid_to = canonical, shown, valid_from, valid_to
    db.session.flush()
    access.record(
        IDENTIFIER_EDIT,
        subject=line,
        fields=changed,
        carrier=line.carrier,
        identifier_kind=line.kind,
        npn=line.npn,
        changed=changed,
    )
    hooks.crosswalk_changed([(line.carrier, line.kind, before), (line.carrier, line.kind, canonical)])
    return changed


def end_identifier(line: CarrierIdentifier, *, last_day: date, by: Scope) -> None:
    """Let the line hold until `last_day`, that day included. Raises `Refused` for a day before its first."""
    if line.valid_from is not None and last_day < line.valid_from:
        raise Refused("last_day", "The last day is before the first. Choose a later one.")
    line.valid_to = last_day
    db.session.flush()
    access.record(
        IDENTIFIER_END,
        subject=line,
        fields=["valid_to"],
        carrier=line.carrier,
        identifier_kind=line.kind,
        npn=line.npn,
        until=last_day.isoformat(),
    )
    hooks.crosswalk_changed([(line.carrier, line.kind, line.value)])


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
