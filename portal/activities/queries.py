"""Reading timelines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, and_, or_, select

from portal.activities import registry
from portal.activities.models import Activity
from portal.core.paging import Asked, Listing, fetch
from portal.extensions import db

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Timeline:
    """The newest entries of one record; `more` says that older ones exist."""

    kind: str
    record_id: UUID
    entries: Sequence[Activity]
    more: bool

    icon_of = staticmethod(registry.icon_of)
    detail_href = staticmethod(registry.detail_href)


def timeline(kind: str, record_id: UUID, limit: int = SHOWN) -> Timeline:
    """What was logged on the record, newest first, at most `limit` entries."""
    newest = _of(kind, record_id).order_by(Activity.at.desc(), Activity.id.desc()).limit(limit + 1)
    found = db.session.scalars(newest).all()
    return Timeline(kind, record_id, found[:limit], len(found) > limit)


def page_of(kind: str, record_id: UUID, asked: Asked) -> Listing[Activity]:
    """One page of the whole timeline, sorted by `at`."""
    return fetch(_of(kind, record_id), asked, {"at": [Activity.at]}, tie=Activity.id)


def _of(kind: str, record_id: UUID) -> Select[Activity]:
    return select(Activity).where(
        or_(
            and_(Activity.subject_id == record_id, Activity.subject_kind == kind),
            and_(Activity.other_id == record_id, Activity.other_kind == kind),
        )
    )
