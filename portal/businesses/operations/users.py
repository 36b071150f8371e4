"""The people of a Business: adding them, their role, and whether they may sign in. None of it moves a policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from sqlalchemy.exc import IntegrityError

from portal.businesses import queries
from portal.businesses.events import (
    USER_ADD,
    USER_DEACTIVATE,
    USER_LEAVE,
    USER_LIFT,
    USER_MOVE,
    USER_REACTIVATE,
    USER_ROLE,
    USER_SUSPEND,
)
from portal.businesses.models import Business
from portal.businesses.operations.refusal import Refused
from portal.core import access, clock
from portal.core.permissions import Permission, may
from portal.core.scope import Role, Scope
from portal.core.session import TenantSession
from portal.extensions import db
from portal.identity import operations as identity
from portal.identity.letters import operations as letters
from portal.identity.models import User

EMAIL_REFUSED = "This e-mail address cannot be used. Ask for another one."
ANOTHER_MAILBOX = (
    "Whoever reads mails at this address could set the password and see the account's clients."
    " Your role does not see them: ask an FMO administrator to change it. Nothing was changed."
)
BACK_AS_BEFORE = (
    "They were Limited in this account before. Let them come back as that; the role can be changed on the page of the"
    " Business, with a reason."
)
WHY = "Say why this person is to see the whole account. The reason is kept in the access log."


def add_user(
    business: Business,
    *,
    email: str,
    first_name: str,
    last_name: str,
    mobile: str | None,
    role: Role,
    npn: str,
    by: Scope,
) -> User:
    """A user of the Business who is still to be invited; flushed. Raises `Refused` (field email).

    An address that is in use anywhere, also at another FMO, is refused in the same neutral words, and only so often.
    """
    if not role.is_agent:
        raise ValueError(f"{role.value} is no role inside a Business.")
    user = User(
        fmo_id=by.fmo_id,
        business_id=business.id,
        email=email.strip().lower(),
        first_name=first_name,
        last_name=last_name,
        mobile=mobile,
        role=role,
        npn=npn,
        state="invited",
    )
    with _address_told(by):
        try:
            with db.session.begin_nested():
                db.session.add(user)
                db.session.flush()
        except IntegrityError as error:
            if "uq_portal_user_email" not in str(error.orig):
                raise
            raise letters.Taken from error
    access.record(USER_ADD, subject=user, given_role=role.value, npn=npn, business=str(business.id))
    return user


@contextmanager
def _address_told(by: Scope) -> Iterator[None]:
    """Say neutrally what is wrong with an address that is tried inside."""
    try:
        with letters.trying(by.actor_id):
            yield
    except letters.Taken as error:
        raise Refused("email", EMAIL_REFUSED) from error
    except letters.TooOften as error:
        raise Refused("email", str(error)) from error


def set_email(user: User, email: str, *, by: Scope) -> bool:
    """Give the user another address to sign in with; whether that changed anything. Raises `Refused` (field email).

    Links that are out and sessions end with the old address, which is told. Who was invited is invited again.

    Whose address it is may set a password: for who has been in, that is their clients. Only those of the staff who see
    members move such a sign-in to another mailbox.
    """
    email = email.strip().lower()
    if email == user.email:
        return False
    if user.state != "invited" and not may(by, Permission.BOOK_READ):
        raise Refused("email", ANOTHER_MAILBOX)
    work = db.session()
    assert isinstance(work, TenantSession)
    with _address_told(by):
        letters.change_email(work, user, email)
    if user.state == "invited" and user.suspended_at is None:
        identity.invite(user.id)
    return True


def set_role(user: User, role: Role, *, reason: str | None, by: Scope) -> bool:
    """Give the user another role inside the Business, from their next request on; whether that changed anything.

    Raises `Refused` (field reason) where a Limited user is to see the whole account and nobody says why.
    """
    if not role.is_agent:
        raise ValueError(f"{role.value} is no role inside a Business.")
    if user.role is role:
        return False
    if widens(user.role, role) and not (reason or "").strip():
        raise Refused("reason", WHY)
    earlier, user.role = user.role, role
    db.session.flush()
    access.record(
        USER_ROLE,
        subject=user,
        fields=["role"],
        reason=(reason or "").strip() or None,
        given_role=role.value,
        earlier_role=earlier.value,
        business=str(user.business_id),
    )
    return True


def widens(earlier: Role, role: Role) -> bool:
    """Whether the change lets somebody who saw their own NPN only see the whole account."""
    return earlier is Role.AGENT_LIMITED and role is not Role.AGENT_LIMITED


def suspend(user: User, *, by: Scope) -> bool:
    """Let a user of the actor's own account see nothing until it is lifted; False where that is so already.

    Only an Administrator of the account may, and neither themselves nor another Administrator: raises `Refused`.
    """
    _own_account(user, by)
    if user.suspended_at is not None:
        return False
    user.suspended_at, user.suspended_by = clock.now(), by.actor_id
    db.session.flush()
    access.record(USER_SUSPEND, subject=user, fields=["suspended_at"], business=str(user.business_id))
    return True


def lift_suspension(user: User, *, by: Scope) -> bool:
    """Let a suspended user in again; False where nobody suspended them. What the FMO deactivated stays so."""
    if not by.role.is_staff:
        _own_account(user, by)
    if user.suspended_at is None:
        return False
    user.suspended_at = user.suspended_by = None
    db.session.flush()
    access.record(USER_LIFT, subject=user, fields=["suspended_at"], business=str(user.business_id))
    return True


def why_not_suspend(user: User, by: Scope) -> str | None:
    """Why the actor may not suspend this user of the account, in a sentence, or None."""
    if user.id == by.actor_id:
        return "You cannot suspend yourself."
    if user.role is Role.AGENT_ADMIN:
        return f"{user.name} is an Administrator of the account as you are. Ask your FMO to change that."
    return None


def _own_account(user: User, by: Scope) -> None:
    if by.role is not Role.AGENT_ADMIN or user.business_id != by.business_id:
        raise Refused("user", "Only an Administrator of the account can do this.")
    sentence = why_not_suspend(user, by)
    if sentence:
        raise Refused("user", sentence)


def move_user(user: User, business: Business, role: Role, *, reason: str | None, by: Scope) -> None:
    """Let the user belong to another Business, with `role` there. A suspension of the old account's ends with it."""
    origin, user.business_id, user.role = user.business_id, business.id, role
    user.suspended_at = user.suspended_by = None
    db.session.flush()
    access.record(
        USER_MOVE,
        subject=user,
        fields=["business_id", "role"],
        reason=reason,
        from_business=str(origin),
        business=str(business.id),
        given_role=role.value,
    )


def let_leave(user: User, until: date, *, by: Scope) -> bool:
    """Let the user sign in until a day, that day included, and no longer; whether that changed anything."""
    if user.leaves_on == until:
        return False
    user.leaves_on = until
    db.session.flush()
    access.record(USER_LEAVE, subject=user, fields=["leaves_on"], business=str(user.business_id), until=str(until))
    return True


def bring_back(user: User, role: Role, *, by: Scope) -> None:
    """Let a user whose NPN comes back into their account sign in again, with `role`; no second user is made.

    Raises `Refused` (field role) where they saw their own NPN only and would see the whole account: that asks a reason.
    """
    if widens(user.role, role):
        raise Refused("role", BACK_AS_BEFORE)
    if user.state == "deactivated" or user.leaves_on is not None:
        reactivate(user, by=by)
    set_role(user, role, reason="The NPN was added to the account again.", by=by)


def deactivate(user: User, *, by: Scope) -> int:
    """Let the user sign in no more; how many open invitations ended with it. The NPN stays: no policy moves."""
    user.state = "deactivated"
    db.session.flush()
    voided = identity.void_invitations(user.id)
    access.record(USER_DEACTIVATE, subject=user, fields=["state"], business=str(user.business_id))
    return voided


def reactivate(user: User, *, by: Scope) -> None:
    """Let the user sign in again, or be invited again where no password was set yet. No policy moves."""
    user.state = "active" if queries.ever_active(user) else "invited"
    user.leaves_on = None
    db.session.flush()
    access.record(USER_REACTIVATE, subject=user, fields=["state"], business=str(user.business_id))
