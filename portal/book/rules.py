"""What a connector's layout says about the writing agent, in words for the FMO to confirm."""

from __future__ import annotations

from dataclasses import dataclass

from portal.book.layouts import known
from portal.book.models import Connector
from portal.connectors.layouts import Layout


@dataclass(frozen=True, slots=True)
class WriterRule:
    """How one layout names the writing agent; `kind` is the identifier looked up in the crosswalk, if any."""

    says: str
    npn_columns: tuple[str, ...]
    kind: str | None
    column: str | None
    asks: bool  # the identifier attributes nothing before the FMO has confirmed what it names
    confirmed: bool


def layout_of(connector: Connector) -> Layout | None:
    """The connector's newest layout, None where this version no longer has it."""
    return known().of(connector)


def writer_rule(connector: Connector) -> WriterRule | None:
    """The rule of the connector's layout, None where this version no longer has it."""
    layout = layout_of(connector)
    if layout is None:
        return None
    writer, crosswalk = layout.writer, layout.writer.crosswalk
    roles = [*writer.people, *([writer.main] if writer.main else [])]
    return WriterRule(
        says=writer.says,
        npn_columns=tuple(role.npn.header for role in roles),
        kind=crosswalk.kind if crosswalk else None,
        column=crosswalk.column.header if crosswalk else None,
        asks=bool(crosswalk and crosswalk.needs_confirmation),
        confirmed=bool(crosswalk and crosswalk.kind in connector.confirmed_kinds),
    )
