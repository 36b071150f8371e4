"""What an import of carrier identifiers would do, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from portal.downline.keys import KINDS, canonical_identifier, canonical_npn
from portal.downline.models import Producer
from portal.downline.plans import Action, ImportPlan, Planned, Row, RowRefused, read_day

Line = tuple[Any, ...]  # (carrier, kind, value, npn, valid_from, valid_to)


def plan_identifiers(
    rows: Sequence[Row],
    *,
    producers: Mapping[str, Producer],
    known: set[Line],
    carriers: Mapping[str, str],
    fmo_id: UUID,
) -> ImportPlan:
    """Match `rows` (keys: carrier, kind, value, npn, valid_from, valid_to) with the lines that are `known`.

    `carriers` maps key and lower-case name to the key. An NPN outside the downline is taken: it says whose it is.
    """
    seen: dict[Line, int] = {}
    planned = []
    for number, row in enumerate(rows, 2):
        if not any(row.values()):
            continue
        try:
            values = _values(row, carriers, fmo_id)
            line = line_of(values)
            first = seen.setdefault(line, number)
            if first != number:
                raise RowRefused(f"The same line stands in row {first} already.")
            owner = producers.get(values["npn"])
            values["producer_id"] = owner.id if owner else None
            title = f"{KINDS[values['kind']]} {values['shown']}"
            action = Action.UNCHANGED if line in known else Action.CREATE
            planned.append(Planned(number, action, title, values["npn"], values=values))
        except RowRefused as refused:
            # Not the value: it may be a social security number.
            title = row.get("kind", "").strip()[:40]
            planned.append(Planned(number, Action.REFUSED, title, canonical_npn(row.get("npn", "")), str(refused)))
    return ImportPlan(planned)


def line_of(values: Mapping[str, Any]) -> Line:
    """What makes two lines the same."""
    return tuple(values[key] for key in ("carrier", "kind", "value", "npn", "valid_from", "valid_to"))


def _values(row: Row, carriers: Mapping[str, str], fmo_id: UUID) -> dict[str, Any]:
    carrier = carriers.get(row.get("carrier", "").strip().casefold())
    if carrier is None:
        raise RowRefused("The carrier is not one that has a layout.")
    kind = row.get("kind", "").strip().casefold().replace(" ", "_")
    if kind not in KINDS:
        raise RowRefused(f"The kind must be one of {', '.join(KINDS)}.")
    npn = canonical_npn(row.get("npn", ""))
    if npn is None:
        raise RowRefused("The npn must be 1 to 10 digits.")
    canonical = canonical_identifier(kind, row.get("value", ""), fmo_id=fmo_id)
    if canonical is None:
        raise RowRefused("A TIN has nine digits." if kind == "tin" else "The value is empty or cannot be read.")
    first, last = read_day(row.get("valid_from", ""), "valid_from"), read_day(row.get("valid_to", ""), "valid_to")
    if first and last and last < first:
        raise RowRefused("The valid_to is before the valid_from.")
    return {
        "carrier": carrier,
        "kind": kind,
        "value": canonical[0],
        "shown": canonical[1],
        "npn": npn,
        "valid_from": first,
        "valid_to": last,
    }
