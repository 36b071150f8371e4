"""Handing a letter to the mail server, as a job does."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from portal.config import load_settings
from portal.core import access, clock, outbox, scope
from portal.extensions import db
from portal.identity import mail
from portal.identity.letters.events import MAILED
from portal.identity.letters.models import Letter
from portal.identity.letters.queries import token_hash
from portal.identity.letters.words import LETTERS
from portal.identity.models import Fmo, User

TRY_AGAIN_AFTER, TRY_FOR, LONGEST_WAIT = timedelta(minutes=1), timedelta(days=2), timedelta(hours=2)
_COLUMNS = (Letter.id, Letter.user_id, Letter.kind, Letter.email, Letter.created_at, Letter.expires_at, Letter.sent_at)


def send_letter(letter_id: UUID) -> None:
    """Mail one letter (job scope), with a fresh token where it has a link; what was sent or ended is passed over."""
    living = (Letter.id == letter_id, Letter.voided_at.is_(None), Letter.sent_at.is_(None))
    found = db.session.execute(select(*_COLUMNS).where(*living)).one_or_none()
    if found is None or (found.expires_at is not None and found.expires_at < clock.now()):
        return
    user = db.session.scalar(select(User).where(User.id == found.user_id))
    fmo = db.session.scalar(select(Fmo).where(Fmo.id == scope.fmo_id()))
    if user is None or fmo is None:
        return
    words, token = LETTERS[found.kind], secrets.token_urlsafe(32)
    site, office = load_settings().public_url, mail.one_line(fmo.name)
    filled = {"name": mail.one_line(user.first_name), "office": office, "forgot": f"{site}/forgot"}
    sent: dict[str, object] = {"sent_at": clock.now()}
    if words.page is not None:
        filled["link"] = f"{site}/{words.page}/{token}"
        sent["token_hash"] = token_hash(token)
    mine = update(Letter).where(Letter.id == letter_id).values(**sent)
    db.session.execute(mine.execution_options(synchronize_session=False))
    access.record(MAILED, kind="user", ids=[user.id], user_id=str(user.id), letter=found.kind)
    mail.deliver(mail.compose(fmo, found.email, words.subject, words.text.format(**filled)))


def order_again(letter_id: UUID) -> bool:
    """After a mail that failed (job scope): order it again, each time later; False where that is over or in vain."""
    columns = (Letter.created_at, Letter.expires_at, Letter.voided_at)
    found = db.session.execute(select(*columns).where(Letter.id == letter_id)).one_or_none()
    now = clock.now()
    if found is None or found.voided_at is not None or (found.expires_at or found.created_at + TRY_FOR) < now:
        return False
    wait = max(TRY_AGAIN_AFTER, min(now - found.created_at, LONGEST_WAIT))
    outbox.send_after_commit("send_letter", letter_id, wait=wait)
    return True
