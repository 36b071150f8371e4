"""Removing an NPN from a Business, after saying what that takes away."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash

from portal.activities import operations as activities
from portal.businesses import hooks, operations, queries
from portal.businesses.models import Business, BusinessNpn
from portal.businesses.views import address_of, bp, find
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.core.words import counted
from portal.downline import queries as downline


def _find(record_id: UUID, npn_id: UUID) -> tuple[Business, BusinessNpn]:
    business = find(record_id)
    ended = queries.find_npn(business.id, npn_id)
    if ended is None:
        not_yours()
    return business, ended


@bp.get("/<uuid:record_id>/npns/<uuid:npn_id>/remove")
@allow(Permission.PROVISION)
def confirm_remove_npn(record_id: UUID, npn_id: UUID) -> Response:
    """What removing it would take away."""
    business, ended = _find(record_id, npn_id)
    return page(
        "businesses/remove_npn.html",
        business=business,
        ended=ended,
        owner=downline.by_npn(ended.npn),
        policies=hooks.policies_under(business.id, ended.npn),
        users=[user for user in queries.users_of(business.id) if user.npn == ended.npn],
    )


@bp.post("/<uuid:record_id>/npns/<uuid:npn_id>/remove")
@allow(Permission.PROVISION)
def remove_npn(record_id: UUID, npn_id: UUID) -> Response:
    """Remove it; its policies leave the account in the same transaction."""
    business, ended = _find(record_id, npn_id)
    if not operations.hold_npn(ended):
        flash(f"NPN {ended.npn} is removed already; nothing was changed.")
        return go(address_of(business))
    released = operations.end_npn(ended, by=scope.current())
    policies = counted(released, "policy", "policies")
    activities.log(
        "npn_removed",
        "business",
        business.id,
        f"NPN {ended.npn} was removed from {business.name}; {policies} left the account.",
        by=scope.current(),
        fields={"npn": ended.npn, "released": released},
    )
    flash(f"NPN {ended.npn} is removed. {policies} left the account.")
    return go(address_of(business))
