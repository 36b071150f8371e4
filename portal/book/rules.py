"""What a connector's layout says about the writing agent, in words for the FMO to confirm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from portal.book.layouts import Known, known
from portal.book.models import Connector
from portal.connectors.layouts import Layout, Writer


@dataclass(frozen=True, slots=True)
class WriterRule:
    """How one layout names the writing agent; `kind` is the identifier looked up in the crosswalk, if any."""

    says: str
    key: str  # stands for the columns that decide
    npn_columns: tuple[str, ...]
    kind: str | None
    column: str | None
    others: tuple[tuple[str, str], ...]  # (kind, column) of identifiers that are looked up where that one is empty
    shown: tuple[str, ...]  # columns with other agents, which decide nothing
    asks: bool  # the identifier attributes nothing before the FMO has confirmed what it names
    confirmed: bool
    changed: bool  # another rule of this connector was confirmed before

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that decides."""
        return (*self.npn_columns, *((self.column,) if self.column else ()), *(column for _, column in self.others))

    @property
    def blocks(self) -> bool:
        """Whether policies wait for the confirmation."""
        return self.asks and not self.confirmed


def layout_of(connector: Connector, layouts: Known | None = None) -> Layout | None:
    """The connector's newest layout, None where this version no longer has it."""
    return (layouts or known()).of(connector)


def stands(connector: Connector, layouts: Known | None = None) -> bool:
    """Whether what the FMO has confirmed is still what the layout does."""
    layout = layout_of(connector, layouts)
    return layout is None or connector.confirmed_rule in (None, layout.writer.rule)


def writer_rules(connectors: Iterable[Connector]) -> dict[UUID, WriterRule | None]:
    """The rule of each connector by its id."""
    layouts = known()
    return {one.id: writer_rule(one, layouts) for one in connectors}


def writer_rule(connector: Connector, layouts: Known | None = None) -> WriterRule | None:
    """The rule of the connector's layout, None where this version no longer has it."""
    layout = layout_of(connector, layouts)
    if layout is None:
        return None
    writer, crosswalk = layout.writer, layout.writer.crosswalk
    roles = [*writer.people, *([writer.main] if writer.main else [])]
    return WriterRule(
        says=writer.says,
        key=writer.rule,
        npn_columns=tuple(role.npn.header for role in roles),
        kind=crosswalk.kind if crosswalk else None,
        column=crosswalk.column.header if crosswalk else None,
        others=tuple((one.kind, one.column.header) for one in writer.crosswalks[1:]),
        shown=tuple(column.header for column in layout.shown_agents.values()),
        asks=bool(crosswalk and crosswalk.needs_confirmation),
        confirmed=_confirmed(connector, writer),
        changed=connector.confirmed_rule not in (None, writer.rule),
    )


def _confirmed(connector: Connector, writer: Writer) -> bool:
    if connector.confirmed_rule is not None:
        return connector.confirmed_rule == writer.rule
    # Of confirmations given before rules were kept, the identifier's kind is known.
    return writer.crosswalk is not None and writer.crosswalk.kind in connector.confirmed_kinds
