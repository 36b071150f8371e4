"""The FMO's start page in words: what needs a person, and a few figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for

from portal.book import held_words, rules, words
from portal.book import queries as book
from portal.book.absence.queries import missing_count
from portal.book.arrival import queries as arrival
from portal.book.arrival import words as arrival_words
from portal.book.drift import queries as drift
from portal.book.quarantine import queries as quarantine
from portal.core import clock, scope
from portal.core.opens import opens
from portal.core.paging import COUNT_CAP
from portal.core.permissions import Permission, may
from portal.core.words import counted
from portal.home import queries
from portal.sync import queries as sync
from portal.sync.claims import queries as claims

NOTHING = "Nothing waits: no run failed, every policy has its writing agent, and nobody asks for a re-sync."
NOTHING_OF_COUNTS = "Nothing waits for you."


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that needs a person: a sentence that links to where it is done, and since when it waits."""

    text: str
    href: str
    since: datetime | None = None


def context() -> dict[str, Any]:
    """What `home/fmo.html` shows, as far as the person at work may open what it tells of."""
    book_is_open, counts_policies = _may(Permission.BOOK_READ), _may(Permission.SUMS_READ)
    by_status = queries.policies_by_status() if counts_policies else []
    return {
        "tasks": [task for task in _tasks() if opens(task.href)],
        "nothing": NOTHING if book_is_open else NOTHING_OF_COUNTS,
        "figures": list(_figures(by_status)),
        "status_rows": [
            (words.status(key)[0], count, url_for("book.policies", status=key)) for key, count in by_status
        ],
        "fresh_rows": [(label, days, url_for("book.feeds")) for label, days in _fresh()],
    }


def _figures(by_status: Sequence[tuple[str, int]]) -> Iterator[tuple[str, int, str]]:
    counts = queries.downline_counts()
    if _may(Permission.DOWNLINE_READ):
        yield "Agents", counts.get("agent", 0), url_for("downline.agents")
        yield "Agencies", counts.get("agency", 0), url_for("downline.agencies")
    if _may(Permission.BUSINESS_READ):
        yield "Businesses", counts["business"], url_for("businesses.businesses")
    if _may(Permission.SUMS_READ):
        yield "Policies", sum(count for _, count in by_status), url_for("book.policies")


def _fresh() -> list[tuple[str, int]]:
    if not _may(Permission.SUMS_READ):
        return []
    today = clock.local(clock.now()).date()
    expected = arrival.expected_by_carrier()
    return [
        (_told(one, expected.get(one.carrier)), max(0, (today - one.as_of).days)) for one in book.carrier_freshness()
    ]


def _may(permission: Permission) -> bool:
    return may(scope.current(), permission)


def _told(fresh: book.Freshness, every_days: int | None) -> str:
    said = f"{words.carrier(fresh.carrier)}, data of {clock.day(fresh.as_of)}"
    return f"{said}, expected every {counted(every_days, 'day')}" if every_days else said


def _tasks() -> Iterator[Task]:
    # Each group asks only what its reader may open: row security would answer the others with nothing.
    if _may(Permission.PROVISION):
        yield from _requests()
    if _may(Permission.HELD_READ):
        yield from _held()
    if _may(Permission.FEED_READ):
        yield from _frozen()
        yield from _unconfirmed()
        yield from _failed_feeds()
    if _may(Permission.SYNC_READ):
        yield from _failed_syncs()
    if _may(Permission.FEED_READ):
        yield from _arrivals()
    if _may(Permission.BOOK_READ):
        yield from _loose_ends()
    if _may(Permission.BUSINESS_USERS):
        yield from _invited()


def _requests() -> Iterator[Task]:
    for request in sync.open_requests():
        href = url_for("businesses.business", record_id=request.business_id)
        yield Task(f"{request.asked_by} of {request.business_name} asks for a re-sync", href, request.asked_at)


def _held() -> Iterator[Task]:
    waiting = book.waiting_changes()
    for held in waiting[: queries.NAMED]:
        yield Task(held_words.task(held), url_for("book.held_change", held_id=held.id), held.asked_at)
    if (more := len(waiting) - queries.NAMED) > 0:
        yield Task(f"{more:,} more changes wait for a second administrator", url_for("book.held_changes"))


def _frozen() -> Iterator[Task]:
    waiting = drift.frozen_feeds()
    for run in waiting[: queries.NAMED]:
        href = url_for("book.feed_columns", run_id=run.id)
        yield Task(
            f"The columns of {run.file_name} have changed; it waits to be accepted or rejected", href, run.requested_at
        )
    if (more := len(waiting) - queries.NAMED) > 0:
        yield Task(
            f"{more:,} more files are frozen because their columns changed", url_for("book.feeds", state="frozen")
        )


def _unconfirmed() -> Iterator[Task]:
    found = book.connectors()
    writers = rules.writer_rules(found)
    waiting = [one for one in found if (rule := writers[one.id]) and not rule.confirmed]
    for one in waiting[: queries.NAMED]:
        href = url_for("book.connector", connector_id=one.id)
        yield Task(f"Confirm who the writing agent is in files of {one.name}", href, one.created_at)
    if (more := len(waiting) - queries.NAMED) > 0:
        yield Task(f"{more:,} more SmartConnectors wait for the same", url_for("book.connectors"))


def _failed_feeds() -> Iterator[Task]:
    feeds = queries.failed_feeds()
    for run in feeds.first:
        yield Task(
            f"The file {run.file_name} could not be loaded", url_for("book.feed", run_id=run.id), run.requested_at
        )
    if feeds.total > len(feeds.first):
        more = f"{feeds.total - len(feeds.first):,} more files could not be loaded"
        yield Task(more, url_for("book.feeds", state="failed"))


def _failed_syncs() -> Iterator[Task]:
    syncs = queries.failed_syncs()
    for run, business in syncs.first:
        href = url_for("sync.run", run_id=run.id)
        yield Task(f"Policy Sync of {business.name} failed; its account is unchanged", href, run.requested_at)
    if syncs.total > len(syncs.first):
        more = f"{syncs.total - len(syncs.first):,} more sync runs failed"
        yield Task(more, url_for("sync.runs", state="failed"))


def _arrivals() -> Iterator[Task]:
    for source, connector in arrival.failing_sources():
        href = url_for("book.source", source_id=source.id)
        yield Task(arrival_words.failing_task(source, connector), href, source.failing_since)
    for connector, wanted, last in arrival.late(clock.now()):
        href = url_for("book.connector", connector_id=connector.id)
        yield Task(arrival_words.late_task(connector, wanted, last), href, last or wanted.set_at)


def _loose_ends() -> Iterator[Task]:
    waiting, since = claims.open_ones()
    if waiting:
        said = "1 policy is" if waiting == 1 else f"{waiting:,} policies are"
        yield Task(
            f"{said} claimed by agents who do not see {'it' if waiting == 1 else 'them'}",
            url_for("sync.unattributed"),
            since,
        )
    loose = book.unattributed_count()
    if loose.total:
        number = f"{loose.total:,}{'+' if loose.capped else ''} {'policy has' if loose.total == 1 else 'policies have'}"
        yield Task(f"{number} no writing agent", url_for("sync.unattributed"))
    gone, more_gone = missing_count()
    if gone:
        number = f"{gone:,}{'+' if more_gone else ''} {'policy is' if gone == 1 else 'policies are'}"
        yield Task(f"{number} missing from the carrier’s feed", url_for("book.policies", missing="yes"))
    refused = quarantine.waiting_count()
    if refused:
        rows = f"{COUNT_CAP:,}+ rows wait" if refused > COUNT_CAP else counted(refused, "row waits", "rows wait")
        yield Task(f"{rows} in the quarantine, refused by a file that was loaded", url_for("book.quarantine"))


def _invited() -> Iterator[Task]:
    invited = queries.unused_invitations()
    for user, business, mailed in invited.first:
        href = url_for("businesses.business", record_id=business.id)
        yield Task(f"{user.name} of {business.name} has not used the invitation yet", href, mailed)
    if invited.total > len(invited.first):
        more = f"{invited.total - len(invited.first):,} more people have not used their invitation yet"
        yield Task(more, url_for("businesses.businesses"))
