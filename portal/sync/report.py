"""A run in words and figures."""

from __future__ import annotations

from typing import Any

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
    """What the run did, or why it did not, as one sentence."""
    if run.status == "failed":
        return run.error or "The run failed. Nothing in the account was changed."
    if run.status == "cancelled":
        return run.error or "The run was cancelled. Nothing in the account was changed."
    if run.status != "succeeded":
        return run.phase or "Waiting for its turn"
    parts = [_account(run)]
    if run.without_email:
        parts.append(f"{counted(run.without_email, 'contact')} {_have(run.without_email)} no e-mail")
    if run.possible_duplicates:
        parts.append(
            f"{counted(run.possible_duplicates, 'possible duplicate')} {_is(run.possible_duplicates)} to decide"
        )
    if run.released:
        parts.append(f"{counted(run.released, 'policy', 'policies')} left the account")
    if run.removed_by_agent:
        left_out = (
            "was removed by the agent and stays out"
            if run.removed_by_agent == 1
            else ("were removed by the agent and stay out")
        )
        parts.append(f"{counted(run.removed_by_agent, 'policy', 'policies')} {left_out}")
    parts += [_gap(gap) for gap in run.gaps]
    return "; ".join(parts) + "."


def _account(run: SyncRun) -> str:
    if not run.policies:
        return "No policy in your book is written under an NPN of this account, so none is in it"
    both = f"{counted(run.policies, 'policy', 'policies')} and {counted(run.contacts or 0, 'contact')}"
    return f"{both} are now in the account"


def _gap(gap: dict[str, Any]) -> str:
    count = int(gap["policies"])
    return f"{counted(count, 'policy', 'policies')} written under NPN {gap['npn']} {_is(count)} not included"


def _have(number: int) -> str:
    return "has" if number == 1 else "have"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


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
        "Contacts": run.contacts,
        "New contacts": run.contacts_new,
        "Matched contacts": run.contacts_linked,
    }
    return [(label, value, None) for label, value in named.items()]
