"""Of whom a second factor is demanded. Officers always need one; for agents their FMO decides."""

from __future__ import annotations

from flask import current_app

from portal.core.session import TenantSession
from portal.identity import rules
from portal.identity.factors import kinds
from portal.identity.models import Fmo, User
from portal.identity.rules import Rule, declare

AGENTS = declare(
    Rule(
        name="second_factor_agents",
        group="Sign-in",
        label="Agents need a second factor",
        hint="An authenticator app or a passkey besides the password. What you change holds from the next sign-in on; "
        "whoever has set one up goes on being asked for it. People of the FMO and compliance officers always need one.",
        default=True,
        reason_for=False,
    )
)


def relaxed() -> bool:
    """Whether this installation demands no second factor of anybody: a demo, never one with people's data."""
    return bool(current_app.config["PORTAL"].second_factor == "relaxed")


def demanded_of(work: TenantSession, user: User) -> bool:
    """Whether the person must hold a second factor to be in."""
    if relaxed():
        return False
    if not user.role.is_agent:
        return True
    fmo = work.get(Fmo, user.fmo_id)
    return fmo is None or bool(rules.kept(AGENTS, fmo.rules))


def must_prove(user: User) -> bool:
    """Whether the person is asked again before what is delicate: all but those in a relaxed demo without a factor."""
    if not relaxed():
        return True
    with kinds.reading(user) as work:
        return bool(kinds.held_by(work, user))
