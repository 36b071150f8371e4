"""Frozen files, and their columns side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.book.drift.models import ColumnDrift
from portal.book.layouts import Known, known
from portal.book.models import Connector, FeedRun
from portal.connectors import headers
from portal.connectors.declared import Layout
from portal.connectors.headers import Difference, Named
from portal.connectors.plain import label
from portal.extensions import db


@dataclass(frozen=True, slots=True)
class Shown:
    """A frozen file as its page and its decision need it."""

    drift: ColumnDrift
    connector: Connector
    layout: Layout | None
    known: Known
    then: list[Named]
    now: list[Named]
    differs: Difference

    def used_for(self, column: Named) -> list[str]:
        """What the layout reads from the column, in words; [] for one that it does not use."""
        if self.layout is None:
            return []
        return [label(name) for name in headers.fields_of(self.layout).get(column.key, [])]

    @property
    def deciding(self) -> list[Named]:
        """Those of `wanted` that say whose a policy is."""
        if self.layout is None:
            return []
        writer = self.layout.writer
        roles = [*writer.people, *([writer.main] if writer.main else [])]
        keys = {role.npn.key for role in roles} | {one.column.key for one in writer.crosswalks}
        return [one for one in self.wanted if one.key in keys]

    @property
    def wanted(self) -> list[Named]:
        """The missing columns that are read: an admin must say what became of each."""
        return [one for one in self.differs.missing if self.used_for(one)]


def frozen_feeds() -> Sequence[FeedRun]:
    """Runs that wait for somebody to accept or reject their columns, the oldest first (at most 100)."""
    query = select(FeedRun).where(FeedRun.status == "frozen")
    return db.session.scalars(query.order_by(FeedRun.requested_at, FeedRun.id).limit(100)).all()


def shown(run: FeedRun) -> Shown | None:
    """The latest difference that froze this run, None where none did."""
    query = select(ColumnDrift).where(ColumnDrift.run_id == run.id)
    drift = db.session.scalar(query.order_by(ColumnDrift.found_at.desc(), ColumnDrift.id.desc()).limit(1))
    if drift is None:
        return None
    connector = db.session.scalars(select(Connector).where(Connector.id == drift.connector_id)).one()
    all_known = known()
    layout = all_known.package_of(connector) if drift.version is None else all_known.of(connector, drift.version)
    then, now = headers.named(drift.columns_then), headers.named(drift.columns_now)
    differs = headers.compare(drift.columns_then, drift.columns_now)
    return Shown(drift, connector, layout, all_known, then, now, differs)
