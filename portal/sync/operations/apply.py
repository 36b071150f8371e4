"""One run's work: make the account hold exactly what belongs to it, in the transaction at hand."""

from __future__ import annotations

from typing import Any

from portal.compliance.disclosures import findings
from portal.crm.duplicates.finding import look_again
from portal.crm.statements import contacts_lock
from portal.extensions import db
from portal.sync.models import BY_BOOK, SyncRun
from portal.sync.operations import planning
from portal.sync.operations.planning import LARGE as LARGE
from portal.sync.operations.planning import Plan, Progress
from portal.sync.operations.release import MOVED
from portal.sync.statements import (
    account,
    candidates,
    copies,
    gaps,
    judging,
    leave,
    lines,
    locks,
    log,
    people,
    recipients,
)


def apply(run: SyncRun, say: Progress) -> dict[str, Any]:
    """Copy the policies of the run's Business and its people; gives the run's figures by their column names.

    The scope must name the Business: row security then lets this touch no other account. Nothing is committed here.
    A run right after another one writes no row of the account.
    """
    fmo_id, business_id = run.fmo_id, run.business_id
    locks.tune(db.session())
    npns = account.hold_npns(fmo_id, business_id)
    locks.share_writers(fmo_id)
    contacts_lock.hold(business_id)
    say("Finding the policies", 0, None)
    plan = planning.make(db.session(), fmo_id, business_id, npns, whole=run.whole, say=say)
    asked = _write(run, plan, say)
    taken = leave.release(fmo_id, "business", MOVED, business=business_id) if plan.gone else []
    log.released(taken, reason=MOVED)
    findings.keep(judging.judge(fmo_id, taken))
    if taken or (plan.counts and plan.counts["new_sources"] + plan.counts["changed_sources"]):
        look_again(business_id)
    lines.keep(
        fmo_id,
        business_id,
        run.id,
        done=bool(plan.counts),
        skipped=bool(plan.staying_out),
        released=[one.policy_id for one in taken],
        why=MOVED,
    )
    account.follow(fmo_id, business_id, plan.npns)
    copies.stamp(fmo_id, business_id, plan.newest)
    return _figures(run, plan, asked, len(taken), npns)


def _write(run: SyncRun, plan: Plan, say: Progress) -> int:
    """Write what the plan says; the number of possible duplicates put before a person."""
    if not plan.counts:
        return 0
    fmo_id, business_id, total = run.fmo_id, run.business_id, plan.policies
    if plan.matched:
        candidates.keep_typed(fmo_id, business_id)
    say("Writing contacts", total // 3, total)
    people.write(fmo_id, business_id, plan.counts)
    asked = candidates.ask(fmo_id, business_id, run.id, plan.doubts)
    say("Copying policies", 2 * total // 3, total)
    copies.write(fmo_id, business_id, run.id, [one.npn for one in plan.npns], plan.counts)
    say("Writing the log", total, total)
    if plan.counts["to_disclose"]:
        recipients.note(fmo_id, business_id)
        log.disclosed(fmo_id, business_id, run.id, actor_id=run.requested_by_id, actor_name=run.requested_by)
    return asked


def _figures(run: SyncRun, plan: Plan, asked: int, released: int, npns: list[str]) -> dict[str, Any]:
    """What the account holds now, counted anew, and what was done to it."""
    held = account.held(db.session(), run.fmo_id, run.business_id) if plan.counts or released else plan.held
    done = {name: plan.counts.get(name, 0) for name in ("added", "updated", "handed_over", "contacts_new")}
    policies = held.copies - held.removed
    return {
        **done,
        "policies": policies,
        "unchanged": policies - done["added"] - done["updated"] - done["handed_over"],
        "removed_by_agent": held.removed,
        "released": released,
        "contacts_linked": plan.counts.get("contacts_linked", 0),
        "possible_duplicates": asked,
        **account.people(db.session(), run.fmo_id, run.business_id),
        "gaps": gaps.find(run.fmo_id, npns),
        "expected": run.expected or {BY_BOOK: True, "policies": plan.belonging - plan.staying_out},
    }
