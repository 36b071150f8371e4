"""Rows beside contacts that may be the same people, by what the account's own look for duplicates goes by. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from portal.crm.duplicates.alike import Who, find
from portal.crm.uploads.known import Known


class Like(NamedTuple):
    """A contact that a row may be: why, and how much speaks for it (see `alike.Likeness`)."""

    contact: Known
    reason: str
    strength: int


def likes(rows: Mapping[UUID, Known], contacts: Iterable[Known]) -> dict[UUID, list[Like]]:
    """Row → whom it may be, the likeliest first; nobody who was removed from the account."""
    known = {one.id: one for one in contacts if not one.removed}
    found: dict[UUID, list[Like]] = {}
    for pair in find([_who(one) for one in (*rows.values(), *known.values())]):
        for row, contact in ((pair.one, pair.other), (pair.other, pair.one)):
            if row in rows and contact in known:
                found.setdefault(row, []).append(Like(known[contact], pair.reason, pair.strength))
    return found


def _who(one: Known) -> Who:
    said = one.shown
    return Who(
        one.id,
        said.get("first_name"),
        said.get("last_name"),
        said.get("suffix"),
        one.birth_date,
        said.get("gender"),
        one.mbi_hash,
        said.get("email"),
        said.get("phone"),
        said.get("zip"),
        said.get("address1"),
    )
