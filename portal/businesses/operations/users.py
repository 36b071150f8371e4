"""The people of a Business: adding them, their role, and whether they may sign in. None of it moves a policy."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from portal.businesses import queries
from portal.businesses.events import USER_ADD, USER_DEACTIVATE, USER_REACTIVATE
from portal.businesses.models import Business
from portal.businesses.operations.refusal import Refused
from portal.core import access
from portal.core.scope import Role, Scope
from portal.extensions import db
from portal.identity.models import User

EMAIL_REFUSED = "This e-mail address cannot be used. Ask for another one."


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

    An address that is in use anywhere, also at another FMO, is refused in the same neutral words.
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
    try:
        with db.session.begin_nested():
            db.session.add(user)
            db.session.flush()
    except IntegrityError as error:
        if "uq_portal_user_email" not in str(error.orig):
            raise
        raise Refused("email", EMAIL_REFUSED) from error
    access.record(USER_ADD, subject=user, given_role=role.value, npn=npn, business=str(business.id))
    return user


def deactivate(user: User, *, by: Scope) -> None:
    """Let the user sign in no more. The NPN stays with the Business: no policy moves."""
    user.state = "deactivated"
    db.session.flush()
    access.record(USER_DEACTIVATE, subject=user, fields=["state"], business=str(user.business_id))


def reactivate(user: User, *, by: Scope) -> None:
    """Let the user sign in again, or be invited again where no password was set yet. No policy moves."""
    user.state = "active" if queries.ever_active(user) else "invited"
    db.session.flush()
    access.record(USER_REACTIVATE, subject=user, fields=["state"], business=str(user.business_id))
