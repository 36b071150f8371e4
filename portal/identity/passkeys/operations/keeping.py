"""What people do with the passkeys that they have."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from portal.core import access
from portal.core.events import Event
from portal.core.scope import Scope
from portal.core.session import TenantSession, open_session
from portal.identity.passkeys import events
from portal.identity.passkeys.models import Passkey


class NoSuchPasskey(Exception):
    """There is none of that id among the actor's own."""


def find(who: Scope, key_id: UUID) -> Passkey:
    """The actor's passkey of that id; raises `NoSuchPasskey`. `who` has the login `identity`."""
    with open_session(who) as work:
        return _mine(work, who, key_id)


def rename(who: Scope, key_id: UUID, name: str) -> None:
    """Give the actor's passkey another name; raises `NoSuchPasskey`."""
    with open_session(who) as work:
        key = _mine(work, who, key_id)
        key.name = name
        work.flush()
        _log(work, who, events.PASSKEY_RENAMED, key)


def remove(who: Scope, key_id: UUID) -> str:
    """Take the actor's passkey away: from this moment on it proves nothing. Its name; raises `NoSuchPasskey`."""
    with open_session(who) as work:
        key = _mine(work, who, key_id)
        work.delete(key)
        work.flush()
        _log(work, who, events.PASSKEY_REMOVED, key)
        return key.name


def _mine(work: TenantSession, who: Scope, key_id: UUID) -> Passkey:
    own = (Passkey.fmo_id == who.fmo_id, Passkey.user_id == who.actor_id, Passkey.id == key_id)
    key = work.scalar(select(Passkey).where(*own).with_for_update())
    if key is None:
        raise NoSuchPasskey
    return key


def _log(work: TenantSession, who: Scope, what: Event, key: Passkey) -> None:
    ids = [who.actor_id] if who.actor_id else []
    access.record(what, kind="user", ids=ids, session=work, passkey=str(key.id))
    access.write_entries(work)
