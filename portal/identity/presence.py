"""What a page may know of its session: for how long it lasts, and whose page it is, without saying who that is."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from uuid import UUID

from flask import current_app

from portal.core import clock
from portal.identity.sessions import StoredSession

WARN_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Presence:
    """Seconds by the server's clock until the session ends, how many there would be after a click, and the page's mark.

    The mark is the same on all pages of one person and tells nothing of them. By it the server knows whose typed form
    asks to be sent after a new sign-in.
    """

    left: int
    at_most: int
    person: str


def of_session(session: StoredSession) -> Presence | None:
    """The presence of whoever is signed in by `session`; None for a stranger."""
    if session.times is None or session.user_id is None:
        return None
    now = clock.now()
    left = session.times.ends_at - now
    at_most = min(session.times.idle, session.times.latest - now)
    return Presence(int(left.total_seconds()), int(at_most.total_seconds()), mark_of(session.user_id))


def mark_of(user_id: UUID) -> str:
    """The mark of the pages of one person."""
    key = str(current_app.secret_key).encode()
    return hmac.digest(key, b"whose page:" + user_id.bytes, "sha256").hex()[:32]


def is_mark_of(user_id: UUID, mark: str) -> bool:
    """Whether a page with that mark was made for that person."""
    return hmac.compare_digest(mark_of(user_id).encode(), mark.encode())
