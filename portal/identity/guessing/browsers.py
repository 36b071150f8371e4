"""Browsers that a user is known by. Whoever guesses elsewhere may lock the account there, and not for its owner.

A known browser has a few wrong tries of its own; after these it is a stranger's again.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.session import open_session
from portal.identity.guessing.models import KnownBrowser
from portal.identity.models import User
from portal.identity.sessions import IDENTITY_SCOPE

KNOWN_FOR = timedelta(days=90)
OWN_TRIES = 5


def known(work: Session, user_id: UUID, token: str | None, *, lock: bool = False) -> KnownBrowser | None:
    """The user's browser with this token, or None; `lock`: held against other tries until `work` ends."""
    if not token:
        return None
    mine = (KnownBrowser.user_id == user_id, KnownBrowser.token_hash == _hash(token))
    query = select(KnownBrowser).where(*mine, KnownBrowser.used_at > clock.now() - KNOWN_FOR)
    return work.scalar(query.with_for_update() if lock else query)


def count_wrong(work: Session, browser: KnownBrowser) -> None:
    """Count a wrong try in a known browser (held); the last one makes it unknown."""
    browser.wrong_tries += 1
    if browser.wrong_tries >= OWN_TRIES:
        work.delete(browser)


def remember(user: User, token: str | None) -> str:
    """Know this browser by a new token from now on, for `user` and whoever else it was known for.

    A token that somebody planted is worth nothing after that.
    """
    fresh = secrets.token_urlsafe(32)
    with open_session(IDENTITY_SCOPE) as work:
        if token:
            here = KnownBrowser.token_hash == _hash(token)
            work.execute(delete(KnownBrowser).where(here, KnownBrowser.user_id == user.id))
            work.execute(update(KnownBrowser).where(here).values(token_hash=_hash(fresh)))
        work.add(KnownBrowser(fmo_id=user.fmo_id, user_id=user.id, token_hash=_hash(fresh), used_at=clock.now()))
    return fresh


def forget_all_of(work: Session, user_id: UUID) -> None:
    """Know none of the user's browsers any more: somebody else may have used one."""
    work.execute(delete(KnownBrowser).where(KnownBrowser.user_id == user_id))


def forget_old() -> int:
    """Delete browsers that were not used for long; how many."""
    old = delete(KnownBrowser).where(KnownBrowser.used_at < clock.now() - KNOWN_FOR).returning(KnownBrowser.id)
    with open_session(IDENTITY_SCOPE) as work:
        return len(work.execute(old).all())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
