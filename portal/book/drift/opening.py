"""From a run's file to rows: by the connector that accepted its columns, else by content; other columns freeze it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from portal.book.layouts import Known, known
from portal.book.layouts.models import ConnectorHeader
from portal.book.models import Connector, FeedRun
from portal.book.quarantine import learned
from portal.connectors import headers, readers
from portal.connectors.aliases import Aliases
from portal.connectors.layouts import Layout
from portal.connectors.parse import ParsedFile, parse
from portal.connectors.readers import Sheet
from portal.connectors.rows import FileRefused
from portal.extensions import db

_LOADED = ("succeeded", "undone")


class Drifted(Exception):
    """The file has other columns than were accepted for its connector; nothing of it may be loaded."""

    def __init__(self, accepted: ConnectorHeader, sheet: Sheet, row: int, header: Sequence[str]) -> None:
        super().__init__("The columns of this file are not those that were accepted.")
        self.accepted, self.sheet, self.row, self.header = accepted, sheet, row, [text.strip() for text in header]


@dataclass(frozen=True, slots=True)
class _Opened:
    run: FeedRun
    path: Path
    sheets: list[Sheet]
    known: Known

    def parsed(self, layouts: dict[str, Layout]) -> ParsedFile:
        # Rows of an older file that were put right by hand tell that file's day.
        day = self.run.as_of if self.run.parent_id is not None else None
        return parse(
            self.path,
            file_name=self.run.file_name,
            as_of=day or self.run.requested_at.date(),
            layouts=layouts,
            sheets=self.sheets,
            aliases=self._decided,
        )

    def _decided(self, layout: Layout) -> Aliases | None:
        owner = self.run.connector_id or getattr(_owner(layout, self.known), "id", None)
        return learned.aliases_of(owner, self.run.fmo_id) if owner else None


def open_run(run: FeedRun, path: Path) -> ParsedFile:
    """The run's file with the layout that reads it; raises `FileRefused`, and `Drifted` for other columns.

    A run that was loaded, or brings rows of one, is read as it was then, whatever was accepted since.
    """
    opened = _Opened(run, path, readers.open_sheets(path), known())
    connector = run.connector_id and db.session.scalar(select(Connector).where(Connector.id == run.connector_id))
    if connector and (run.status in _LOADED or run.parent_id is not None):
        return opened.parsed(_read_by(opened, connector, run.layout_version))
    accepted = _accepted(connector or None)
    exact = _exact(opened.sheets, accepted)
    if exact is not None:
        owner = connector or db.session.scalars(select(Connector).where(Connector.id == exact.connector_id)).one()
        parsed = opened.parsed(_read_by(opened, owner, exact.version))
        return _checked(parsed, [one for one in accepted if one.connector_id == owner.id])
    return _by_content(opened, connector or None, accepted)


def _read_by(opened: _Opened, connector: Connector, version: int | None) -> dict[str, Layout]:
    layout = opened.known.package_of(connector) if version is None else opened.known.of(connector, version)
    return _only(layout, connector)


def _only(layout: Layout | None, connector: Connector) -> dict[str, Layout]:
    if layout is None:
        raise FileRefused(f"The portal no longer knows how files of {connector.name} are read. Tell whoever runs it.")
    return {layout.name: layout}


def _accepted(connector: Connector | None) -> Sequence[ConnectorHeader]:
    query = select(ConnectorHeader).order_by(ConnectorHeader.accepted_at, ConnectorHeader.id)
    if connector is not None:
        query = query.where(ConnectorHeader.connector_id == connector.id)
    return db.session.scalars(query).all()


def _exact(sheets: list[Sheet], accepted: Sequence[ConnectorHeader]) -> ConnectorHeader | None:
    """The accepted header that stands in one of the sheets, if there is one and no other connector's beside it."""
    ids = {headers.header_id(cells) for sheet in sheets for _, cells in sheet.head}
    found = [one for one in accepted if one.header_id in ids]
    return found[0] if found and len({one.connector_id for one in found}) == 1 else None


def _by_content(opened: _Opened, connector: Connector | None, accepted: Sequence[ConnectorHeader]) -> ParsedFile:
    newest = opened.known.newest()
    layouts = _only(opened.known.of(connector), connector) if connector else newest
    try:
        parsed = opened.parsed(layouts)
    except FileRefused:
        near = headers.nearest(opened.sheets, [one.columns for one in accepted])
        if near is None:
            raise
        raise Drifted(accepted[near.known], near.sheet, near.row, near.header) from None
    owner = connector or _owner(parsed.layout, opened.known)
    return _checked(parsed, [one for one in accepted if owner and one.connector_id == owner.id])


def _owner(layout: Layout, by: Known) -> Connector | None:
    own = by.version_of(layout)
    if own is not None:
        return own.connector
    mine = select(Connector).where(Connector.layout == layout.name).order_by(Connector.name)
    return db.session.scalar(mine.limit(1))


def _checked(parsed: ParsedFile, accepted: Sequence[ConnectorHeader]) -> ParsedFile:
    """Every sheet that would be read has columns that were accepted; a first file has none to keep to."""
    ids = {one.header_id for one in accepted}
    for found in parsed.detections if accepted else ():
        if headers.header_id(found.header) in ids:
            continue
        base = max(accepted, key=lambda one: headers.share(found.header, one.columns))
        raise Drifted(base, found.sheet, found.header_row, found.header)
    return parsed
