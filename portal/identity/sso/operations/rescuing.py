"""What the operator does where an FMO has locked itself out."""

from __future__ import annotations

from portal.core import access
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from portal.identity.accounts import OPERATOR, AccountError
from portal.identity.models import Fmo
from portal.identity.sso import events, queries


def passwords_in(fmo: Fmo) -> None:
    """Switch the FMO's local passwords on again; raises `AccountError` where they are."""
    with open_session(Scope(Login.IDENTITY, Role.SYSTEM, fmo.id, actor_name=OPERATOR)) as work:
        provider = queries.provider_of(work, fmo.id)
        if provider is None or not provider.passwords_off:
            raise AccountError(f"Passwords work at {fmo.slug} already.")
        provider.passwords_off = False
        work.flush()
        access.record(events.PASSWORDS_SWITCH, kind="fmo", ids=[fmo.id], session=work, off=False, break_glass=None)
        access.write_entries(work)
