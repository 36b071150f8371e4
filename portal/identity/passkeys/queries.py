"""Which passkeys a user has. Read by the login `identity`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from portal.core.session import TenantSession, open_session
from portal.identity.models import User
from portal.identity.passkeys.models import Passkey
from portal.identity.sessions import IDENTITY_SCOPE


def passkeys_of(user: User) -> list[Passkey]:
    """The user's passkeys in the order in which they were added."""
    mine = (Passkey.fmo_id == user.fmo_id, Passkey.user_id == user.id)
    with open_session(IDENTITY_SCOPE) as work:
        return list(work.scalars(select(Passkey).where(*mine).order_by(Passkey.created_at, Passkey.id)))


def how_many(work: TenantSession, user: User) -> int:
    """How many passkeys the user has, those included that are no longer taken."""
    mine = (Passkey.fmo_id == user.fmo_id, Passkey.user_id == user.id)
    return work.scalar(select(func.count()).select_from(Passkey).where(*mine)) or 0


def holders(work: TenantSession, fmo_id: UUID) -> Sequence[UUID]:
    """Everybody of an FMO who has a passkey, as `how_many` counts them."""
    return work.scalars(select(Passkey.user_id).where(Passkey.fmo_id == fmo_id).distinct()).all()


def usable(passkeys: list[Passkey]) -> list[Passkey]:
    """Those that are still taken: a passkey of which there is a copy is not."""
    return [key for key in passkeys if key.doubted_at is None]
