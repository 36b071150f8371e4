"""One run's work: make the account hold exactly what belongs to it, in the transaction at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from portal.crm import matching
from portal.sync.models import SyncRun
from portal.sync.operations.release import MOVED
from portal.sync.statements import candidates, copies, gaps, leave, locks, log, people, source

Progress = Callable[[str, int, int | None], None]
LARGE = 2_000


def apply(run: SyncRun, say: Progress) -> dict[str, Any]:
    """Copy the policies of the run's Business and its people; gives the run's figures by their column names.

    The scope must name the Business: row security then lets this touch no other account. Nothing is committed here.
    A run right after another one writes no row of the account.
    """
    fmo_id, business_id = run.fmo_id, run.business_id
    locks.tune()
    locks.share_writers(fmo_id)
    say("Finding the policies", 0, None)
    npns = source.open_npns(fmo_id, business_id)
    source.collect(fmo_id, business_id, npns)
    total, strangers = source.totals()
    if total > LARGE:
        locks.read_tables_once()
    say("Matching contacts", 0, total)
    if strangers:
        _match(run)
    else:
        people.leave_removed(fmo_id, business_id)
    say("Writing contacts", total // 3, total)
    people.write(fmo_id, business_id, run.id)
    say("Copying policies", 2 * total // 3, total)
    copies.write(fmo_id, business_id, run.id)
    taken = leave.release(fmo_id, "business", MOVED, business=business_id)
    say("Writing the log", total, total)
    log.disclosed(fmo_id, business_id, run.id, actor_id=run.requested_by_id, actor_name=run.requested_by)
    log.released(fmo_id, taken, reason=MOVED)
    copies.stamp(fmo_id, business_id)
    return {
        **copies.counts(),
        **people.counts(fmo_id, business_id, run.id),
        "released": len(taken),
        "gaps": gaps.find(fmo_id, npns),
    }


def _match(run: SyncRun) -> None:
    contacts, members = candidates.load(run.fmo_id, run.business_id)
    decisions = matching.decide(contacts, members)
    ids = candidates.link(decisions, contacts)
    people.leave_removed(run.fmo_id, run.business_id)
    people.write_new(run.fmo_id, run.business_id)
    candidates.doubt(run.fmo_id, run.business_id, run.id, decisions, ids)
