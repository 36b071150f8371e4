"""Which letter a link opens."""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core import clock
from portal.identity.letters.models import Letter
from portal.identity.letters.words import CONFIRM, RESET
from portal.identity.models import User
from portal.identity.sso.queries import only_way_in
from portal.identity.standing import kept_out


def token_hash(token: str) -> str:
    """What is stored of a link's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_letter(work: Session, kind: str, token: str) -> tuple[Letter, User] | None:
    """The letter of `kind` that `token` opens and its user, both held.

    None when it is unknown, used, ended by a newer one, expired, or went to an address that is no longer the user's,
    after anything that ended the user's sessions, and for everybody who may not be in.
    """
    mine = (Letter.token_hash == token_hash(token), Letter.kind == kind)
    letter = work.scalar(select(Letter).where(*mine).with_for_update())
    if letter is None or letter.used_at or letter.voided_at:
        return None
    if letter.expires_at is None or letter.expires_at < clock.now():
        return None
    user = work.scalar(select(User).where(User.id == letter.user_id).with_for_update())
    if user is None or kept_out(user) or letter.generation != user.session_generation:
        return None
    if kind == RESET and (letter.email != user.email or only_way_in(work, user)):
        return None
    return letter, user


def open_reset(work: Session, token: str) -> tuple[Letter, User] | None:
    """What the link to set a new password opens."""
    return open_letter(work, RESET, token)


def open_confirmation(work: Session, token: str) -> tuple[Letter, User] | None:
    """What the link to confirm an address opens."""
    return open_letter(work, CONFIRM, token)
