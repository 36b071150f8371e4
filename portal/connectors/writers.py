"""Who wrote the policy, as the layout declares it: an NPN, else the carrier's own identifier, else nobody."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from portal.connectors import normalise
from portal.connectors.dates import Unreadable
from portal.connectors.detect import Detection
from portal.connectors.layouts import Column, Layout, Role


class WriterFound(NamedTuple):
    """What one row says about its writer; no NPN and no identifier when it does not name exactly one by a number."""

    npn: str | None = None
    column: str | None = None
    kind: str | None = None
    value: str | None = None
    name: str | None = None


NOBODY = WriterFound()
_AGENCY_NOTE = "Some rows name only an agency as their writer; those policies are attributed to the agency's NPN."


def columns_of(layout: Layout) -> list[Column]:
    """The columns whose cells the resolver needs, in the order in which it takes them."""
    columns: list[Column] = []
    for role in _roles(layout):
        columns += [role.npn, *role.name]
    for crosswalk in layout.writer.crosswalks:
        columns += [crosswalk.column, *crosswalk.name]
    return columns


def resolver(
    found: Detection, is_empty: Callable[[str], bool], notes: list[str]
) -> Callable[[tuple[str, ...]], WriterFound]:
    """A function from the cells of `columns_of` to the writer that they name."""
    layout = found.layout
    columns = columns_of(layout)
    headers = {column: found.header[index].strip() for column in columns if (index := found.at(column)) is not None}

    def resolve(cells: tuple[str, ...]) -> WriterFound:
        row = {column: "" if is_empty(cell) else cell for column, cell in zip(columns, cells, strict=False)}
        people: dict[str, WriterFound] = {}
        agencies: list[WriterFound] = []
        for role in layout.writer.people:
            if one := _npn_of(role, row, headers):
                if _is_agency(one.name, layout):
                    agencies.append(one)
                else:
                    people.setdefault(one.npn or "", one)
        if len(people) == 1:
            return next(iter(people.values()))
        main = layout.writer.main and _npn_of(layout.writer.main, row, headers)
        if main and not _is_agency(main.name, layout):
            return main
        if people:
            return NOBODY  # several people, and nothing says which of them
        if agency := main or next(iter(agencies), None):
            if _AGENCY_NOTE not in notes:
                notes.append(_AGENCY_NOTE)
            return agency
        found = _by_crosswalk(layout, row, headers)
        return found if found.kind else WriterFound(name=_only_name(layout, row))

    return resolve


def _roles(layout: Layout) -> list[Role]:
    return [*layout.writer.people, *([layout.writer.main] if layout.writer.main else [])]


def _npn_of(role: Role, row: dict[Column, str], headers: dict[Column, str]) -> WriterFound | None:
    npn = normalise.npn(row[role.npn])
    return WriterFound(npn, headers[role.npn], None, None, _name_of(role.name, row)) if npn else None


def _by_crosswalk(layout: Layout, row: dict[Column, str], headers: dict[Column, str]) -> WriterFound:
    crosswalk = next((one for one in layout.writer.crosswalks if row[one.column]), None)
    if crosswalk is None:
        return NOBODY
    read = normalise.tax_id if crosswalk.tax_id else normalise.identifier
    try:
        value = read(row[crosswalk.column])
    except Unreadable:
        return NOBODY
    if value is None:
        return NOBODY
    return WriterFound(None, headers[crosswalk.column], crosswalk.kind, value, _name_of(crosswalk.name, row))


def _only_name(layout: Layout, row: dict[Column, str]) -> str | None:
    """The agent's name where the row has no number of theirs, and only one name: for a person to decide by."""
    places = [role.name for role in _roles(layout)]
    places += [crosswalk.name for crosswalk in layout.writer.crosswalks]
    names = {name for place in places if (name := _name_of(place, row))}
    return names.pop() if len(names) == 1 else None


def _name_of(columns: tuple[Column, ...], row: dict[Column, str]) -> str | None:
    return normalise.plain_text(" ".join(row[column] for column in columns))


def _is_agency(name: str | None, layout: Layout) -> bool:
    return bool(name) and not layout.writer.agency_words.isdisjoint(re.findall(r"[a-z]+", (name or "").lower()))
