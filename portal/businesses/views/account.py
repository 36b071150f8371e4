"""What an Administrator of the account decides about its other users: suspend their view, and lift that again."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, url_for

from portal.businesses import operations, queries
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.identity.models import User

account = Blueprint("account", __name__, url_prefix="/crm/users")


def _find(user_id: UUID) -> User:
    user = queries.find_user(scope.business_id(), user_id)
    return user if user is not None else not_yours()


def _confirmation(user: User, status: int = 200) -> Response:
    why_not = operations.why_not_suspend(user, scope.current())
    return page("businesses/suspend.html", status=status, user=user, why_not=why_not)


@account.get("")
@allow(Permission.CRM_USERS)
def users() -> Response:
    """Who may sign in to the account, with which role."""
    people = queries.users_of(scope.business_id())
    may = {user.id for user in people if operations.why_not_suspend(user, scope.current()) is None}
    return page("businesses/account_users.html", users=people, may=may, me=scope.current().actor_id)


@account.get("/<uuid:user_id>/suspension")
@allow(Permission.CRM_USERS)
def confirm_suspension(user_id: UUID) -> Response:
    """What suspending them means."""
    return _confirmation(_find(user_id))


@account.post("/<uuid:user_id>/suspension")
@allow(Permission.CRM_USERS)
def suspend(user_id: UUID) -> Response:
    """They see nothing from the next request on; no policy moves."""
    user = _find(user_id)
    try:
        operations.suspend(user, by=scope.current())
    except operations.Refused:
        return _confirmation(user, status=422)
    flash(f"{user.name} is suspended and sees nothing from now on. The account's policies stay as they are.")
    return go(url_for("account.users"))


@account.post("/<uuid:user_id>/suspension/lift")
@allow(Permission.CRM_USERS)
def lift(user_id: UUID) -> Response:
    """They see again what their role lets them see."""
    user = _find(user_id)
    try:
        lifted = operations.lift_suspension(user, by=scope.current())
    except operations.Refused:
        return _confirmation(user, status=422)
    flash(f"The suspension of {user.name} is lifted." if lifted else f"{user.name} is not suspended.")
    return go(url_for("account.users"))
