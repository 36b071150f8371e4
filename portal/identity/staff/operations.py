"""Adding, changing and closing the sign-ins of the FMO's own people. Nobody decides about themselves.

The database says the same of who may write whose row, and of the last administrator: see `guard_people`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal.core import access, clock
from portal.core.events import Event
from portal.core.permissions import Permission, may
from portal.core.scope import STAFF_ROLES, Role, Scope
from portal.extensions import db
from portal.identity import operations as identity
from portal.identity import sessions
from portal.identity.factors import operations as factors
from portal.identity.models import User
from portal.identity.staff import events, notices, queries

EMAIL_REFUSED = "This e-mail address cannot be used. Ask for another one."
YOURSELF = "You cannot change your own role or access. Ask somebody else who may."
ADMINS = "Only an FMO administrator decides about administrators."
OFFICERS = "Compliance officers are looked after by another officer, or by whoever runs this portal."
LAST = (
    "This is the last active FMO administrator. Nothing was changed. Make somebody else an administrator first, and let"
    " them sign in."
)


class Refused(Exception):
    """The change is not the actor's to make, or must not be made; the text says why. Nothing was changed."""


def may_give(by: Scope) -> tuple[Role, ...]:
    """The roles that the actor may give to people."""
    if may(by, Permission.OFFICERS):
        return (Role.COMPLIANCE,)
    if may(by, Permission.STAFF_ADMINS):
        return STAFF_ROLES
    return tuple(role for role in STAFF_ROLES if role is not Role.FMO_ADMIN) if may(by, Permission.STAFF) else ()


def why_not(user: User, by: Scope) -> str | None:
    """Why the actor may not decide about this person, in a sentence, or None."""
    if user.id == by.actor_id:
        return YOURSELF
    if user.role in may_give(by):
        return None
    return OFFICERS if user.role is Role.COMPLIANCE else ADMINS


def is_last_admin(user: User) -> bool:
    """Whether nobody but `user` is an active administrator of the FMO at this moment."""
    if user.role is not Role.FMO_ADMIN or user.state != "active" or user.suspended_at is not None:
        return False
    others = (User.role == Role.FMO_ADMIN, User.state == "active", User.suspended_at.is_(None), User.id != user.id)
    return not db.session.scalar(select(func.count()).select_from(User).where(*others))


def add(*, email: str, first_name: str, last_name: str, role: Role, by: Scope) -> User:
    """A new person with `role`, invited by mail after this transaction; flushed. Raises `Refused`.

    An address that is in use anywhere, also at another FMO, is refused in the same neutral words.
    """
    if role not in may_give(by):
        raise Refused(OFFICERS if role is Role.COMPLIANCE else ADMINS)
    user = User(
        fmo_id=by.fmo_id, email=email.strip().lower(), first_name=first_name.strip(), last_name=last_name.strip(),
        role=role, state="invited",
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(user)
            db.session.flush()
    except IntegrityError as error:
        if "uq_portal_user_email" not in str(error.orig):
            raise
        raise Refused(EMAIL_REFUSED) from error
    access.record(events.ADDED, subject=user, given_role=role.value)
    identity.invite(user.id)
    return user


def change_role(user: User, role: Role, *, by: Scope) -> bool:
    """Give somebody of the staff another preset, and end their sessions; whether that changed anything."""
    if user.role is role:
        return False
    _check(user, by)
    if role not in may_give(by):
        raise Refused(ADMINS)
    _keep_an_admin(user)
    earlier, user.role = user.role, role
    _written(user, events.ROLE_CHANGED, ["role"], given_role=role.value, earlier_role=earlier.value)
    return True


def lock(user: User, *, by: Scope) -> str:
    """Let them in no more until somebody lets them in again."""
    _check(user, by)
    if user.suspended_at is not None:
        return f"{user.name} is locked out already."
    _keep_an_admin(user)
    user.suspended_at, user.suspended_by = clock.now(), by.actor_id
    _written(user, events.LOCKED, ["suspended_at"])
    return f"{user.name} is locked out and was signed out everywhere."


def unlock(user: User, *, by: Scope) -> str:
    """Let them in again."""
    _check(user, by)
    user.suspended_at = user.suspended_by = None
    _written(user, events.UNLOCKED, ["suspended_at"])
    return f"{user.name} may sign in again."


def deactivate(user: User, *, by: Scope) -> str:
    """Close the sign-in, end every session and every link."""
    _check(user, by)
    if user.state == "deactivated":
        return f"{user.name} is deactivated already."
    _keep_an_admin(user)
    user.state = "deactivated"
    identity.void_invitations(user.id)
    _written(user, events.DEACTIVATED, ["state"])
    return f"{user.name} can no longer sign in and was signed out everywhere."


def reactivate(user: User, *, by: Scope) -> str:
    """Open the sign-in again, or invite them where no password was set yet."""
    _check(user, by)
    if user.state != "deactivated":
        return f"{user.name} is not deactivated."
    known = queries.had_password(user)
    user.state = "active" if known else "invited"
    _written(user, events.REACTIVATED, ["state"])
    if not known:
        identity.invite(user.id)
    return f"{user.name} may sign in again." if known else f"{user.name} was sent an invitation."


def invite_again(user: User, *, by: Scope) -> str:
    """Send a new link; the old one ends with it."""
    _check(user, by)
    if user.state != "invited":
        raise Refused(f"{user.name} is not waiting for an invitation.")
    identity.invite(user.id)
    return f"A new invitation was sent to {user.email}. The link of the old one no longer works."


def reset_password(user: User, *, by: Scope) -> str:
    """Have them choose a new password by a link to their mailbox; until then nobody signs in as them."""
    _check(user, by)
    if user.state == "deactivated":
        raise Refused(f"{user.name} is deactivated. Reactivate the sign-in first.")
    _keep_an_admin(user)
    user.state = "invited"
    _written(user, events.RESET, ["password"])
    identity.invite(user.id)
    return f"A link to choose a new password was sent to {user.email}. Nobody signs in as {user.name} until it is used."


def reset_factor(user: User, *, by: Scope) -> str:
    """Take away their second factors and recovery codes, beside this transaction, which must not hold the row."""
    _check(user, by)
    gone = factors.reset(user.id, by)
    notices.note(db.session(), user, "factor", by_id=by.actor_id)
    if not gone:
        return f"{user.name} had no second factor; recovery codes were taken away."
    return f"The second factors of {user.name} were taken away, and they were signed out everywhere."


CHANGES: dict[str, Callable[..., str]] = {
    "lock": lock,
    "unlock": unlock,
    "deactivate": deactivate,
    "reactivate": reactivate,
    "invitation": invite_again,
    "password": reset_password,
    "factor": reset_factor,
}


def _check(user: User, by: Scope) -> None:
    sentence = why_not(user, by)
    if sentence:
        raise Refused(sentence)


def _keep_an_admin(user: User) -> None:
    """Refuse what would leave the FMO without an active administrator. Of two at once the second waits, then counts."""
    if user.role is not Role.FMO_ADMIN or user.state != "active" or user.suspended_at is not None:
        return
    key = func.hashtextextended(f"portal.admins:{user.fmo_id}", 0)
    db.session.execute(select(func.pg_advisory_xact_lock(key)))
    if is_last_admin(user):
        raise Refused(LAST)


def _written(user: User, event: Event, fields: list[str], **detail: Any) -> None:
    db.session.flush()
    access.record(event, kind="user", ids=[user.id], fields=fields, **detail)
    sessions.end_all_of(user.id)
