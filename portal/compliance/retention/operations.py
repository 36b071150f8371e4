"""What officers decide about keeping the log: the term, legal holds, and that an archived month may go."""

from __future__ import annotations

from uuid import UUID

from portal.compliance.retention import events, queries
from portal.compliance.retention.models import REASON, LegalHold, LogArchive, LogTerm
from portal.core import access, clock, crypto, scope
from portal.core.ids import new_id
from portal.core.scope import Scope
from portal.extensions import db


def set_term(years: int, *, by: Scope) -> bool:
    """Keep the log for so many years from now on; False where it is so already."""
    earlier = queries.years()
    if years == earlier:
        return False
    assert by.actor_id is not None
    term = LogTerm(fmo_id=scope.fmo_id(), id=new_id(), years=years, set_by=by.actor_id, set_name=by.actor_name)
    db.session.add(term)
    access.record(events.TERM, kind="log_term", ids=[term.id], years=years, earlier_years=earlier)
    return True


def place(kind: str, subject: UUID | None, reason: str, *, by: Scope) -> LegalHold:
    """Keep from now on every month in which there is an entry about it."""
    assert by.actor_id is not None
    hold = LegalHold(
        fmo_id=scope.fmo_id(),
        id=new_id(),
        kind=kind,
        subject_id=subject,
        reason=crypto.encrypt(reason, fmo_id=scope.fmo_id(), field=REASON),
        placed_by=by.actor_id,
        placed_name=by.actor_name,
    )
    db.session.add(hold)
    access.record(events.HELD, kind="legal_hold", ids=[hold.id], members=queries.members_of(hold), hold=kind)
    return hold


def lift(hold: LegalHold, reason: str, *, by: Scope) -> bool:
    """End a hold; False for who placed it themself, and for one that was lifted before."""
    if hold.lifted_at is not None or by.actor_id in (None, hold.placed_by):
        return False
    hold.lifted_by, hold.lifted_name, hold.lifted_at = by.actor_id, by.actor_name, clock.now()
    hold.lifted_reason = crypto.encrypt(reason, fmo_id=hold.fmo_id, field=REASON)
    access.record(events.LIFTED, kind="legal_hold", ids=[hold.id], members=queries.members_of(hold), hold=hold.kind)
    return True


def approve(archive: LogArchive, *, by: Scope) -> bool:
    """Say that an archived month may go; False where nobody's word is needed any more, or one said so before."""
    if archive.ended_at is not None or archive.second_by is not None or by.actor_id in (None, archive.approved_by):
        return False
    if archive.approved_by is None:
        archive.approved_by, archive.approved_name, archive.approved_at = by.actor_id, by.actor_name, clock.now()
    else:
        archive.second_by, archive.second_name, archive.second_at = by.actor_id, by.actor_name, clock.now()
    month = f"{archive.month:%Y-%m}"
    access.record(events.APPROVED, kind="log_archive", ids=[archive.id], month=month, count=archive.entries)
    return True
