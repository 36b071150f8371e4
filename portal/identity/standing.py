"""Whether somebody may be in today, and what to tell those who may not."""

from __future__ import annotations

from portal.core import clock
from portal.identity.models import User

SUSPENDED, LOCKED, LEFT, TRIES = "suspended", "locked_out", "left", "tries"
TOLD = {
    TRIES: "That was wrong too often. Nobody was signed in. Wait at least 15 minutes, then sign in again.",
    SUSPENDED: "An Administrator of your account has suspended your access. Nothing of yours was removed. "
    "Ask them or your FMO to lift the suspension.",
    LOCKED: "Somebody who looks after users has locked your access. Ask them, or whoever runs this portal.",
    LEFT: "Your access to this account has ended. Ask your FMO if you still need something from it.",
}


def kept_out(user: User) -> str | None:
    """Why this user may not be in at this moment (invited, deactivated, suspended, locked out, left), or None."""
    if user.state != "active":
        return user.state
    return withdrawn(user)


def withdrawn(user: User) -> str | None:
    """Suspended, locked out or left, whatever the state of the sign-in is; None for everybody else."""
    if user.suspended_at is not None:
        return SUSPENDED if user.role.is_agent else LOCKED
    if user.leaves_on is not None and user.leaves_on < clock.today():
        return LEFT
    return None
