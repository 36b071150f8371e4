"""Keeping a version of a layout, and the headers that its connector's files may have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from portal.book.layouts.models import ConnectorHeader, ConnectorLayout
from portal.book.models import Connector
from portal.connectors.headers import header_id
from portal.core import scope
from portal.core.ids import new_id
from portal.extensions import db


def add_version(connector: Connector, body: Mapping[str, Any], *, reason: str) -> int:
    """Keep `body`, which was checked, as the connector's newest layout; gives its number."""
    by = scope.current()
    latest = select(func.max(ConnectorLayout.version)).where(ConnectorLayout.connector_id == connector.id)
    number = (db.session.scalar(latest) or 0) + 1
    made = ConnectorLayout(fmo_id=scope.fmo_id(), id=new_id(), connector_id=connector.id, version=number)
    made.body, made.reason, made.made_by, made.made_by_name = dict(body), reason, by.actor_id, by.actor_name
    db.session.add(made)
    db.session.flush()
    return number


def accept_headers(
    connector: Connector,
    headers: Iterable[Sequence[str]],
    *,
    version: int | None,
    run_id: UUID | None = None,
    by: str | None = None,
) -> None:
    """Let the connector's files have these columns from now on, read with that version of its layout."""
    for columns in headers:
        same = select(ConnectorHeader).where(
            ConnectorHeader.connector_id == connector.id, ConnectorHeader.header_id == header_id(columns)
        )
        kept = db.session.scalar(same)
        if kept is None:
            kept = ConnectorHeader(fmo_id=scope.fmo_id(), id=new_id(), connector_id=connector.id)
            kept.header_id, kept.columns = header_id(columns), list(columns)
            kept.accepted_by_name = by or scope.current().actor_name
            db.session.add(kept)
        kept.version = version
        kept.run_id = run_id or kept.run_id  # the newest: what a later file is compared with
        db.session.flush()
