"""How a connector's files are read, for its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.book.layouts.known import known
from portal.book.layouts.models import ConnectorHeader, ConnectorLayout
from portal.book.models import Connector
from portal.connectors import headers, plain
from portal.connectors.declared import Column, Layout
from portal.connectors.headers import Named
from portal.extensions import db

REASONS = {
    "mapped": "Mapped from a sample",
    "edited": "Changed by hand",
    "columns": "The carrier’s columns changed",
}


@dataclass(frozen=True, slots=True)
class HowRead:
    """A connector's newest layout in words, what came before it, and the columns that its files may have."""

    layout: Layout
    columns: Sequence[tuple[str, Sequence[str]]]  # column, what it is read as
    words: Sequence[tuple[str, str]]  # product in words, and where it is found
    versions: Sequence[ConnectorLayout]  # of the FMO's own, the newest first
    headers: Sequence[ConnectorHeader]
    own: bool  # mapped here, so that it can be said anew here


def how_read(connector: Connector) -> HowRead | None:
    """How the connector's files are read, None where this program no longer knows it."""
    layouts = known()
    layout = layouts.of(connector)
    if layout is None:
        return None
    versions = select(ConnectorLayout).where(ConnectorLayout.connector_id == connector.id)
    accepted = select(ConnectorHeader).where(ConnectorHeader.connector_id == connector.id)
    return HowRead(
        layout,
        _columns(layout),
        [(one.product or one.line, one.pattern.pattern) for one in layout.products],
        db.session.scalars(versions.order_by(ConnectorLayout.version.desc())).all(),
        db.session.scalars(accepted.order_by(ConnectorHeader.accepted_at, ConnectorHeader.id)).all(),
        layouts.package_of(connector) is None,
    )


def _columns(layout: Layout) -> list[tuple[str, Sequence[str]]]:
    uses = headers.fields_of(layout)
    called: dict[tuple[str, int], str] = {}
    for column in layout.all_columns():
        called.setdefault(column.key, _called(column))
    return [(name, [plain.label(use) for use in uses[key]]) for key, name in called.items() if key in uses]


def _called(column: Column) -> str:
    return Named(column.header, column.occurrence).called
