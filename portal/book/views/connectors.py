"""SmartConnectors: what each reads, and what its files say about the writing agent."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for

from portal.book import operations, queries, rules, words
from portal.book.absence import words as absence_words
from portal.book.absence.queries import declared
from portal.book.arrival import queries as arrival
from portal.book.arrival import words as arrival_words
from portal.book.layouts.queries import REASONS, how_read
from portal.book.mapping.queries import drafts_under_way
from portal.book.models import Connector
from portal.book.quarantine import learned
from portal.book.views import bp
from portal.book.views.sources import arrival_of
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.words import counted


@bp.get("/connectors")
@allow(Permission.FEED_READ)
def connectors() -> Response:
    """Every SmartConnector, by name."""
    found = queries.connectors()
    return page(
        "book/connectors.html",
        connectors=found,
        rules=rules.writer_rules(found),
        runs={one.id: queries.last_run_of(one) for one in found},
        sources=arrival.sources_of(one.id for one in found),
        files=arrival.last_files(one.id for one in found),
        arrival=arrival_words,
        words=words,
        unfinished=drafts_under_way(),
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
        how=how_read(found),
        reasons=REASONS,
        run=queries.last_run_of(found),
        aliases=learned.word_aliases(found.id),
        fixed_rows=learned.row_count(found.id),
        reads_as=learned.reads_as,
        declared=declared(found),
        words=words,
        **arrival_of(found),
        absence_words=absence_words,
    )


@bp.post("/connectors/<uuid:connector_id>/writer")
@allow(Permission.FEED_LOAD)
def confirm_writer(connector_id: UUID) -> Response:
    """Say that the layout's rule names the writing agent in this carrier's files."""
    found = find_or_404(Connector, connector_id)
    try:
        moved = operations.confirm_writer(connector=found, rule=request.form.get("rule"))
    except operations.RuleChanged:
        flash("The rule of this carrier has changed meanwhile. Read it again before you confirm it.", "error")
    else:
        more = f" {counted(moved, 'policy has', 'policies have')} a writing agent now." if moved else ""
        flash(f"Confirmed.{more}")
    return go(url_for("book.connector", connector_id=found.id))
