"""Writing an activity."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from portal.activities.events import ACTIVITY_LOG
from portal.activities.models import Activity
from portal.core import access
from portal.core.scope import Scope
from portal.extensions import db


def log(
    type_key: str,
    subject_kind: str,
    subject_id: UUID,
    summary: str,
    *,
    by: Scope,
    body: str | None = None,
    fields: dict[str, Any] | None = None,
    other: tuple[str, UUID] | None = None,
    at: datetime | None = None,
) -> Activity:
    """Put an entry on the record's timeline, and on that of `other` (kind, id) too; flushed, not committed.

    `summary` is one readable sentence without a member's name or number; `fields` is what was filled in, as JSON.
    """
    activity = Activity(
        type=type_key,
        subject_kind=subject_kind,
        subject_id=subject_id,
        other_kind=other[0] if other else None,
        other_id=other[1] if other else None,
        by_id=by.actor_id,
        by_name=by.actor_name,
        summary=summary,
        body=body or None,
        fields=fields or {},
    )
    if at is not None:
        activity.at = at
    db.session.add(activity)
    db.session.flush()
    also: dict[str, Any] = {"other_kind": other[0], "other_id": str(other[1])} if other else {}
    access.record(ACTIVITY_LOG, subject=activity, type=type_key, on_kind=subject_kind, on_id=str(subject_id), **also)
    return activity
