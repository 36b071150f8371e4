"""What the officer's start page counts: the last days of the log in a few figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from portal.compliance import events, sentences
from portal.compliance.days import queries as counted
from portal.core import access, clock

WEEK, MONTH = 7, 30
SIGN_IN_REFUSED, DISCLOSED = "session.refused", "policy.disclosed"


@dataclass(frozen=True, slots=True)
class Summary:
    """Entries of the last 7 days by what they are, and per day of the last 30 (oldest first, every day present)."""

    since: date  # the first of the 7 days
    refusals: int  # without those at sign-in
    sign_in_refusals: int
    reveals: int
    exports: int
    disclosures: int
    disclosures_by_day: Sequence[tuple[date, int]]
    entries_by_day: Sequence[tuple[date, int]]


def summary() -> Summary:
    """The figures of the actor's FMO, from what was counted; that they were looked at is logged."""
    today = clock.local(clock.now()).date()
    days = [today - timedelta(days=back) for back in range(MONTH - 1, -1, -1)]
    rows = counted.totals(days[0])
    access.record(events.LOG_SUMMARY)
    lately = [row for row in rows if row.day >= days[-WEEK]]
    refused = sum(row.entries for row in lately if row.outcome == "refused")
    at_sign_in = sum(row.entries for row in lately if row.action == SIGN_IN_REFUSED)
    revealed, taken = set(sentences.actions_of("reveals")), set(sentences.actions_of("exports"))
    return Summary(
        since=days[-WEEK],
        refusals=refused - at_sign_in,
        sign_in_refusals=at_sign_in,
        reveals=sum(row.entries for row in lately if row.action in revealed),
        exports=sum(row.entries for row in lately if row.action in taken),
        disclosures=sum(row.entries for row in lately if row.action == DISCLOSED),
        disclosures_by_day=[(d, sum(r.entries for r in rows if r.day == d and r.action == DISCLOSED)) for d in days],
        entries_by_day=[(d, sum(r.entries for r in rows if r.day == d)) for d in days],
    )
