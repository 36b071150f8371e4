"""Which policies of a carrier are missing: told by a connector's files before, and by none since two of its sets.

Whichever file told a policy last decides. Where that was another connector's, nothing that this one leaves out counts.
The book is compared with the recent files at once, and older ones are asked one day after another only about what is
left: seldom more than the day before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from portal.book.absence import queries, statements
from portal.book.absence.sets import SETS_THAT_MARK, Declared, Told, counting
from portal.book.absence.statements import Look


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier's files, with one that is being loaded, and what holds of its connectors."""

    key: str
    files: Sequence[Told]
    declared: Mapping[UUID, Declared]

    def of(self, connector_id: UUID) -> list[Told]:
        """The files of one connector, as they were loaded."""
        return [one for one in self.files if one.connector_id == connector_id]

    def sets(self, connector_id: UUID) -> list[date]:
        """The as-of dates of its sets that count."""
        return counting(self.of(connector_id), self.declared[connector_id])


def carrier_of(key: str, at_work: Told | None = None) -> Carrier:
    """What the book knows of the carrier's files; `at_work` comes last."""
    files = [one for one in queries.files_of(key) if at_work is None or one.run_id != at_work.run_id]
    declared = {one.id: queries.declared(one) for one in queries.connectors_of(key)}
    return Carrier(key, [*files, *([at_work] if at_work else [])], declared)


def find(fmo_id: UUID, carrier: Carrier, *, again: bool = False) -> int | None:
    """Fill `absence_found`; how many policies the recent files tell, or None where no two sets count yet.

    `again`: judge also what is marked already.
    """
    sets = {connector_id: carrier.sets(connector_id) for connector_id in carrier.declared}
    sets = {connector_id: days for connector_id, days in sets.items() if len(days) >= SETS_THAT_MARK}
    if not sets:
        return None
    cutoff = max(days[-SETS_THAT_MARK] for days in sets.values())
    recent = [one.run_id for one in carrier.files if one.as_of >= cutoff]
    keeps = all(whole.keeps_ended for one in sets if (whole := carrier.declared[one].full_set))
    newest = max(days[-1] for days in sets.values())
    told = statements.begin(Look(fmo_id, carrier.key, recent, cutoff, newest, keeps, again))
    older = sorted((one for one in carrier.files if one.as_of < cutoff), key=lambda one: one.as_of, reverse=True)
    for day, files in groupby(older, key=lambda one: one.as_of):
        if not statements.any_left():
            break
        _judge(fmo_id, day, list(files), sets)
    return told


def _judge(fmo_id: UUID, day: date, files: Sequence[Told], sets: Mapping[UUID, Sequence[date]]) -> None:
    runs_of: dict[UUID, list[UUID]] = {}
    for one in files:
        runs_of.setdefault(one.connector_id, []).append(one.run_id)
    missing = [
        (connector_id, next(one for one in days if one > day))
        for connector_id, days in sets.items()
        if day < days[-SETS_THAT_MARK]
    ]
    statements.judge(fmo_id, day, list(runs_of.items()), missing)


def newest_set(carrier: Carrier) -> tuple[date, bool] | None:
    """The day of the newest set that counts of any connector, and whether its carrier keeps what has ended."""
    days = {one: found[-1] for one in carrier.declared if (found := carrier.sets(one))}
    if not days:
        return None
    keeps = all(whole.keeps_ended for one in days if (whole := carrier.declared[one].full_set))
    return max(days.values()), keeps
