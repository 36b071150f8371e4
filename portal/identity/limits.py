"""How long a session may stand still, and how long it may last at all: each FMO's rule, kept by the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from portal.core.scope import AGENT_ROLES, Role
from portal.identity import rules
from portal.identity.models import LoginSession

_GROUP = "Sessions"
_OFFICERS = (Role.FMO_ADMIN, Role.COMPLIANCE)
LONGEST_IDLE = 60


def _idle(name: str, whom: str) -> rules.Rule:
    hint = "Without a click, a search or a form sent for so long, they are signed out. What a page fetches by itself"
    hint += " does not count. What was typed stays in the browser."
    return rules.declare(
        rules.Rule(name, _GROUP, f"Minutes until {whom} are signed out", hint, 15, least=5, most=LONGEST_IDLE)
    )


IDLE_OFFICERS = _idle("session_idle_officers", "idle administrators and compliance officers")
IDLE_STAFF = _idle("session_idle_staff", "idle staff")
IDLE_AGENTS = _idle("session_idle_agents", "idle agents")
HOURS = rules.declare(
    rules.Rule(
        "session_hours",
        _GROUP,
        "Hours until everybody must sign in again",
        "Counted from the sign-in, however much somebody works in between.",
        12,
        least=1,
        most=24,
    )
)


@dataclass(frozen=True, slots=True)
class Times:
    """When a session's person was last there, how long they may do nothing, and when it is over at the latest."""

    seen_at: datetime
    idle: timedelta
    latest: datetime

    @property
    def ends_at(self) -> datetime:
        """When it is over if nobody does anything more."""
        return min(self.seen_at + self.idle, self.latest)


def idle_for(role: Role, stored: Mapping[str, object]) -> timedelta:
    """How long somebody of `role` may do nothing, where the FMO's rules are stored as `stored`."""
    rule = IDLE_AGENTS if role in AGENT_ROLES else IDLE_OFFICERS if role in _OFFICERS else IDLE_STAFF
    return timedelta(minutes=cast(int, rules.kept(rule, stored)))


def signed_in_for(stored: Mapping[str, object]) -> timedelta:
    """How long a session may last from its sign-in on."""
    return timedelta(hours=cast(int, rules.kept(HOURS, stored)))


def times(row: LoginSession, role: Role, stored: Mapping[str, object]) -> Times:
    """The times of the session of `row`.

    A rule that was made shorter holds for the sessions there are. The hours, made longer, are for those that begin.
    """
    latest = min(row.expires_at, row.created_at + signed_in_for(stored))
    return Times(row.last_seen_at, idle_for(role, stored), latest)
