"""What people do with the passkeys that they have."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, select

from portal.core import access
from portal.core.session import TenantSession, open_session
from portal.identity.factors import demands, kinds
from portal.identity.factors.operations import Check, as_user, changed, drop_codes, hold_count
from portal.identity.models import User
from portal.identity.origin import Origin
from portal.identity.passkeys import events
from portal.identity.passkeys.challenges import Purpose
from portal.identity.passkeys.models import Passkey
from portal.identity.passkeys.operations.proving import passkey_is_right
from portal.identity.passkeys.party import NoParty
from portal.identity.passkeys.queries import holders, how_many
from portal.identity.sessions import IDENTITY_SCOPE


class NoSuchPasskey(Exception):
    """There is none of that id among the actor's own."""


class LastFactor(Exception):
    """It is the last second factor of somebody who must hold one."""


def find(user: User, key_id: UUID) -> Passkey:
    """The user's passkey of that id; raises `NoSuchPasskey`."""
    with open_session(IDENTITY_SCOPE) as work:
        return _mine(work, user, key_id)


def rename(user: User, key_id: UUID, name: str, origin: Origin) -> None:
    """Give the user's passkey another name; raises `NoSuchPasskey`."""
    with as_user(user, origin) as work:
        _mine(work, user, key_id).name = name
        access.record(events.PASSKEY_RENAMED, kind="user", ids=[user.id], session=work, passkey=str(key_id))


def remove(user: User, key_id: UUID, origin: Origin, *, but: UUID | None = None) -> str:
    """Take the user's passkey away: from this moment on it proves nothing. Its name. Sessions end, except `but`.

    Raises `NoSuchPasskey` or `LastFactor`. With the last factor the recovery codes go: they stand in for one.
    """
    with as_user(user, origin) as work:
        hold_count(work, user)  # two windows that each remove another factor wait for each other
        key = _mine(work, user, key_id)
        if is_last(work, user):
            raise LastFactor
        work.delete(key)
        work.flush()
        access.record(events.PASSKEY_REMOVED, kind="user", ids=[user.id], session=work, passkey=str(key_id))
        if not kinds.held_by(work, user):
            drop_codes(work, user)
        changed(work, user, "removed", but=but)
        return key.name


def is_last(work: TenantSession, user: User) -> bool:
    """Whether the user holds one factor and must hold one."""
    return sum(kinds.held_by(work, user).values()) == 1 and demands.demanded_of(work, user)


def drop(work: TenantSession, user: User) -> int:
    """Remove every passkey of the user; how many that were."""
    mine = (Passkey.fmo_id == user.fmo_id, Passkey.user_id == user.id)
    gone = delete(Passkey).where(*mine).returning(Passkey.id)
    return len(work.execute(gone.execution_options(synchronize_session=False)).all())


def _mine(work: TenantSession, user: User, key_id: UUID) -> Passkey:
    own = (Passkey.fmo_id == user.fmo_id, Passkey.user_id == user.id, Passkey.id == key_id)
    key = work.scalar(select(Passkey).where(*own).with_for_update())
    if key is None:
        raise NoSuchPasskey
    return key


def _before_delicate(user: User, session_id: UUID | None, answer: str) -> Check:
    try:
        return passkey_is_right(user, session_id, Purpose.STEP_UP, answer)
    except NoParty:
        return lambda work: False


# One of which there is a copy still counts: nobody may come in with a password alone because a device was cloned.
PASSKEY = kinds.register(
    kinds.Kind(
        name="passkey",
        held=how_many,
        drop=drop,
        holders=holders,
        prove="identity/passkeys/_prove.html",
        enrol="identity/passkeys/_offer.html",
        check=_before_delicate,
    )
)
