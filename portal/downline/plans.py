"""What an import would do, row by row, before anything is done. Pure but for the records that it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from portal.connectors import normalise
from portal.connectors.names import tidy
from portal.downline.keys import canonical_npn, producer_key
from portal.downline.models import Producer

Row = Mapping[str, str]


class Action(StrEnum):
    """What becomes of a row."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(slots=True)
class Planned:
    """One row: its number as a person counts it (the header is row 1), what becomes of it, and why if it is refused."""

    number: int
    action: Action
    title: str
    npn: str | None = None
    reason: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ImportPlan:
    """Every row of an import, in the file's order."""

    rows: list[Planned]

    def count(self, action: str) -> int:
        """How many rows have that action."""
        return sum(1 for row in self.rows if row.action == action)

    @property
    def problems(self) -> list[Planned]:
        """The refused rows."""
        return [row for row in self.rows if row.action is Action.REFUSED]


class RowRefused(Exception):
    """A row that cannot be taken; the text is the reason."""


def plan_producers(rows: Sequence[Row], known: Mapping[str, Producer]) -> ImportPlan:
    """Match `rows` (keys: kind, npn, first_name …) by NPN with the `known` records of the downline.

    An empty cell leaves what is known. Rows may name an agency that stands further down in the same file.
    """
    agencies = {npn for npn, one in known.items() if one.kind == "agency"}
    agencies |= {canonical_npn(row.get("npn", "")) or "" for row in rows if _word(row, "kind") == "agency"}
    npns: dict[UUID | None, str] = {one.id: npn for npn, one in known.items()}
    seen: dict[str, int] = {}
    principals: dict[str, int] = {}
    planned = []
    for number, row in enumerate(rows, 2):
        if not any(row.values()):
            continue
        try:
            values = _producer_values(row, known, agencies)
            _once(seen, values["npn"], number, "The NPN stands in row {0} already.")
            if values.get("is_principal"):
                agency = values.get("agency_npn")
                if not agency:
                    raise RowRefused("A principal needs the agency_npn of the agency.")
                _once(principals, agency, number, "Row {0} already names the principal of that agency.")
            planned.append(_match(number, values, known.get(values["npn"]), npns))
        except RowRefused as refused:
            title = tidy(row.get("name") or f"{row.get('first_name', '')} {row.get('last_name', '')}")[:80]
            planned.append(Planned(number, Action.REFUSED, title, canonical_npn(row.get("npn", "")), str(refused)))
    return ImportPlan(planned)


def _once(seen: dict[str, int], key: str, number: int, says: str) -> None:
    first = seen.setdefault(key, number)
    if first != number:
        raise RowRefused(says.format(first))


def _word(row: Row, key: str) -> str:
    return row.get(key, "").strip().casefold()


def _producer_values(row: Row, known: Mapping[str, Producer], agencies: set[str]) -> dict[str, Any]:
    npn = canonical_npn(row.get("npn", ""))
    if npn is None:
        raise RowRefused("The npn must be 1 to 10 digits.")
    kind = _word(row, "kind") or "agent"
    if kind not in ("agent", "agency"):
        raise RowRefused("The kind must be agent or agency.")
    if npn in known and known[npn].kind != kind:
        raise RowRefused(f"The NPN {npn} belongs to an {known[npn].kind} of your downline, not to an {kind}.")
    values: dict[str, Any] = {"npn": npn, "kind": kind}
    values.update(_names(row, kind, known.get(npn)))
    values.update(_contact(row))
    values.update(_membership(row, kind, npn, agencies))
    return values


def _names(row: Row, kind: str, known: Producer | None) -> dict[str, Any]:
    first, last, name = (tidy(row.get(key, "")) for key in ("first_name", "last_name", "name"))
    if max(map(len, (first, last, name))) > 120:
        raise RowRefused("A name is longer than 120 characters.")
    if kind == "agency":
        if not name and known is None:
            raise RowRefused("An agency needs a name.")
        return {"name": name} if name else {}
    first, last = first or (known and known.first_name) or "", last or (known and known.last_name) or ""
    if not (first and last):
        raise RowRefused("An agent needs first_name and last_name.")
    return {"first_name": first, "last_name": last, "name": f"{first} {last}"}


def _contact(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {}
    readers = {"email": normalise.email, "phone": normalise.phone, "state": normalise.state}
    says = {
        "email": "The email is not an address.",
        "phone": "The phone is not a number that can be called.",
        "state": "The state is not one of the United States.",
    }
    for key, read in readers.items():
        text = row.get(key, "").strip()
        if not text:
            continue
        value = read(text)
        if value is None:
            raise RowRefused(says[key])
        found[key] = value
    return found


def _membership(row: Row, kind: str, npn: str, agencies: set[str]) -> dict[str, Any]:
    typed, said = row.get("agency_npn", "").strip(), _word(row, "principal")
    if kind == "agency":
        return {}
    if said not in ("", "yes", "no"):
        raise RowRefused("The principal must be yes, no or empty.")
    found: dict[str, Any] = {"is_principal": said == "yes"} if said else {}
    if typed:
        agency = canonical_npn(typed)
        if agency is None or agency == npn:
            raise RowRefused("The agency_npn must be the NPN of an agency.")
        if agency not in agencies:
            raise RowRefused(f"The agency {agency} is neither in the file nor in your downline.")
        found["agency_npn"] = agency
    return found


def _match(number: int, values: dict[str, Any], known: Producer | None, npns: Mapping[UUID | None, str]) -> Planned:
    title = values.get("name") or (known.name if known else "")
    if known is None:
        return Planned(number, Action.CREATE, title, values["npn"], values=values)
    changed = []
    for key, value in values.items():
        if value != (npns.get(known.agency_id) if key == "agency_npn" else getattr(known, key)):
            changed.append(key)
    action = Action.UPDATE if changed else Action.UNCHANGED
    return Planned(number, action, title, values["npn"], values=values, changed=changed)


def key_of(values: Mapping[str, Any]) -> str:
    """The sort key that goes with the names among `values`."""
    return producer_key(values["name"], values.get("first_name"), values.get("last_name"))


def read_day(text: str, name: str) -> date | None:
    """A date as YYYY-MM-DD or M/D/YYYY, None for an empty cell; raises `RowRefused`."""
    text = text.strip()
    if not text:
        return None
    parts = text.split("/")
    try:
        day = date(int(parts[2]), int(parts[0]), int(parts[1])) if len(parts) == 3 else date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 1900 <= day.year <= 2200:
        raise RowRefused(f"The {name} is not a date. Write it as 2026-01-31.")
    return day
