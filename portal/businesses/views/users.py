"""The users of a Business: invite again, deactivate, reactivate. None of it moves a policy."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash

from portal.businesses import operations, queries
from portal.businesses.models import Business
from portal.businesses.views import address_of, bp, find
from portal.core import scope
from portal.core.fragments import go
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.identity.models import User
from portal.identity.operations import invite


def _find(record_id: UUID, user_id: UUID) -> tuple[Business, User]:
    business = find(record_id)
    user = queries.find_user(business.id, user_id)
    if user is None:
        not_yours()
    return business, user


@bp.post("/<uuid:record_id>/users/<uuid:user_id>/invitation")
@allow(Permission.PROVISION)
def resend_invitation(record_id: UUID, user_id: UUID) -> Response:
    """Send a new link; the old one ends with it."""
    business, user = _find(record_id, user_id)
    if user.state != "invited":
        flash(f"{user.name} needs no invitation, so none was sent.", "error")
    else:
        invite(user.id)
        flash(f"A new invitation is on its way to {user.email}. The earlier link works no more.")
    return go(address_of(business))


@bp.post("/<uuid:record_id>/users/<uuid:user_id>/deactivation")
@allow(Permission.PROVISION)
def deactivate_user(record_id: UUID, user_id: UUID) -> Response:
    """Close the sign-in."""
    business, user = _find(record_id, user_id)
    if user.state != "deactivated":
        operations.deactivate(user, by=scope.current())
    flash(f"{user.name} can no longer sign in. The account's policies stay as they are.")
    return go(address_of(business))


@bp.post("/<uuid:record_id>/users/<uuid:user_id>/reactivation")
@allow(Permission.PROVISION)
def reactivate_user(record_id: UUID, user_id: UUID) -> Response:
    """Open the sign-in again."""
    business, user = _find(record_id, user_id)
    if user.state == "deactivated":
        operations.reactivate(user, by=scope.current())
    flash(f"{user.name} can sign in again." if user.state == "active" else f"{user.name} can be invited again.")
    return go(address_of(business))
