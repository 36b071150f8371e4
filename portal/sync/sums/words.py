"""What each part of the sum is called and means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from portal.sync.sums.tally import Kind


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the sum: its name, and exactly what is in it."""

    name: str
    means: str


PARTS: Final[dict[Kind, Part]] = {
    "waiting": Part(
        "An account's, but not in it",
        "The writing agent's NPN is one of an account, and no account has a copy: a run has not come yet, Policy Sync"
        " does not run, or an agent removed the policy.",
    ),
    "without": Part("In the downline, without an account", "The NPN is in your downline and in no account."),
    "outside": Part("NPN not in the downline", "The NPN is neither in your downline nor in an account."),
    "several": Part("In more than one account", "Policies that two accounts or more have, because both have the NPN."),
}
