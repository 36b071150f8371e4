"""Taking back one's own link with the provider."""

from __future__ import annotations

from sqlalchemy import delete

from portal.core.session import open_session
from portal.identity.models import User
from portal.identity.origin import Origin
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.sso import events, queries
from portal.identity.sso.models import SsoIdentity
from portal.identity.sso.operations.logging import log_change


def unlink_own(user: User, origin: Origin) -> bool:
    """Take back the links of a person who has a password that works; whether that was done."""
    with open_session(IDENTITY_SCOPE) as work:
        if queries.only_way_in(work, user):
            return False
        mine = (SsoIdentity.fmo_id == user.fmo_id, SsoIdentity.user_id == user.id)
        for issuer in work.scalars(delete(SsoIdentity).where(*mine).returning(SsoIdentity.issuer)).all():
            log_change(work, events.UNLINKED, user, origin, issuer=issuer)
        return True
