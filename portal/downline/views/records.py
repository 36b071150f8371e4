"""The record of an agent or an agency: facts at the left, timeline at the right."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from portal.activities import queries as activities
from portal.activities import registry
from portal.core.fragments import page
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.downline import fragments, queries
from portal.downline.keys import KINDS, carriers, readable_phone
from portal.downline.models import Producer
from portal.downline.views import bp


@bp.get("/agents/<uuid:record_id>")
@allow(Permission.DOWNLINE_READ)
def agent(record_id: UUID) -> Response:
    """One agent."""
    found = record_of("agent", record_id)
    return _record(found, agency=queries.by_id(found.agency_id), members=[])


@bp.get("/agencies/<uuid:record_id>")
@allow(Permission.DOWNLINE_READ)
def agency(record_id: UUID) -> Response:
    """One agency with its members."""
    found = record_of("agency", record_id)
    return _record(found, agency=None, members=queries.members_of(found.id))


def record_of(kind: str, record_id: UUID) -> Producer:
    """The agent or agency; a foreign id, an agency's id among agents and an unknown one give the same logged 404."""
    found = queries.find_kind(kind, record_id)
    if found is None:
        not_yours()
    return found


def _record(producer: Producer, **context: Any) -> Response:
    return page(
        "downline/record.html",
        producer=producer,
        identifiers=queries.identifiers_of(producer),
        carrier_names=dict(carriers()),
        kind_names=KINDS,
        readable_phone=readable_phone,
        panels=fragments.panels("producer", producer.id),
        activity_menu=registry.menu(producer.kind, producer.id),
        story=activities.timeline(producer.kind, producer.id),
        **context,
    )
