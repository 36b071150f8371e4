"""Adding a passkey to somebody's account."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from portal.core import access
from portal.core.ids import new_id
from portal.core.scope import Scope
from portal.core.session import TenantSession, open_session
from portal.identity.models import User
from portal.identity.passkeys import events
from portal.identity.passkeys.ceremony import NewKey, Unproven, ask_to_register, read_new
from portal.identity.passkeys.challenges import Purpose, make, take
from portal.identity.passkeys.models import Passkey
from portal.identity.passkeys.party import party
from portal.identity.passkeys.queries import held, passkeys_of

MOST = 10
TOO_MANY = f"An account holds up to {MOST} passkeys. Remove one that you no longer use, then add this one."
TOO_LATE = "The question to your device was too old, or was answered already. Nothing was added. Try again."
NOT_TAKEN = (
    "The passkey could not be checked, so it was not added. Try again; if that does not help, use another device or"
    " an authenticator app."
)


class Refused(Exception):
    """The passkey was not added; the text says why, for its owner."""


def ask_for_new(user: User, session_id: UUID, *, product: str) -> str:
    """JSON that asks the user's device for a new passkey; raises `NoParty` or `Refused`."""
    at, known = party(), passkeys_of(user)
    if len(known) >= MOST:
        raise Refused(TOO_MANY)
    challenge = make(session_id, Purpose.REGISTER, user.id)
    return ask_to_register(at, user, challenge, known, product=product)


def add(who: Scope, user: User, session_id: UUID | None, *, answer: str, name: str) -> UUID:
    """Keep the passkey that the device made for the user; its id. Raises `NoParty` or `Refused`.

    `who` is the user's scope with the login `identity`; the log entry is written in the same transaction.
    """
    at = party()
    challenge = take(session_id, Purpose.REGISTER, user.id)
    if challenge is None:
        raise Refused(TOO_LATE)
    try:
        new = read_new(at, challenge, answer)
    except Unproven as why:
        _log_refusal(who, user, str(why))
        raise Refused(NOT_TAKEN) from why
    with open_session(who) as work:
        if len(held(work, user.fmo_id, user.id)) >= MOST:
            raise Refused(TOO_MANY)
        key_id = _keep(work, user, new, name)
        if key_id is not None:
            access.record(events.PASSKEY_ADDED, kind="user", ids=[user.id], session=work, passkey=str(key_id))
            access.write_entries(work)
    if key_id is None:
        _log_refusal(who, user, "it is known already")
        raise Refused(NOT_TAKEN)
    return key_id


def _keep(work: TenantSession, user: User, new: NewKey, name: str) -> UUID | None:
    """The id of the new row; None where some user of some FMO has this passkey, which is not said to anybody."""
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
    return work.scalar(adding.returning(Passkey.id))


def _log_refusal(who: Scope, user: User, why: str) -> None:
    with open_session(who) as work:
        purpose = Purpose.REGISTER.value
        access.record(events.PASSKEY_REFUSED, kind="user", ids=[user.id], session=work, purpose=purpose, why=why)
        access.pending(work)[-1].outcome = "refused"
        access.write_entries(work)
