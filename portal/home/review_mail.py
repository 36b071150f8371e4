"""Telling the compliance officers by mail that a review of the log is overdue. The mail names the day and nobody."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.compliance.reviews import events, queries
from portal.compliance.reviews.models import ReviewReminder
from portal.config import load_settings
from portal.core import access, clock, outbox, scope
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.extensions import db
from portal.identity.emergency.operations import officers
from portal.identity.mail import compose, deliver, one_line
from portal.identity.models import Fmo, User
from portal.identity.rounds import in_each_fmo

JOB = "remind_of_review"
TRY_AGAIN_AFTER, TRY_FOR = timedelta(minutes=3), timedelta(days=2)


def order_due() -> int:
    """Order a mail for every FMO whose review is overdue, and another one after each further span of its rules."""
    return in_each_fmo(_order)


def _order() -> int:
    due_at, every = queries.due()
    late = clock.now() - due_at
    if late < timedelta(0):
        return 0
    span = timedelta(days=every)
    table = table_of(ReviewReminder)
    row = {"fmo_id": scope.fmo_id(), "id": new_id(), "due_at": due_at + (late // span) * span}
    made = db.session.execute(insert(table).values(row).on_conflict_do_nothing().returning(table.c.id)).first()
    if made is None:
        return 0
    outbox.send_after_commit(JOB, made.id)
    return 1


def remind(reminder_id: UUID) -> None:
    """Mail every compliance officer that the review is overdue (job scope); once, and not where it is done by now."""
    reminder = db.session.scalar(select(ReviewReminder).where(ReviewReminder.id == reminder_id).with_for_update())
    if reminder is None or reminder.mailed_at is not None:
        return
    due_at, _ = queries.due()
    if due_at > clock.now():
        return
    fmo = db.session.get_one(Fmo, scope.fmo_id())
    told = officers()
    for officer in told:
        deliver(_mail(fmo, officer, clock.day(due_at)))
    reminder.mailed_at = clock.now()
    db.session.flush()
    access.record(events.REMINDED, kind="review", officers=len(told))


def order_again(reminder_id: UUID) -> None:
    """After a mail that failed (job scope): order it again, for two days."""
    at = db.session.scalar(select(ReviewReminder.made_at).where(ReviewReminder.id == reminder_id))
    if at is not None and at > clock.now() - TRY_FOR:
        outbox.send_after_commit(JOB, reminder_id, wait=TRY_AGAIN_AFTER)


def _mail(fmo: Fmo, officer: User, day: str) -> EmailMessage:
    return compose(
        fmo,
        officer.email,
        "The review of the access log is overdue",
        f"Hello {one_line(officer.first_name)},\n\n"
        f"The review of {one_line(fmo.name)}'s access log was to be signed by {day} and is not.\n\n"
        f"Begin it, or go on with it, here:\n\n{load_settings().public_url}/compliance/reviews\n\n"
        "Every compliance officer gets this mail, and gets it again while the review is missing.\n",
    )
