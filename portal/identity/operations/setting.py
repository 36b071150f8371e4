"""Setting a password, by whatever way somebody may."""

from __future__ import annotations

from portal.core import clock
from portal.core.session import TenantSession
from portal.identity import passwords
from portal.identity.guessing import browsers
from portal.identity.models import Credential, User


def set_password(work: TenantSession, user: User, password: str) -> None:
    """Give `user` this password in `work`, flushed. A lock ends, and no browser is known as theirs any more."""
    work.merge(
        Credential(
            fmo_id=user.fmo_id,
            id=user.id,
            password_hash=passwords.hash_password(password),
            changed_at=clock.now(),
            failed_count=0,
            locked_until=None,
            locks=0,
        )
    )
    browsers.forget_all_of(work, user.id)
    work.flush()
