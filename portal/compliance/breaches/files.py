"""The members of a case as a file: ids, and names only where somebody proved to be themself and it is logged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from uuid import UUID

from portal.compliance import subjects
from portal.compliance.breaches import words
from portal.compliance.breaches.affected import Delivery, Found
from portal.core import clock
from portal.core.csv_file import csv_text

_HEADER = ("Member id", "Carriers", "Policies", "In the account from", "Until")


def members(found: Found, names: Mapping[UUID, str] | None = None) -> str:
    """One line for each affected member."""
    by_member: dict[UUID, list[Delivery]] = defaultdict(list)
    for one in found.deliveries:
        by_member[one.member_id].append(one)
    done = {kind: found.members_of(kind) for kind in words.DONE}
    header = [*_HEADER, *words.DONE.values()]
    if names is not None:
        header.insert(1, "Name")
    return csv_text(header, [_line(key, held, done, names) for key, held in sorted(by_member.items())])


def _line(
    member_id: UUID, held: list[Delivery], done: Mapping[str, set[UUID]], names: Mapping[UUID, str] | None
) -> list[object]:
    carriers = sorted({subjects.worded("carrier", one.carrier) for one in held if one.carrier})
    ends = [one.left_at for one in held]
    until = None if None in ends else max(end for end in ends if end)
    told: list[object] = [member_id]
    if names is not None:
        told.append(names.get(member_id, ""))
    told += ["; ".join(carriers), len({one.policy_id for one in held})]
    told += [clock.moment(min(one.at for one in held)), clock.moment(until) if until else "Still there"]
    return [*told, *("Yes" if member_id in done[kind] else "" for kind in words.DONE)]
