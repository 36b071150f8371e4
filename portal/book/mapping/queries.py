"""Mappings that are not finished."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from portal.book.mapping.models import ConnectorDraft
from portal.extensions import db


def drafts() -> Sequence[ConnectorDraft]:
    """Every mapping under way, the latest first (at most 50)."""
    query = select(ConnectorDraft).order_by(ConnectorDraft.updated_at.desc(), ConnectorDraft.id)
    return db.session.scalars(query.limit(50)).all()


def drafts_under_way() -> int:
    """How many mappings are not finished; tells nothing of their samples."""
    query = select(func.count()).select_from(ConnectorDraft)
    return db.session.scalar(query.execution_options(unlogged="a number")) or 0
