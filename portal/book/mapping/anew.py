"""A connector's files said anew: what was said of them before, words that were decided by hand included."""

from __future__ import annotations

from sqlalchemy import select

from portal.book.layouts import known
from portal.book.layouts.models import ConnectorHeader
from portal.book.mapping.models import ConnectorDraft
from portal.book.mapping.sample import Seen
from portal.book.models import Connector
from portal.book.quarantine.learned import word_aliases
from portal.connectors import plain
from portal.connectors.headers import fields_of, header_id
from portal.connectors.layouts import Layout
from portal.connectors.mapped import Answers
from portal.connectors.unmapped import answers_of as _said_by
from portal.connectors.unmapped import as_spelled
from portal.extensions import db


def connector_of(draft: ConnectorDraft) -> Connector:
    """Whose files are said anew."""
    return db.session.scalars(select(Connector).where(Connector.id == draft.connector_id)).one()


def answers_of(connector: Connector, seen: Seen) -> Answers | None:
    """What was said of files with the sample's columns; notes in `seen` tell where they are not those of today.

    None where this program has no layout of the connector.
    """
    newest = known().of(connector)
    if newest is None:
        return None
    layout = _layout_for(connector, seen) or newest
    made = _in_words(_said_by(layout, seen.looks), layout)
    if layout is not newest:
        seen.notes.append(
            "The columns of this file are those of before. A change that is checked on it holds for files with these"
            " columns; take a newer file as the sample to change how files are read today."
        )
        _add_words(made, _in_words(_said_by(newest, seen.looks), newest))
    seen.notes += _missing(layout, seen)
    _add_decided(made, connector, layout, seen)
    made.carrier, made.name = connector.carrier, connector.name
    return made


def _in_words(made: Answers, layout: Layout) -> Answers:
    """Words that the sample does not have as they were written once; a layout knows them without case."""
    body = known().body_of(layout)
    for words, name in ((made.statuses, "statuses"), (made.reasons, "reasons")):
        for written in body.get(name, {}):
            if written not in words and written.casefold() in words:
                words[written] = words.pop(written.casefold())
    return made


def _layout_for(connector: Connector, seen: Seen) -> Layout | None:
    """What reads files with exactly these columns."""
    same = ConnectorHeader.connector_id == connector.id, ConnectorHeader.header_id == header_id(seen.header)
    version = db.session.scalar(select(ConnectorHeader.version).where(*same))
    return known().of(connector, version) if version is not None else None


def _add_words(made: Answers, newest: Answers) -> None:
    made.statuses = newest.statuses | made.statuses
    made.reasons = newest.reasons | made.reasons
    made.products = newest.products | made.products


def _missing(layout: Layout, seen: Seen) -> list[str]:
    there = {one.column.key for one in seen.looks}
    names = {column.key: column.header for column in layout.all_columns()}
    uses_of = fields_of(layout).items()
    gone = [(names[key], uses) for key, uses in uses_of if key not in there and not _other(layout, key, there)]
    return [
        f"“{name}” is not in this file. Choose the column that has taken its place:"
        f" {', '.join(plain.label(use) for use in uses)}."
        for name, uses in sorted(gone)
    ]


def _other(layout: Layout, key: tuple[str, int], there: set[tuple[str, int]]) -> bool:
    """Whether the same field is filled by another column that the file has."""
    mine = [columns for columns in layout.columns.values() if any(one.key == key for one in columns)]
    return bool(mine) and all(any(one.key in there for one in columns) for columns in mine)


def _add_decided(made: Answers, connector: Connector, layout: Layout, seen: Seen) -> None:
    """Status words that somebody has decided in the quarantine are not asked again."""
    keys = {column.key for column in layout.columns.get("status", ())}
    decided = {
        one.written or "": one.replacement or ""
        for one in word_aliases(connector.id)
        if one.field == "status" and (one.column_key, one.occurrence or 1) in keys
    }
    place = made.columns.get("status")
    words = as_spelled(decided, None if place is None else seen.looks[place])
    made.statuses |= {word: meaning for word, meaning in words.items() if word not in made.statuses}
