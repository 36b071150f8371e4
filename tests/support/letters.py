"""Letters as the jobs send them and as people find them in their mailbox."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import load_settings
from portal.core.outbox import Outbox
from portal.core.scope import acting
from portal.extensions import db
from portal.identity.letters.sending import send_letter
from tasks.jobs import system_scope


def send_all(app: Flask, store: Session) -> None:
    """Do what the queue would do for every letter that is ordered."""
    from portal.core import access

    store.expire_all()
    for row in store.scalars(select(Outbox).where(Outbox.job == "send_letter", Outbox.done_at.is_(None))).all():
        with app.app_context(), acting(system_scope(str(row.fmo_id))):
            send_letter(UUID(row.args[1]))
            access.write_entries()
            db.session.commit()


def mailbox(email: str) -> list[EmailMessage]:
    """The mails to one address, oldest first."""
    folder = load_settings().data / "outbox"
    found = sorted(path for path in folder.glob("*.eml") if path.name.partition("-")[2] == _name(email))
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in found]


def link_in(message: EmailMessage) -> str:
    """The local address of the link in a mail."""
    found = re.search(r"https?://[^/\s]+(/\S+/\S+)", str(message.get_content()))
    assert found, message.get_content()
    return found[1]


def _name(email: str) -> str:
    return email.replace("@", "_at_") + ".eml"
