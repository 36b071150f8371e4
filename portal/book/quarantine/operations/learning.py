"""Learning from what was decided by hand: words for every row, what is a person's for the same row alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from portal.book.quarantine.cells import CellView, OpenRow
from portal.book.quarantine.events import LEARNED, REVOKED
from portal.book.quarantine.learned import SEAL_FIELD, seal_of
from portal.book.quarantine.models import ValueAlias
from portal.connectors.aliases import as_word, identifying, mark, read_decided
from portal.connectors.layouts import header_key
from portal.core import access, crypto, scope
from portal.core.ids import new_id
from portal.core.scope import Scope
from portal.extensions import db

_MOST_SHOWN = 200


def learn(opened: OpenRow, cells: Sequence[str], *, words: Iterable[int], done: set[Any], by: Scope) -> int:
    """Remember what `cells` say otherwise than the file; `words` are the places that hold for every row.

    Gives the number of words learned; `done` holds those of other rows of the same decision. The rest is remembered
    for this very row.
    """
    everywhere, learned, puts = set(words), 0, []
    keys = {place: key for key, place in opened.found.positions.items()}
    for view in opened.views():
        cell, written = cells[view.place], opened.body.cells[view.place]
        if view.field is None or cell == written:
            continue
        if view.place in everywhere and view.learnable and _meant(cell):
            word = (keys[view.place], as_word(written), _meant(cell))
            learned += 0 if word in done else _learn_word(opened, view, keys[view.place], _meant(cell), by)
            done.add(word)
        else:
            puts.append((*keys[view.place], written.strip(), cell))
    if puts:
        _learn_row(opened, puts, by)
    return learned


def _meant(cell: str) -> str:
    decided = read_decided(cell)
    return decided[0] if decided else cell


def _learn_word(opened: OpenRow, view: CellView, key: tuple[str, int], meant: str, by: Scope) -> int:
    written = as_word(view.written)[:_MOST_SHOWN]
    same = (ValueAlias.column_key == key[0], ValueAlias.occurrence == key[1], ValueAlias.written == written)
    old = _standing(opened.row.connector_id, *same)
    if old is not None and old.replacement == meant:
        return 0
    if old is not None:
        _end(old, by)
    row = _new(opened, by)
    row.field, row.column_name, row.column_key, row.occurrence = view.field, view.header, *key
    row.written, row.shown, row.replacement = written, " ".join(view.written.split())[:_MOST_SHOWN], meant
    _add(row, column=view.header, rows=0)
    return 1


def _learn_row(opened: OpenRow, puts: list[tuple[str, int, str, str]], by: Scope) -> None:
    text = identifying(opened.layout, opened.found.positions, opened.body.cells)
    seal = seal_of(opened.row.fmo_id)(text)
    old = _standing(opened.row.connector_id, ValueAlias.row_seal == seal)
    if old is not None:
        _end(old, by)
    row = _new(opened, by)
    row.row_seal, row.row_mark = seal, mark(text)
    row.body = crypto.encrypt(json.dumps(puts, ensure_ascii=False), fmo_id=row.fmo_id, field=SEAL_FIELD)
    _add(row, column=", ".join(sorted({key for key, *_ in puts})), rows=1)


def _new(opened: OpenRow, by: Scope) -> ValueAlias:
    owned = {"fmo_id": scope.fmo_id(), "id": new_id(), "connector_id": opened.row.connector_id}
    return ValueAlias(**owned, decided_by=by.actor_id, decided_name=by.actor_name)


def _add(row: ValueAlias, *, column: str, rows: int) -> None:
    db.session.add(row)
    db.session.flush()
    access.record(LEARNED, subject=row, column=header_key(column), rows=rows)


def _standing(connector_id: UUID, *conditions: object) -> ValueAlias | None:
    query = select(ValueAlias).where(ValueAlias.connector_id == connector_id, ValueAlias.revoked_at.is_(None))
    return db.session.scalar(query.where(*conditions).with_for_update())  # type: ignore[arg-type]  # SQL conditions


def _end(row: ValueAlias, by: Scope) -> None:
    row.revoked_at, row.revoked_name = func.now(), by.actor_name
    db.session.flush()


def revoke(alias: ValueAlias, *, by: Scope) -> bool:
    """Read the value as the layout says again, from the next file on; False where it was ended already."""
    if alias.revoked_at is not None:
        return False
    _end(alias, by)
    access.record(REVOKED, subject=alias, column=header_key(alias.column_name or ""))
    return True
