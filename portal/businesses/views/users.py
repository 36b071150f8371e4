"""The users of a Business: invite again, deactivate, reactivate, lift a suspension, reset factors. No policy moves."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash

from portal.businesses import leaving, operations
from portal.businesses.views import address_of, bp, find_user
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.identity.factors import operations as factors
from portal.identity.operations import invite
from portal.identity.staff.queries import with_second_factor


@bp.post("/<uuid:record_id>/users/<uuid:user_id>/invitation")
@allow(Permission.BUSINESS_USERS)
def resend_invitation(record_id: UUID, user_id: UUID) -> Response:
    """Send a new link; the old one ends with it."""
    business, user = find_user(record_id, user_id)
    if user.state != "invited":
        flash(f"{user.name} needs no invitation, so none was sent.", "error")
    elif user.suspended_at is not None:
        flash(f"{user.name} is suspended, so no invitation was sent. Lift the suspension first.", "error")
    else:
        invite(user.id)
        flash(f"A new invitation is on its way to {user.email}. The earlier link works no more.")
    return go(address_of(business))


@bp.get("/<uuid:record_id>/users/<uuid:user_id>/deactivation")
@allow(Permission.BUSINESS_USERS)
def confirm_deactivation(record_id: UUID, user_id: UUID) -> Response:
    """What closing the sign-in means, for the user and for the account."""
    business, user = find_user(record_id, user_id)
    follows, back = leaving.follows(business, user), address_of(business)
    return page("businesses/deactivate.html", business=business, user=user, follows=follows, back=back)


@bp.post("/<uuid:record_id>/users/<uuid:user_id>/deactivation")
@allow(Permission.BUSINESS_USERS)
def deactivate_user(record_id: UUID, user_id: UUID) -> Response:
    """Close the sign-in."""
    business, user = find_user(record_id, user_id)
    if user.state != "deactivated":
        operations.deactivate(user, by=scope.current())
    flash(f"{user.name} can no longer sign in. The account's policies stay as they are.")
    return go(address_of(business))


@bp.post("/<uuid:record_id>/users/<uuid:user_id>/reactivation")
@allow(Permission.BUSINESS_USERS)
def reactivate_user(record_id: UUID, user_id: UUID) -> Response:
    """Open the sign-in again."""
    business, user = find_user(record_id, user_id)
    if user.state == "deactivated" or user.leaves_on is not None:
        operations.reactivate(user, by=scope.current())
    flash(f"{user.name} can sign in again." if user.state == "active" else f"{user.name} can be invited again.")
    return go(address_of(business))


@bp.post("/<uuid:record_id>/users/<uuid:user_id>/suspension/lift")
@allow(Permission.BUSINESS_USERS)
def lift_suspension(record_id: UUID, user_id: UUID) -> Response:
    """Let in again whom an Administrator of the account suspended."""
    business, user = find_user(record_id, user_id)
    lifted = operations.lift_suspension(user, by=scope.current())
    flash(f"The suspension of {user.name} is lifted." if lifted else f"{user.name} is not suspended.")
    return go(address_of(business))


@bp.get("/<uuid:record_id>/users/<uuid:user_id>/factor")
@allow(Permission.BUSINESS_USERS)
def confirm_reset_factor(record_id: UUID, user_id: UUID) -> Response:
    """What taking the second factors away means."""
    business, user = find_user(record_id, user_id)
    holds = user.id in with_second_factor([user])
    return page("businesses/reset_factor.html", business=business, user=user, holds=holds, back=address_of(business))


@bp.post("/<uuid:record_id>/users/<uuid:user_id>/factor")
@allow(Permission.BUSINESS_USERS, fresh=True)
def reset_factor(record_id: UUID, user_id: UUID) -> Response:
    """Take the second factors from somebody who lost phone and recovery codes; they are told by mail."""
    business, user = find_user(record_id, user_id)
    if factors.reset(user.id, scope.current()):
        flash(f"The second factors of {user.name} were taken away, and they were signed out everywhere.")
    else:
        flash(f"{user.name} has no second factor.")
    return go(address_of(business))
