"""What a policy's status is where its row does not say it alone: by the dates, or by the word in the file's name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from portal.connectors.declared import BY_DATES, Layout
from portal.connectors.file_names import FileStatus
from portal.connectors.rows import Status

Told = tuple[str, str | None]  # a Status value, "" where the row says nothing, and the carrier's word
Decide = Callable[[Told, date, date | None], Told]


def decider(layout: Layout, *, as_of: date, by_name: FileStatus | None) -> Decide | None:
    """A function (what the row tells, effective date, end) -> status and word; None where the row decides alone."""
    source = layout.status_from
    if source is None:
        return None
    default, refines = source.default, source.refines

    def decide(told: Told, effective: date, term: date | None) -> Told:
        status = told[0]
        if not status and default:
            status = by_dates(effective, term, as_of) if default == BY_DATES else default
        if by_name is not None and (not status or status in refines):
            return by_name.status, by_name.word
        return status, told[1]

    return decide


def by_dates(effective: date, term: date | None, as_of: date) -> str:
    """Future before the first day, terminated after the last, active between; the last day is still active."""
    if effective > as_of:
        return Status.FUTURE_ACTIVE.value
    return Status.TERMINATED.value if term is not None and term < as_of else Status.ACTIVE.value
