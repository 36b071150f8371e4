"""A run in words and figures."""

from __future__ import annotations

from typing import Any

from portal.core.clock import day
from portal.core.words import counted
from portal.sync.models import MISSED, OPEN, SyncRun

REASONS = {
    "provision": "Provisioned with Policy Sync",
    "enable": "Policy Sync enabled",
    "resync": "Re-sync",
    "add_agent": "Agent added",
    "command": "Asked for by the operator",
    "continuous": "Continuous sync, after a change of the book",
}
STATES = {
    "queued": ("Waiting", "neutral"),
    "running": ("Running", "info"),
    "succeeded": ("Finished", "good"),
    "failed": ("Failed", "bad"),
    "cancelled": ("Cancelled", "neutral"),
}


def state(run: SyncRun) -> tuple[str, str]:
    """The run's state as a word and its tone."""
    return STATES[run.status]


def reason(run: SyncRun) -> str:
    """Why the run was started."""
    return REASONS.get(run.reason, run.reason)


def is_over(run: SyncRun) -> bool:
    """Whether nothing more will happen to the run."""
    return run.status not in OPEN


def may_retry(run: SyncRun) -> bool:
    """Whether a new run may be started in the place of this one."""
    return run.status in MISSED


def sentence(run: SyncRun) -> str:
    """What the run did, or why it did not, as one sentence that stays true when the account changes later."""
    if run.status == "failed":
        return run.error or "The run failed. Nothing in the account was changed."
    if run.status == "cancelled":
        return run.error or "The run was cancelled. Nothing in the account was changed."
    if run.status != "succeeded":
        return run.phase or "Waiting for its turn"
    parts = [_account(run)]
    if run.without_email:
        parts.append(f"{counted(run.without_email, 'contact')} had no e-mail")
    if run.possible_duplicates:
        parts.append(
            f"{counted(run.possible_duplicates, 'possible duplicate')} {_was(run.possible_duplicates)} put to decide"
        )
    if run.released:
        parts.append(f"{counted(run.released, 'policy', 'policies')} left the account")
    if run.removed_by_agent:
        parts.append(f"{counted(run.removed_by_agent, 'policy', 'policies')} stayed out, removed by the agent")
    parts += [_gap(gap) for gap in run.gaps]
    return "; ".join(parts) + "."


def _account(run: SyncRun) -> str:
    then = day(run.finished_at) if run.finished_at else None
    if not run.policies and not run.removed_by_agent:
        when = f" on {then}" if then else ""
        return f"No policy in your book was under an NPN of this account{when}, so none was in it"
    brought = counted(run.added, "policy", "policies") if run.added else "no new policy"
    policies, contacts = counted(run.policies or 0, "policy", "policies"), counted(run.contacts or 0, "contact")
    start = f"On {then} this run" if then else "This run"
    return f"{start} brought {brought}; the account then had {policies} and {contacts} with a policy"


def _gap(gap: dict[str, Any]) -> str:
    count = int(gap["policies"])
    return f"{counted(count, 'policy', 'policies')} written under NPN {gap['npn']} {_was(count)} not included"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def figures(run: SyncRun) -> list[tuple[str, int | None, None]]:
    """(label, value, no address) of a finished run, for `facts.figures`; empty for every other."""
    if run.status != "succeeded":
        return []
    named = {
        "Policies": run.policies,
        "Added": run.added,
        "Updated": run.updated,
        "Unchanged": run.unchanged,
        "Released": run.released,
        "Contacts with a policy": run.contacts,
        "New contacts": run.contacts_new,
        "Matched contacts": run.contacts_linked,
    }
    return [(label, value, None) for label, value in named.items()]
