"""Mails: what they say, and handing them over. Without MAIL_URL they land in `$PORTAL_DATA/outbox`, one file each."""

from __future__ import annotations

import os
import smtplib
import ssl
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from ipaddress import ip_address
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
WAIT = 20  # seconds for each answer of the mail server


class MailFailed(OSError):
    """The mail server did not take a mail. The text names the kind of failure and never whose mail it was."""


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
    office = one_line(fmo.name)
    proof = " You will be asked for your NPN, to prove that the invitation is yours." if user.npn else ""
    return compose(
        fmo,
        user.email,
        f"{office} has made you an account",
        f"Hello {one_line(user.first_name)},\n\n"
        f"{office} has made you an account in its portal. Open this link to set your password:\n\n{link}\n\n"
        f"The link works once and for seven days.{proof}\n\n"
        f"If you did not expect this, ignore this mail.\n",
    )


def compose(fmo: Fmo, to: str, subject: str, text: str) -> EmailMessage:
    """A mail of the FMO's. What stands in its headers is one line, whatever a name holds."""
    return _message(one_line(fmo.name), f"{fmo.slug}.example", to, subject, text)


def of_the_portal(to: str, subject: str, text: str) -> EmailMessage:
    """A mail of the installation's own."""
    return _message("Portal", "portal.example", to, subject, text)


def _message(name: str, domain: str, to: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = one_line(subject)
    message["From"] = Address(name, "no-reply", domain)
    message["To"] = Address(addr_spec=to)
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def one_line(name: str) -> str:
    """A name without line ends and other characters that steer: no name begins a header or a paragraph of a mail."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


def deliver(message: EmailMessage) -> None:
    """Hand `message` to the mail server, or write it into the outbox folder; raises `MailFailed`."""
    settings = load_settings()
    if not settings.mail_url:
        return _file(settings.data / "outbox", message)
    try:
        return _smtp(settings.mail_url, message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({code for code, _ in error.recipients.values()})
        raise MailFailed(f"The mail server refused the recipient ({', '.join(map(str, codes))}).") from None
    except smtplib.SMTPResponseException as error:
        raise MailFailed(f"The mail server refused the mail ({type(error).__name__}, {error.smtp_code}).") from None
    except OSError as error:  # smtplib's other errors are such too; their texts may name people
        raise MailFailed(f"The mail server could not be used ({type(error).__name__}).") from None


def _smtp(url: str, message: EmailMessage) -> None:
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    context = _certainty(host)
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=WAIT, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 587, timeout=WAIT)
    with server:
        server.ehlo()
        if parts.scheme != "smtps" and (server.has_extn("starttls") or not _is_here(host)):
            server.starttls(context=context)  # raises where it is not offered: no link goes over a network in the clear
            server.ehlo()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


def _certainty(host: str) -> ssl.SSLContext:
    """The certificate must be the server's, except on this machine, where nobody stands in between."""
    context = ssl.create_default_context()
    if _is_here(host):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _file(folder: Path, message: EmailMessage) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    to = "".join(c if c.isalnum() or c in "._+-" else "_" for c in message["To"].replace("@", "_at_"))
    name = f"{clock.now():%Y%m%dT%H%M%S%f}-{to}.eml"  # an address may hold a slash
    path = folder / name
    handle = os.open(path.with_suffix(".part"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(bytes(message))
    path.with_suffix(".part").rename(path)
