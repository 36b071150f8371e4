"""Challenges: random, one for each session and purpose, good for five minutes and for one answer."""

from __future__ import annotations

import secrets
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from portal.core import clock
from portal.core.ids import new_id
from portal.core.session import TenantSession, open_session
from portal.identity.passkeys.models import PasskeyChallenge
from portal.identity.sessions import IDENTITY_SCOPE

GOOD_FOR = timedelta(minutes=5)
BYTES = 32


class Purpose(StrEnum):
    """What an answer is for; one that was given for something else counts for nothing."""

    REGISTER = "register"
    SECOND = "second"
    STEP_UP = "step_up"
    SIGN_IN = "sign_in"


def make(session_id: UUID, purpose: Purpose, user_id: UUID | None) -> bytes:
    """A new challenge for a session, in place of an older one for the same purpose."""
    challenge, now = secrets.token_bytes(BYTES), clock.now()
    values = {"user_id": user_id, "challenge": challenge, "expires_at": now + GOOD_FOR}
    row = insert(PasskeyChallenge).values(id=new_id(), session_id=session_id, purpose=purpose.value, **values)
    with open_session(IDENTITY_SCOPE) as work:
        work.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at < now))
        work.execute(row.on_conflict_do_update(index_elements=["session_id", "purpose"], set_=values))
    return challenge


def take(work: TenantSession, session_id: UUID | None, purpose: Purpose, user_id: UUID | None) -> bytes | None:
    """The challenge that is out for this session, purpose and user; with `work` it is gone, whatever the answer is.

    None where there is none (any more). Of two answers at the same moment one finds it: the other waits and comes late.
    """
    mine = (PasskeyChallenge.session_id == session_id, PasskeyChallenge.purpose == purpose.value)
    told = (PasskeyChallenge.challenge, PasskeyChallenge.user_id, PasskeyChallenge.expires_at)
    taken = delete(PasskeyChallenge).where(*mine).returning(*told)
    row = work.execute(taken.execution_options(synchronize_session=False)).one_or_none()
    if row is None or row.user_id != user_id or row.expires_at < clock.now():
        return None
    return bytes(row.challenge)
