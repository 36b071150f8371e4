"""The entries next to one: of the same person, session, request, run, account and member."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, tuple_

from portal.compliance.asked import Place
from portal.compliance.models import AccessEntry
from portal.compliance.queries import place_of, speaks_of
from portal.extensions import db

# A session and a request have no index of their own, and neither lasts for days: a short span is read.
SESSION_LASTS, REQUEST_LASTS = timedelta(days=2), timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The entries next to one by what they share: `kind` names it, `of` is its id."""

    kind: str  # a key of LABELS
    label: str
    of: str
    older: UUID | None
    newer: UUID | None


LABELS = {
    "request": "The same request",
    "session": "The same session",
    "person": "The same person",
    "run": "The same run",
    "business": "The same account",
    "member": "The same member",
}


def neighbours(entry: AccessEntry) -> list[Neighbours]:
    """Entries beside `entry` by whatever it has of the above; of members only where it speaks of one."""
    shared: dict[str, tuple[object, ColumnElement[bool]]] = {}
    if entry.request_id:
        shared["request"] = (
            entry.request_id,
            and_(
                AccessEntry.at.between(entry.at - REQUEST_LASTS, entry.at + REQUEST_LASTS),
                AccessEntry.request_id == entry.request_id,
            ),
        )
    if entry.session_id:
        span = entry.at - SESSION_LASTS, entry.at + SESSION_LASTS
        same = and_(AccessEntry.session_id == entry.session_id, speaks_of([entry.session_id], *span))
        shared["session"] = entry.session_id, same
    if entry.actor_id:
        shared["person"] = entry.actor_id, AccessEntry.actor_id == entry.actor_id
    if entry.run_id:
        shared["run"] = entry.run_id, AccessEntry.run_id == entry.run_id
    if entry.business_id:
        shared["business"] = entry.business_id, AccessEntry.business_id == entry.business_id
    if len(entry.member_ids) == 1:
        shared["member"] = entry.member_ids[0], speaks_of(entry.member_ids)
    return [_beside(entry, kind, str(of), same) for kind, (of, same) in shared.items()]


def _beside(entry: AccessEntry, kind: str, of: str, same: ColumnElement[bool]) -> Neighbours:
    return Neighbours(kind, LABELS[kind], of, _next(entry, same, back=True), _next(entry, same, back=False))


def _next(entry: AccessEntry, same: ColumnElement[bool], *, back: bool) -> UUID | None:
    place, here = tuple_(AccessEntry.at, AccessEntry.id), place_of(Place(entry.at, entry.id))
    query = select(AccessEntry.id).where(same, place < here if back else place > here)
    order = (AccessEntry.at.desc(), AccessEntry.id.desc()) if back else (AccessEntry.at.asc(), AccessEntry.id.asc())
    return db.session.scalar(query.order_by(*order).limit(1))
