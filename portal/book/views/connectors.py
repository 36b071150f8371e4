"""SmartConnectors: what each reads, and what its files say about the writing agent."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, url_for

from portal.book import operations, queries, rules, words
from portal.book.models import Connector
from portal.book.views import bp
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.core.words import counted


@bp.get("/connectors")
@allow(Permission.FEED_READ)
def connectors() -> Response:
    """Every SmartConnector, by name."""
    found = queries.connectors()
    return page(
        "book/connectors.html",
        connectors=found,
        rules={one.id: rules.writer_rule(one) for one in found},
        runs={one.id: queries.last_run_of(one) for one in found},
        words=words,
    )


@bp.get("/connectors/<uuid:connector_id>")
@allow(Permission.FEED_READ)
def connector(connector_id: UUID) -> Response:
    """One SmartConnector with its rule."""
    found = find_or_404(Connector, connector_id)
    return page(
        "book/connector.html",
        connector=found,
        layout=rules.layout_of(found),
        rule=rules.writer_rule(found),
        run=queries.last_run_of(found),
        words=words,
    )


@bp.post("/connectors/<uuid:connector_id>/writer")
@allow(Permission.FEED_LOAD)
def confirm_writer(connector_id: UUID) -> Response:
    """Say that the layout's identifier names the writing agent in this carrier's files."""
    found = find_or_404(Connector, connector_id)
    rule = rules.writer_rule(found)
    if rule is None or rule.kind is None or not rule.asks:
        not_yours()
    moved = operations.confirm_kind(connector=found, kind=rule.kind)
    flash(f"Confirmed. {counted(moved, 'policy has', 'policies have')} a writing agent now.")
    return go(url_for("book.connector", connector_id=found.id))
