"""The pages of Agent CRM Businesses. Importing them makes Businesses known to Log Activity and guards their NPNs."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, url_for

from portal.activities import subjects
from portal.activities.subjects import Subject
from portal.businesses import operations, queries
from portal.businesses.models import Business
from portal.core.transaction import not_yours
from portal.downline import fragments as panels
from portal.downline import hooks

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


def _subject(record_id: UUID) -> Subject | None:
    found = queries.by_id(record_id)
    return Subject("business", found.id, found.name, None, address_of(found)) if found else None


subjects.register("business", _subject)
hooks.guard_npn(operations.npn_guard)
panels.register(
    "producer", "Agent CRM Business", lambda record_id: url_for("businesses.of_producer", record_id=record_id)
)

from portal.businesses.views import npns, records, users  # noqa: E402, F401  # they add routes to bp
