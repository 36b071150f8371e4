"""Adding a passkey to somebody's account."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from portal.core import access
from portal.core.ids import new_id
from portal.core.session import TenantSession
from portal.identity.factors import kinds
from portal.identity.factors.operations import as_user, changed, hold_count
from portal.identity.models import Fmo, User
from portal.identity.origin import Origin
from portal.identity.passkeys import events
from portal.identity.passkeys.ceremony import NewKey, Unproven, ask_to_register, read_new
from portal.identity.passkeys.challenges import Purpose, make, take
from portal.identity.passkeys.models import Passkey
from portal.identity.passkeys.party import party
from portal.identity.passkeys.queries import passkeys_of

MOST = 10
TOO_MANY = f"An account holds up to {MOST} passkeys. Remove one that you no longer use, then add this one."
TOO_LATE = "The question to your device was too old, or was answered already. Nothing was added. Try again."
NOT_TAKEN = (
    "The passkey could not be checked, so it was not added. Try again; if that does not help, use another device or"
    " an authenticator app."
)
_KNOWN = "it is known already"


class Refused(Exception):
    """The passkey was not added; the text says why, for its owner."""


def ask_for_new(user: User, session_id: UUID) -> str:
    """JSON that asks the user's device for a new passkey; raises `NoParty` or `Refused`."""
    at, known = party(), passkeys_of(user)
    with kinds.reading(user) as work:
        fmo = work.get(Fmo, user.fmo_id)
    if len(known) >= MOST:
        raise Refused(TOO_MANY)
    challenge = make(session_id, Purpose.REGISTER, user.id)
    return ask_to_register(at, user, challenge, known, for_whom=fmo.name if fmo else at.id)


def add(
    user: User, session_id: UUID | None, origin: Origin, *, answer: str, name: str, only_first: bool = False
) -> UUID:
    """Keep the passkey that the device made for the user; its id. Raises `NoParty` or `Refused`.

    `only_first`: somebody who has proved a password alone may add the factor that they lack, and no further one.
    """
    at = party()
    with as_user(user, origin) as work:
        hold_count(work, user)  # of two windows that each add a first factor, one is the first
        challenge = take(work, session_id, Purpose.REGISTER, user.id)
        held = kinds.held_by(work, user)
        if challenge is None or (only_first and held):
            raise Refused(TOO_LATE)
        if held.get("passkey", 0) >= MOST:
            raise Refused(TOO_MANY)
        try:
            key_id = _keep(work, user, read_new(at, challenge, answer), name)
        except Unproven as why:
            key_id = None
            log_refusal(work, user, Purpose.REGISTER, str(why))
        else:
            access.record(events.PASSKEY_ADDED, kind="user", ids=[user.id], session=work, passkey=str(key_id))
            changed(work, user, "added", but=session_id)
    if key_id is None:
        raise Refused(NOT_TAKEN)
    return key_id


def log_refusal(work: TenantSession, user: User, purpose: Purpose, why: str, key: Passkey | None = None) -> None:
    """Log in `work` that an answer proved nothing, with the reason, which is told to nobody else."""
    named, at = str(key.id) if key else None, purpose.value
    refused = events.PASSKEY_REFUSED
    access.record(refused, kind="user", ids=[user.id], session=work, passkey=named, purpose=at, why=why)
    access.pending(work)[-1].outcome = "refused"


def _keep(work: TenantSession, user: User, new: NewKey, name: str) -> UUID:
    """The id of the new row; raises `Unproven` where some user of some FMO has this passkey, which nobody is told."""
    row = {
        "fmo_id": user.fmo_id,
        "id": new_id(),
        "user_id": user.id,
        "credential_id": new.credential_id,
        "public_key": new.public_key,
        "sign_count": new.sign_count,
        "transports": new.transports,
        "is_synced": new.is_synced,
        "name": name,
    }
    adding = insert(Passkey).values(row).on_conflict_do_nothing(index_elements=["credential_id"])
    key_id: UUID | None = work.scalar(adding.returning(Passkey.id))
    if key_id is None:
        raise Unproven(_KNOWN)
    return key_id
