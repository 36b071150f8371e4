"""Telling every compliance officer of an FMO that something about the sign-in of one of them was changed.

What changes their row is noted by the database, whoever changes it; passwords and factors are not in the row, and
whoever resets one says so here. The mail names people and the change, nothing of any member.
"""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session

from portal.core import access, clock, outbox, scope
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.core.scope import Role
from portal.extensions import db
from portal.identity.mail import compose, deliver, one_line
from portal.identity.models import Fmo, User
from portal.identity.staff import events
from portal.identity.staff.models import OfficerNotice

JOB = "tell_officers"
TRY_AGAIN_AFTER, TRY_FOR = timedelta(minutes=3), timedelta(days=2)
SAYS = {
    "added": "was added as a compliance officer",
    "active": "can sign in",
    "invited": "was asked to choose a new password, by a link to their mailbox",
    "deactivated": "was disabled",
    "locked": "was locked out",
    "unlocked": "was let in again",
    "email": "has another e-mail address",
    "password": "has a new password, set by the operator",
    "factor": "had their second factors taken away",
}


def note(work: Session, officer: User, what: str, *, by_id: UUID | None) -> None:
    """Note a change of an officer that is not in their row, and have every officer told after the commit of `work`."""
    if officer.role is not Role.COMPLIANCE:
        return
    row = {"fmo_id": officer.fmo_id, "id": new_id(), "officer_id": officer.id, "what": what, "by_id": by_id}
    work.execute(insert(table_of(OfficerNotice)).inline().values(row))
    order = {"fmo_id": officer.fmo_id, "id": new_id(), "job": JOB, "args": [str(officer.fmo_id), str(row["id"])]}
    work.execute(insert(table_of(outbox.Outbox)).inline().values(order))
    work.execute(select(func.pg_notify(outbox.CHANNEL, "")))


def tell(notice_id: UUID) -> None:
    """Mail a notice to every officer who may sign in and to the one it is about (job scope); once."""
    notice = db.session.scalar(select(OfficerNotice).where(OfficerNotice.id == notice_id).with_for_update())
    fmo = db.session.scalar(select(Fmo).where(Fmo.id == scope.fmo_id()))
    if notice is None or notice.mailed_at is not None or fmo is None:
        return
    told = or_(User.state == "active", User.id == notice.officer_id)
    officers = db.session.scalars(select(User).where(User.role == Role.COMPLIANCE, told).order_by(User.id)).all()
    subject = next((one for one in officers if one.id == notice.officer_id), None)
    by = db.session.scalar(select(User).where(User.id == notice.by_id)) if notice.by_id else None
    if subject is None:
        return
    for officer in officers:
        deliver(_mail(fmo, officer, subject, notice, by))
    notice.mailed_at = clock.now()
    db.session.flush()
    access.record(events.OFFICERS_TOLD, kind="user", ids=[subject.id], change=notice.what)


def order_again(notice_id: UUID) -> None:
    """After a mail that failed (job scope): order it again, for two days."""
    at = db.session.scalar(select(OfficerNotice.at).where(OfficerNotice.id == notice_id))
    if at is not None and at > clock.now() - TRY_FOR:
        outbox.send_after_commit(JOB, notice_id, wait=TRY_AGAIN_AFTER)


def _mail(fmo: Fmo, to: User, officer: User, notice: OfficerNotice, by: User | None) -> EmailMessage:
    who = f" It was done by {one_line(by.name)}." if by else " It was done by the operator, or by themselves."
    return compose(
        fmo,
        to.email,
        "The sign-in of a compliance officer was changed",
        f"Hello {one_line(to.first_name)},\n\n"
        f"{one_line(officer.name)} {SAYS.get(notice.what, 'was changed')}."
        f" That was at {clock.moment(notice.at)}.{who}\n\n"
        "Every compliance officer gets this mail. If you did not expect it, look into the access log now,"
        f" and call {one_line(fmo.name)}.\n",
    )
