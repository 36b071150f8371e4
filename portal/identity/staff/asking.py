"""What is asked before somebody's sign-in is closed or taken apart: whom it concerns and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.scope import Role, Scope
from portal.core.session import open_session
from portal.identity.models import User
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.sso import queries as sso
from portal.identity.staff import operations

# Changes that begin with a question; the others take nothing from anybody.
ASKED = ("lock", "deactivate", "password", "factor")
LEFT_WITHOUT = (
    " keeps the one password that works on a day on which your identity provider cannot be reached. Without it nobody"
    " of the staff gets in on such a day. Best have an FMO administrator choose somebody else before, under Settings,"
    " Single sign-on."
)


@dataclass(frozen=True, slots=True)
class Question:
    """A page that asks: its title and button, what follows, what stays, and what speaks against it."""

    title: str
    button: str
    follows: str
    stays: str
    warning: str | None = None  # it may be done all the same
    why_not: str | None = None  # it cannot be done, and no button is there


def question(user: User, change: str, *, has_factor: bool, by: Scope) -> Question:
    """What to ask before `change`, one of `ASKED`, is made of `user`."""
    verb, follows, stays = _WORDS[change]
    if change == "deactivate" and user.role is Role.COMPLIANCE:
        verb = "Disable"
    return Question(
        title=f"{verb} {user.name}" if change in ("lock", "deactivate") else f"{verb} of {user.name}",
        button=verb,
        follows=user.name + follows,
        stays=stays.format(email=user.email),
        warning=user.name + LEFT_WITHOUT if change != "factor" and keeps_the_password(user) else None,
        why_not=operations.why_not(user, by) or _done(user, change, has_factor) or _last(user, change),
    )


def keeps_the_password(user: User) -> bool:
    """Whether local passwords are off in the FMO and this is the administrator whose password works all the same."""
    if user.role is not Role.FMO_ADMIN:
        return False
    with open_session(IDENTITY_SCOPE) as work:
        return sso.is_break_glass(work, user)


def _done(user: User, change: str, has_factor: bool) -> str | None:
    if user.state == "deactivated":
        return f"{user.name} is deactivated already."
    if change == "lock" and user.suspended_at is not None:
        return f"{user.name} is locked out already."
    if change == "factor" and not has_factor:
        return f"{user.name} has no second factor."
    return None


def _last(user: User, change: str) -> str | None:
    return operations.LAST if change != "factor" and operations.is_last_admin(user) else None


# change → what the button says, what follows for the person, what stays and how it is taken back
_WORDS = {
    "lock": (
        "Lock out",
        " is signed out everywhere at once, and may not sign in until somebody lets them in again.",
        "Their role, password and second factor stay as they are. They are told that their access is locked.",
    ),
    "deactivate": (
        "Deactivate",
        " is signed out everywhere at once and can no longer sign in. Every link that was sent to them ends.",
        "For whoever has left. What they did stays in the access log. They can be reactivated later.",
    ),
    "password": (
        "Reset password",
        " is signed out everywhere at once, and the password works no more.",
        "A link to choose a new one goes to {email}. Until it is used nobody can sign in as them.",
    ),
    "factor": (
        "Reset second factor",
        " loses the authenticator app, passkeys and recovery codes that they had, and is signed out everywhere.",
        "They set up a new one when they sign in next. Do it only if you know that it is they who ask.",
    ),
}
