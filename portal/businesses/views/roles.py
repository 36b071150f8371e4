"""The role of a user inside the Business. It holds from their next request on; nothing else ends with it."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash

from portal.businesses import hooks, operations, queries
from portal.businesses.forms import RoleForm
from portal.businesses.models import Business
from portal.businesses.views import address_of, bp, find_user
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.identity.models import User


def _page(business: Business, user: User, form: RoleForm, status: int = 200) -> Response:
    others = [one.npn for one in queries.npns_of(business.id) if one.npn != user.npn]
    counts = [hooks.policies_under(business.id, npn) for npn in others]
    return page(
        "businesses/role.html",
        status=status,
        business=business,
        user=user,
        form=form,
        others=len(others),
        only_admin=queries.is_only_admin(user),
        further=None if None in counts else sum(count or 0 for count in counts),
        back=address_of(business),
    )


@bp.get("/<uuid:record_id>/users/<uuid:user_id>/role")
@allow(Permission.BUSINESS_USERS)
def role(record_id: UUID, user_id: UUID) -> Response:
    """The role that the user has, to be changed."""
    business, user = find_user(record_id, user_id)
    return _page(business, user, RoleForm(data={"role": user.role.value}))


@bp.post("/<uuid:record_id>/users/<uuid:user_id>/role")
@allow(Permission.BUSINESS_USERS)
def change_role(record_id: UUID, user_id: UUID) -> Response:
    """Change it; whoever is to see more than before needs a reason."""
    business, user = find_user(record_id, user_id)
    form = RoleForm()
    if not form.validate_on_submit():
        return _page(business, user, form, status=422)
    try:
        changed = operations.set_role(user, form.chosen(), reason=form.reason.data, by=scope.current())
    except operations.Refused as refusal:
        form[refusal.field].errors = [*form[refusal.field].errors, str(refusal)]
        return _page(business, user, form, status=422)
    held = f"{user.name} is now {user.role.label}, from the next page on."
    flash(held if changed else f"{user.name} is {user.role.label} already; nothing was changed.")
    return go(address_of(business))
