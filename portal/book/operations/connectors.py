"""SmartConnectors as feeds meet them, and which identifiers may attribute policies."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from portal.book import rules
from portal.book.layouts import accept_headers, known
from portal.book.models import Connector, FeedRun
from portal.connectors.headers import header_of
from portal.connectors.layouts import Layout
from portal.connectors.parse import ParsedFile
from portal.core import scope
from portal.core.ids import new_id
from portal.extensions import db


def known_connector(layout: Layout, connector_id: UUID | None) -> Connector | None:
    """The connector that the run names, else the FMO's first of that layout, None where there is none yet."""
    mine = select(Connector).where(Connector.layout == layout.name).order_by(Connector.name)
    own = known().version_of(layout)
    if own is not None and connector_id is None:
        connector_id = own.connector.id
    if connector_id is not None:
        mine = select(Connector).where(Connector.id == connector_id)
    return db.session.scalar(mine.limit(1))


def connector_for(layout: Layout, connector_id: UUID | None) -> Connector:
    """The same, or one made now."""
    found = known_connector(layout, connector_id)
    if found is None:
        name = f"{layout.carrier_name} book of business"
        taken = db.session.scalar(select(Connector.id).where(Connector.name == name))
        found = Connector(
            fmo_id=scope.fmo_id(), id=new_id(), carrier=layout.carrier, layout=layout.name,
            name=f"{name} ({layout.name})" if taken else name, confirmed_kinds=[],
        )  # fmt: skip
        db.session.add(found)
        db.session.flush()
    return found


def remember_columns(connector: Connector, parsed: ParsedFile, run: FeedRun) -> int | None:
    """Let the connector's files have the columns of this one from now on; which own version of its layout read it."""
    own = known().version_of(parsed.layout)
    version = own.number if own else None
    if run.parent_id is not None:
        return version  # the rows came with the columns that matter alone
    headers = [header_of(found) for found in parsed.detections]
    accept_headers(connector, headers, version=version, run_id=run.id, by=run.requested_by)
    return version


def blocked_kinds(carrier: str) -> list[str]:
    """Identifier kinds of the carrier that may attribute nothing until the FMO has confirmed what they name."""
    layouts = known()
    used = [rule for one in layouts.newest().values() if one.carrier == carrier for rule in one.writer.crosswalks]
    asked = {rule.kind for rule in used if rule.needs_confirmation}
    confirmed: set[str] = set()
    if asked:
        for connector in db.session.scalars(select(Connector).where(Connector.carrier == carrier)):
            confirmed.update(connector.confirmed_kinds if rules.stands(connector, layouts) else ())
    return sorted(asked - confirmed)
