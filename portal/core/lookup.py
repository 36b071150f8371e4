"""Finding one record among those that the actor may see."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from portal.core.ids import parse_id
from portal.core.transaction import not_yours
from portal.extensions import db

Row = TypeVar("Row")


def find(model: type[Row], record_id: UUID | str | None, *, to_change: bool = False) -> Row | None:
    """The row of `model` with that id inside the scope, or None.

    `to_change`: as it is once nobody else is changing it, and nobody else does until this transaction ends.
    """
    wanted = parse_id(record_id) if isinstance(record_id, str) else record_id
    if wanted is None:
        return None
    owned: Any = model
    query = select(model).where(owned.id == wanted)
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)


def find_or_404(model: type[Row], record_id: UUID | str, *, to_change: bool = False) -> Row:
    """The row as `find` gives it; a foreign id and one that never existed give the same logged 404."""
    found = find(model, record_id, to_change=to_change)
    if found is None:
        not_yours(asked_for=parse_id(record_id) if isinstance(record_id, str) else record_id)
    return found
