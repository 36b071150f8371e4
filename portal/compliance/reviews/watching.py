"""The watch list: members whose every access is looked at, each with the officer's reason."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert

from portal.compliance.reviews import events
from portal.compliance.reviews.models import WatchedMember
from portal.core import access, scope
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.extensions import db


def add(member_id: UUID, reason: str) -> bool:
    """Put a member on the list; False where they are on it already, whose reason then stays."""
    at_work, table = scope.current(), table_of(WatchedMember)
    row = {"fmo_id": scope.fmo_id(), "id": new_id(), "member_id": member_id, "reason": reason}
    row |= {"added_by": at_work.actor_id, "added_name": at_work.actor_name}
    made = db.session.execute(insert(table).values(row).on_conflict_do_nothing().returning(table.c.id)).first()
    if made is None:
        return False
    access.record(events.WATCHED, kind="watched_member", ids=[made.id], members={member_id}, reason=reason)
    return True


def remove(entry: WatchedMember) -> bool:
    """Take a member off the list; False where somebody did so before. That and why they were on it stays."""
    at_work = scope.current()
    gone = {"removed_at": func.now(), "removed_by": at_work.actor_id, "removed_name": at_work.actor_name}
    still = (WatchedMember.id == entry.id, WatchedMember.removed_at.is_(None))
    done = update(WatchedMember).where(*still).values(gone).returning(WatchedMember.id)
    if db.session.execute(done.execution_options(synchronize_session=False)).first() is None:
        return False
    access.record(events.UNWATCHED, kind="watched_member", ids=[entry.id], members={entry.member_id})
    return True
