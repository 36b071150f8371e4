"""The second half of the chain, about one account: its NPNs, Policy Sync, its last run, the copy."""

from __future__ import annotations

from datetime import datetime

from flask import url_for

from portal.businesses.models import Business
from portal.core.clock import day, moment
from portal.sync import report
from portal.sync.models import SyncRun
from portal.sync.why.facts import Facts
from portal.sync.why.step import Link, Step

STATES = {
    "queued": "waits for its turn",
    "running": "is under way",
    "succeeded": "finished",
    "failed": "failed",
    "cancelled": "was cancelled",
}
RELEASED = {
    "moved": "its writing agent became another",
    "npn_left": "the NPN that it stood under left the account",
}


def steps(facts: Facts) -> list[Step]:
    """Four steps, or without a Business the one that asks for it."""
    if facts.business is None:
        return [_any_account(facts)]
    return [_npn(facts, facts.business), _sync(facts, facts.business), _run(facts, facts.business), _copy(facts)]


def there(facts: Facts) -> str:
    """The headline of a policy that is in the account."""
    if facts.business is None or facts.copy is None:
        names = ", ".join(one.name for one in facts.serving)
        return f"NPN {facts.npn} is served by {names}. Choose the account to see whether the policy is there."
    return f"In {facts.business.name}'s account since {moment(_copied_at(facts))}."


def _has(facts: Facts) -> bool:
    return facts.copy is not None and facts.copy.released_at is None and facts.copy.removed_at is None


def _taken_out(facts: Facts) -> bool:
    return (facts.copy is not None and facts.copy.removed_at is not None) or facts.person_removed


def _copied_at(facts: Facts) -> datetime:
    assert facts.copy is not None
    run = facts.added_run
    return run.finished_at if run is not None and run.finished_at else facts.copy.created_at


def _account(business: Business) -> Link:
    return Link(business.name, url_for("businesses.business", record_id=business.id))


def _elsewhere(facts: Facts) -> str:
    names = [one.name for one in facts.serving if facts.business is None or one.id != facts.business.id]
    return f"It is an NPN of {', '.join(names)}." if names else "It is an NPN of no account."


def _any_account(facts: Facts) -> Step:
    title = "Has an account that NPN?"
    if facts.serving:
        return Step(title, True, [_elsewhere(facts)], [_account(one) for one in facts.serving])
    action, found = None, facts.producer
    if found is not None:
        action = Link(
            "Provision an account or add the agent to one", url_for(f"downline.{found.kind}", record_id=found.id)
        )
    npn = f"NPN {facts.npn}" if facts.npn else "No NPN"
    reason = f"no account has its writing agent's NPN {facts.npn}. Provision one, or add the agent to one by Add Agent."
    return Step(title, False, [f"{npn} is in no account."], reason=reason, action=action)


def _npn(facts: Facts, business: Business) -> Step:
    title = "Is that NPN one of the account's?"
    open_one = next((one for one in facts.npns if one.until is None), None)
    earlier = [f"It was one from {day(one.since)} to {day(one.until)}." for one in facts.npns if one.until is not None]
    others = [one for one in facts.serving if one.id != business.id]
    links = [_account(business), *map(_account, others)]
    if open_one is not None:
        told = [f"NPN {facts.npn} has been an NPN of {business.name} since {moment(open_one.since)}.", *earlier]
        return Step(title, True, [*told, _elsewhere(facts)] if others else told, links)
    if facts.npn is None:
        return Step(title, False, ["There is no NPN to look for."], links, reason="no writing agent is known.")
    told = [f"NPN {facts.npn} is no NPN of {business.name}.", *earlier, _elsewhere(facts)]
    reason, action = _add(facts, business) if facts.near else _of_others(facts)
    return Step(title, False, told, links, reason=reason, action=action)


def _add(facts: Facts, business: Business) -> tuple[str, Link]:
    chosen = facts.producer.id if facts.producer else None
    add = Link("Add Agent", url_for("provisioning.add_agent", kind="business", record_id=business.id, chosen=chosen))
    return f"NPN {facts.npn}, of one of its own people, is no NPN of the account. Add it by Add Agent.", add


def _of_others(facts: Facts) -> tuple[str, Link | None]:
    """The policy is rightly not there: whose it is, and where to look instead."""
    name = f" ({facts.producer.name})" if facts.producer else ""
    reason = f"it was written under NPN {facts.npn}{name}, not under one of this account's NPNs."
    for other in facts.serving:
        look = url_for("sync.why", policy_id=facts.policy.id, business=other.id)
        return f"{reason} It belongs to {other.name}.", Link(f"Look at {other.name}", look)
    if (found := facts.producer) is not None:
        return f"{reason} That NPN has no account.", Link(
            f"Open {found.name}", url_for(f"downline.{found.kind}", record_id=found.id)
        )
    return reason, None


def _sync(facts: Facts, business: Business) -> Step:
    title = "Does Policy Sync run for the account?"
    done = _has(facts) or _taken_out(facts)
    change = url_for("provisioning.switch", kind="business", record_id=business.id)
    blocked = facts.agreement is not None and facts.agreement.blocked
    if not business.sync_enabled:
        told = ["Policy Sync is not enabled. What was copied stays; nothing is added or updated."]
        reason = "Policy Sync is not enabled for it. Enabling it starts a run."
        return Step(title, done, told, reason=reason, action=Link("Enable Policy Sync", change))
    told = ["Policy Sync is enabled" + (", continuously." if business.continuous else "; a person starts each run.")]
    if facts.agreement is not None and facts.agreement.warning:
        told.append(facts.agreement.warning)
    reason = "Policy Sync does not run without an agreement in force."
    return Step(title, done or not blocked, told, reason=reason, action=_account(business) if blocked else None)


def _run(facts: Facts, business: Business) -> Step:
    title = "Has a run come since?"
    if _has(facts) or _taken_out(facts):
        return Step(title, True, _last(facts), _runs(facts))
    again = Link("Start a re-sync", url_for("provisioning.switch", kind="business", record_id=business.id))
    last = next(iter(facts.last_runs), None)
    if last is None:
        reason = "no run has been done for the account yet. Start one."
        return Step(title, False, ["No run has been asked for yet."], reason=reason, action=again)
    look = Link("Look at the run", url_for("sync.run", run_id=last.id))
    if not report.is_over(last):
        reason = f"it is waiting for the run that was asked for on {moment(last.requested_at)} and is not over yet."
        return Step(title, False, _last(facts), _runs(facts), reason, look)
    if report.may_retry(last):
        how = "failed" if last.status == "failed" else "was cancelled"
        reason = f"the last run, of {moment(last.requested_at)}, {how}; nothing in the account was changed. Retry it."
        return Step(title, False, _last(facts), _runs(facts), reason, look)
    done = next((run for run in facts.last_runs if run.status == "succeeded"), None)
    since = _belongs_since(facts)
    if done is not None and done.started_at is not None and since is not None and done.started_at > since:
        told = "A run leaves out only what belongs to a person whom the agent removed; the run's report names it."
        reason = f"the run of {moment(done.started_at)} left it out."
        return Step(title, False, [*_last(facts), told], _runs(facts), reason, look)
    when = f", of {moment(done.finished_at)}" if done is not None and done.finished_at else ""
    belongs = f" It has belonged to the account since {moment(since)}." if since else ""
    reason = f"it is waiting for the next run.{belongs} The last run that finished{when} was before that."
    return Step(title, False, _last(facts), _runs(facts), reason, again)


def _belongs_since(facts: Facts) -> datetime | None:
    """When the book learned the writer or the account got the NPN, whichever was later; None: it does not belong."""
    known = [one.since for one in facts.writers if one.until is None]
    open_ones = [one.since for one in facts.npns if one.until is None]
    return max([*known, *open_ones]) if open_ones else None


def _last(facts: Facts) -> list[str]:
    return [_told(run) for run in facts.last_runs[:1]] or ["No run is kept."]


def _told(run: SyncRun) -> str:
    tries = f" in attempt {run.attempt}" if run.attempt > 1 else ""
    ended = f" on {moment(run.finished_at)}" if run.finished_at else ""
    error = f" {run.error}" if run.error else ""
    asked = f"The last run was asked for on {moment(run.requested_at)} by {run.requested_by}"
    return f"{asked} and {STATES[run.status]}{ended}{tries}.{error}"


def _runs(facts: Facts) -> list[Link]:
    return [
        Link(f"Run of {moment(run.requested_at)}", url_for("sync.run", run_id=run.id)) for run in facts.last_runs[:1]
    ]


def _copy(facts: Facts) -> Step:
    title, copy = "Is it in the account?", facts.copy
    if _taken_out(facts):
        told = "The agent removed it from the account, or the person it belongs to. No sync brings it back."
        reason = "the agent removed it. Only the agent can restore it."
        return Step(title, False, [told], reason=reason)
    if copy is None:
        return Step(title, False, ["It has never been copied into this account."], reason="it has not been copied.")
    if copy.released_at is not None:
        why = RELEASED.get(copy.released_reason or "", "it no longer belonged there")
        told = f"It was there from {day(copy.created_at)} and was released on {moment(copy.released_at)} because {why}."
        return Step(title, False, [told], reason="it was released.")
    run = facts.added_run
    links = [Link(f"Run of {moment(run.requested_at)}", url_for("sync.run", run_id=run.id))] if run else []
    since, changed = moment(_copied_at(facts)), moment(copy.updated_at)
    told = f"It has been there since {since}, under NPN {copy.npn}; last changed {changed}."
    return Step(title, True, [told], links)
