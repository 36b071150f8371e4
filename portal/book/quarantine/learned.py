"""Decisions about values as a connector meets them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import partial
from uuid import UUID

from sqlalchemy import select

from portal.book.quarantine.models import ValueAlias
from portal.connectors.aliases import Aliases, ColumnKey, Put, Word, decided_status
from portal.connectors.words import status
from portal.core import clock, crypto
from portal.extensions import db

SEAL_FIELD = "value_alias"
_MOST = 20_000


def aliases_of(connector_id: UUID, fmo_id: UUID) -> Aliases | None:
    """What was decided for files of this SmartConnector and still holds; None where nothing was."""
    found = _standing(connector_id)
    if not found:
        return None
    words: dict[ColumnKey, dict[str, Word]] = {}
    rows: dict[str, dict[ColumnKey, Put]] = {}
    marks = set()
    for one in found:
        if one.row_seal is None:
            words.setdefault((one.column_key or "", one.occurrence or 1), {})[one.written or ""] = _word(one)
        else:
            rows[one.row_seal] = {(key, nth): Put(written, cell) for key, nth, written, cell in _puts(one)}
            marks.add(one.row_mark or 0)
    return Aliases(words, rows, frozenset(marks), seal_of(fmo_id))


def seal_of(fmo_id: UUID) -> partial[str]:
    """The keyed hash by which a row is known again."""
    return partial(crypto.keyed_hash, fmo_id=fmo_id, field=SEAL_FIELD)


def word_aliases(connector_id: UUID) -> Sequence[ValueAlias]:
    """The words that are read as decided, by column and word."""
    return [one for one in _standing(connector_id) if one.row_seal is None]


def row_count(connector_id: UUID) -> int:
    """How many rows are read with values that were put right."""
    return sum(one.row_seal is not None for one in _standing(connector_id))


def _standing(connector_id: UUID) -> Sequence[ValueAlias]:
    query = select(ValueAlias).where(ValueAlias.connector_id == connector_id, ValueAlias.revoked_at.is_(None))
    ordered = query.order_by(ValueAlias.column_name, ValueAlias.written, ValueAlias.id)
    return db.session.scalars(ordered.limit(_MOST)).all()


def _puts(one: ValueAlias) -> Iterable[tuple[str, int, str, str]]:
    found: list[tuple[str, int, str, str]] = json.loads(
        crypto.decrypt(one.body or "", fmo_id=one.fmo_id, field=SEAL_FIELD)
    )
    return found


def _word(one: ValueAlias) -> Word:
    said = f"“{one.shown}” in “{one.column_name}” as {reads_as(one)} ({clock.day(one.decided_at)})"
    meant = one.replacement or ""
    return Word(decided_status(meant, one.shown or "") if one.field == "status" else meant, said)


def reads_as(one: ValueAlias) -> str:
    """What a word is read as, in words."""
    return status(one.replacement or "")[0] if one.field == "status" else f"“{one.replacement}”"
