"""Invitation mails. Without MAIL_URL they land in `$PORTAL_DATA/outbox`, one file each."""

from __future__ import annotations

import os
import smtplib
import ssl
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

from sqlalchemy import select

from portal.config import load_settings
from portal.core import clock, outbox
from portal.extensions import db
from portal.identity.models import Fmo, Invitation, User
from portal.identity.operations import arm

TRY_AGAIN_AFTER, TRY_FOR = timedelta(minutes=3), timedelta(days=2)


def send_invitation(invitation_id: UUID) -> None:
    """Arm the invitation and mail its link (job scope); a spent one is passed over."""
    armed = arm(invitation_id)
    if armed is not None:
        deliver(_invitation(*armed))


def order_again(invitation_id: UUID) -> bool:
    """After a mail that failed (job scope): order it again, for two days; False where that is over or in vain."""
    columns = (Invitation.user_id, Invitation.created_at)
    found = db.session.execute(select(*columns).where(Invitation.id == invitation_id)).one_or_none()
    if found is None or found.created_at < clock.now() - TRY_FOR:
        return False
    # An older link that goes out late would end the newer one.
    newer = select(Invitation.id).where(Invitation.user_id == found.user_id, Invitation.created_at > found.created_at)
    if db.session.scalar(newer.limit(1)) is not None:
        return False
    outbox.send_after_commit("send_invitation", invitation_id, wait=TRY_AGAIN_AFTER)
    return True


def _invitation(user: User, fmo: Fmo, token: str) -> EmailMessage:
    link = f"{load_settings().public_url}/invite/{token}"
    message = EmailMessage()
    message["Subject"] = f"{fmo.name} has made you an account"
    message["From"] = f"{fmo.name} <no-reply@{fmo.slug}.example>"
    message["To"] = user.email
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(domain=f"{fmo.slug}.example")
    proof = " You will be asked for your NPN, to prove that the invitation is yours." if user.npn else ""
    message.set_content(
        f"Hello {user.first_name},\n\n"
        f"{fmo.name} has made you an account in its portal. Open this link to set your password:\n\n{link}\n\n"
        f"The link works once and for seven days.{proof}\n\n"
        f"If you did not expect this, ignore this mail.\n"
    )
    return message


def deliver(message: EmailMessage) -> None:
    """Hand `message` to the mail server, or write it into the outbox folder; raises what the server says."""
    settings = load_settings()
    if settings.mail_url:
        _smtp(settings.mail_url, message)
    else:
        _file(settings.data / "outbox", message)


def _smtp(url: str, message: EmailMessage) -> None:
    parts = urlsplit(url)
    secure = parts.scheme == "smtps"
    kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
    with kind(parts.hostname or "localhost", parts.port or (465 if secure else 587), timeout=20) as server:
        if not secure and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


def _file(folder: Path, message: EmailMessage) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    to = "".join(c if c.isalnum() or c in "._+-" else "_" for c in message["To"].replace("@", "_at_"))
    name = f"{clock.now():%Y%m%dT%H%M%S%f}-{to}.eml"  # an address may hold a slash
    path = folder / name
    handle = os.open(path.with_suffix(".part"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(bytes(message))
    path.with_suffix(".part").rename(path)
