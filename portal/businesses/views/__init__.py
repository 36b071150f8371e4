"""The pages of Agent CRM Businesses. Importing them makes Businesses known to Log Activity and guards their NPNs."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, url_for

from portal.activities import subjects
from portal.activities.subjects import Subject
from portal.businesses import operations, queries
from portal.businesses.models import Business
from portal.core.permissions import Permission
from portal.core.transaction import not_yours
from portal.downline import fragments as panels
from portal.downline import hooks
from portal.identity.models import User
from portal.identity.queries import also_known

bp = Blueprint("businesses", __name__, url_prefix="/fmo/businesses")


def address_of(business: Business) -> str:
    """The page of a Business."""
    return url_for("businesses.business", record_id=business.id)


def find(record_id: UUID) -> Business:
    """The Business; a foreign id and one that never existed give the same logged 404."""
    found = queries.by_id(record_id)
    if found is None:
        not_yours()
    return found


def find_user(record_id: UUID, user_id: UUID) -> tuple[Business, User]:
    """The Business and one of its users, or the logged 404."""
    business = find(record_id)
    user = queries.find_user(business.id, user_id)
    return (business, user) if user is not None else not_yours()


def _subject(record_id: UUID) -> Subject | None:
    found = queries.by_id(record_id)
    return Subject("business", found.id, found.name, None, address_of(found)) if found else None


subjects.register("business", _subject)
hooks.guard_npn(operations.npn_guard)
also_known(queries.account_name)
panels.register(
    "producer",
    "Agent CRM Business",
    Permission.BUSINESS_READ,
    lambda record_id: url_for("businesses.of_producer", record_id=record_id),
)

from portal.businesses.views import (  # noqa: E402  # they add routes to bp
    addresses,  # noqa: F401
    agreements,  # noqa: F401
    emergency,  # noqa: F401
    npns,  # noqa: F401
    records,  # noqa: F401
    roles,  # noqa: F401
    users,  # noqa: F401
)
from portal.businesses.views.account import account  # noqa: E402  # the agents' own page

blueprints = [bp, account]
