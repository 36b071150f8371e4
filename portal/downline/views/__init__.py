"""The pages of the downline. Importing them makes agents and agencies known to Log Activity."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, url_for

from portal.activities import subjects
from portal.activities.subjects import Subject
from portal.downline import queries
from portal.downline.models import Producer

bp = Blueprint("downline", __name__, url_prefix="/fmo")
PLACES = {"agent": "agents", "agency": "agencies"}


def address_of(producer: Producer) -> str:
    """The page of a record."""
    return url_for(f"downline.{producer.kind}", record_id=producer.id)


def _subject(kind: str, record_id: UUID) -> Subject | None:
    found = queries.find_kind(kind, record_id)
    return Subject(kind, found.id, found.name, found.npn, address_of(found)) if found else None


subjects.register("agent", lambda record_id: _subject("agent", record_id))
subjects.register("agency", lambda record_id: _subject("agency", record_id))

from portal.downline.views import edit, identifiers, imports, lists, records  # noqa: E402, F401  # they add routes to bp
