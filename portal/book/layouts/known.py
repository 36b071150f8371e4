"""Every layout that the scope's FMO has: those of the package, and its own."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import select

from portal.book.layouts.models import ConnectorLayout
from portal.book.models import Connector
from portal.connectors.layouts import Layout, LayoutError, layout_bodies, layout_from, load_layouts
from portal.extensions import db

log = logging.getLogger(__name__)


class Version(NamedTuple):
    """One of the FMO's own layouts."""

    connector: Connector
    number: int
    layout: Layout
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What can be read, and by which connector."""

    package: Mapping[str, Layout]
    own: Sequence[Version]  # by connector and version, the newest of each connector last

    def all(self) -> dict[str, Layout]:
        """Every layout by its name, older versions included."""
        return {**self.package, **{one.layout.name: one.layout for one in self.own}}

    def newest(self) -> dict[str, Layout]:
        """Those that a file is compared with whose columns nobody has accepted yet."""
        latest = {one.connector.id: one.layout for one in self.own}
        replaced = {one.connector.layout for one in self.own}
        kept = {name: layout for name, layout in self.package.items() if name not in replaced}
        return kept | {layout.name: layout for layout in latest.values()}

    def of(self, connector: Connector, version: int | None = None) -> Layout | None:
        """The connector's layout: of that version, else the newest; None where this program has none."""
        mine = [one for one in self.own if one.connector.id == connector.id and version in (None, one.number)]
        return mine[-1].layout if mine else self.package.get(connector.layout)

    def package_of(self, connector: Connector) -> Layout | None:
        """The layout of the package that the connector had at first, None for one that was mapped here."""
        return self.package.get(connector.layout)

    def version_of(self, layout: Layout) -> Version | None:
        """Which of the FMO's own this is, None for one of the package."""
        return next((one for one in self.own if one.layout.name == layout.name), None)

    def body_of(self, layout: Layout) -> Mapping[str, Any]:
        """What the layout was made from."""
        own = self.version_of(layout)
        return own.body if own else layout_bodies()[layout.name]


def known() -> Known:
    """The layouts of the scope's FMO. One that this program no longer understands is left out, and logged."""
    query = select(ConnectorLayout, Connector).join(
        Connector, (Connector.fmo_id == ConnectorLayout.fmo_id) & (Connector.id == ConnectorLayout.connector_id)
    )
    found: list[Version] = []
    for row, connector in db.session.execute(query.order_by(Connector.name, Connector.id, ConnectorLayout.version)):
        layout = _checked(json.dumps(row.body), f"{connector.name}, version {row.version}")
        if layout is not None:
            found.append(Version(connector, row.version, layout, row.body))
    return Known(load_layouts(), found)


@lru_cache(maxsize=1024)
def _checked(body: str, name: str) -> Layout | None:
    try:
        return layout_from(json.loads(body), name=name)
    except LayoutError:
        log.error("A layout of an FMO's own is no longer understood: %s", name)
        return None
