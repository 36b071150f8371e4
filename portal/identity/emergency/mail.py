"""The mail that tells compliance officers of an emergency access: who, where and until when. Never the reason, which a
person typed and may say too much."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from uuid import UUID

from sqlalchemy import select

from portal.config import load_settings
from portal.core import access, clock, outbox
from portal.extensions import db
from portal.identity.emergency import events
from portal.identity.emergency.models import EmergencyAccess
from portal.identity.emergency.operations import JOB, officers
from portal.identity.mail import deliver
from portal.identity.models import Fmo, User

TRY_AGAIN_AFTER, TRY_FOR = timedelta(minutes=3), timedelta(days=2)


def tell(access_id: UUID) -> None:
    """Mail every compliance officer of the access (job scope)."""
    found = db.session.scalar(select(EmergencyAccess).where(EmergencyAccess.id == access_id))
    if found is None:
        return
    fmo = db.session.get_one(Fmo, found.fmo_id)
    told = officers()
    for officer in told:
        deliver(_message(found, fmo, officer))
    access.record(events.TOLD, kind="emergency", ids=[found.id], officers=len(told), business=str(found.business_id))


def order_again(access_id: UUID) -> None:
    """After a mail that failed (job scope): order it again, for two days."""
    found = db.session.scalar(select(EmergencyAccess).where(EmergencyAccess.id == access_id))
    if found is not None and found.asked_at > clock.now() - TRY_FOR:
        outbox.send_after_commit(JOB, access_id, wait=TRY_AGAIN_AFTER)


def _message(found: EmergencyAccess, fmo: Fmo, officer: User) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = f"Emergency access to {found.business_name}"
    message["From"] = f"{fmo.name} <no-reply@{fmo.slug}.example>"
    message["To"] = officer.email
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(domain=f"{fmo.slug}.example")
    message.set_content(
        f"Hello {officer.first_name},\n\n"
        f"{found.user_name} has taken emergency access to the contacts of {found.business_name},"
        f" until {clock.moment(found.until)} at the latest.\n\n"
        f"The reason that was given, and what was seen:\n\n"
        f"{load_settings().public_url}/compliance/emergency/{found.id}\n\n"
        f"You can end the access there, and it waits there for your judgement.\n"
    )
    return message
