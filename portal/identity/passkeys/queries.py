"""Which passkeys a user has. Read by the login `identity`, in a session that the caller opens."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core.session import open_session
from portal.identity.models import User
from portal.identity.passkeys.models import Passkey
from portal.identity.sessions import IDENTITY_SCOPE


def passkeys_of(user: User) -> list[Passkey]:
    """The user's passkeys in the order in which they were added."""
    with open_session(IDENTITY_SCOPE) as work:
        return held(work, user.fmo_id, user.id)


def held(work: Session, fmo_id: UUID, user_id: UUID) -> list[Passkey]:
    """The same within a session."""
    mine = (Passkey.fmo_id == fmo_id, Passkey.user_id == user_id)
    return list(work.scalars(select(Passkey).where(*mine).order_by(Passkey.created_at, Passkey.id)))


def usable(passkeys: list[Passkey]) -> list[Passkey]:
    """Those that are still taken: a passkey of which there is a copy is not."""
    return [key for key in passkeys if key.doubted_at is None]
