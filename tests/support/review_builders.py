"""Rows of the reviews for tests, past every wall."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from portal.compliance.reviews.models import (
    FollowUp,
    Review,
    ReviewFinding,
    ReviewReminder,
    ReviewRules,
    WatchedMember,
)
from portal.compliance.reviews.rules import Rules
from portal.core.ids import new_id
from tests.support.builders import add
from tests.support.world import Office


def review(store: Session, office: Office, *, days: int = 7) -> Review:
    """An open review of the office, whose findings are computed."""
    officer, now = office.compliance, datetime.now(UTC)
    row = Review(fmo_id=office.fmo.id, id=new_id(), number=1, from_at=now - timedelta(days=days), until_at=now)
    row.begun_by, row.begun_name, row.asked_at = officer.id, officer.name, now
    row.asked_by, row.asked_name, row.computed_at = officer.id, officer.name, now
    return add(store, row)


def finding(store: Session, of: Review, office: Office, key: str = "x", kind: str = "watched") -> ReviewFinding:
    """A finding about the office's administrator that nobody judged yet."""
    now = datetime.now(UTC)
    row = ReviewFinding(fmo_id=of.fmo_id, id=new_id(), review_id=of.id, kind=kind, key=key)
    row.why, row.actor_id, row.actor_name = f"Qwhy{office.fmo.slug}.", office.admin.id, f"Qwho{office.fmo.slug}"
    row.role, row.day, row.first_at, row.last_at = "fmo_admin", now.date(), now, now
    row.entries, row.member_ids, row.filters = 1, [office.stray.id], {"member": str(office.stray.id)}
    return add(store, row)


def watched(store: Session, office: Office, member_id: UUID) -> WatchedMember:
    """A member on the watch list."""
    row = WatchedMember(fmo_id=office.fmo.id, id=new_id(), member_id=member_id, reason=f"Qreason{office.fmo.slug}")
    row.added_by, row.added_name = office.compliance.id, office.compliance.name
    return add(store, row)


def of_office(store: Session, office: Office) -> dict[str, UUID]:
    """A row of every table, and the ids of those that pages name: what is followed up is late, a review is overdue."""
    officer, now = office.compliance, datetime.now(UTC)
    mine = {"fmo_id": office.fmo.id}
    open_one = review(store, office)
    found = finding(store, open_one, office)
    found.disposition, found.note, found.decided_at = "follow_up", f"Qnote{office.fmo.slug}", now
    found.decided_by, found.decided_name = officer.id, officer.name
    late = (now - timedelta(days=1)).date()
    add(store, FollowUp(**mine, finding_id=found.id, owner_id=officer.id, owner_name=officer.name, due_on=late))
    add(store, ReviewRules(**mine, id=office.fmo.id, changed_name=officer.name, **asdict(Rules())))
    add(store, ReviewReminder(**mine, due_at=now))
    member = watched(store, office, office.stray.id)
    return {"review": open_one.id, "review_finding": found.id, "watched_member": member.id}
