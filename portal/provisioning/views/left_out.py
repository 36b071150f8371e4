"""On a Business: further NPNs of its people whose policies are not in the account, each one click from Add Agent."""

from __future__ import annotations

from uuid import UUID

from flask import Response, url_for

from portal.businesses.models import Business
from portal.core.fragments import page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.downline import fragments
from portal.provisioning.views import bp
from portal.sync import queries as sync


@bp.get("/left-out/<uuid:business_id>")
@allow(Permission.PROVISION)
def left_out(business_id: UUID) -> Response:
    """The NPNs with their policies in the book."""
    business = find_or_404(Business, business_id)
    return page("provisioning/left_out.html", block="results", business=business, gaps=sync.gaps_of(business_id))


def _of_business(business_id: UUID) -> str | None:
    return url_for("provisioning.left_out", business_id=business_id) if sync.gaps_of(business_id) else None


fragments.register("business", "Not in this account", Permission.PROVISION, _of_business)
