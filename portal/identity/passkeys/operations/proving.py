"""Asking for a passkey, and what an answer proves."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from webauthn.helpers.structs import AuthenticationCredential

from portal.core import access, clock
from portal.core.session import TenantSession, open_session
from portal.identity.factors.operations import Check
from portal.identity.models import User
from portal.identity.passkeys import events
from portal.identity.passkeys.ceremony import Unproven, ask_to_prove, count_of, handle, parse
from portal.identity.passkeys.challenges import Purpose, make, take
from portal.identity.passkeys.models import Passkey
from portal.identity.passkeys.operations.registering import log_refusal
from portal.identity.passkeys.party import Party, party
from portal.identity.passkeys.queries import passkeys_of, usable
from portal.identity.sessions import IDENTITY_SCOPE

NO_CHALLENGE = "no question was out, or it was too old"
UNKNOWN = "no passkey of theirs"
COPIED = "there is a copy of it"


class Copied(Unproven):
    """The device's own signature says that another one counts for the same key."""


def ask(session_id: UUID, purpose: Purpose, user: User | None) -> str:
    """JSON that asks for one of the user's passkeys, or of a stranger for any at all; raises `NoParty`."""
    at = party()
    known = usable(passkeys_of(user)) if user else []
    challenge = make(session_id, purpose, user.id if user else None)
    return ask_to_prove(at, challenge, known)


def passkey_is_right(user: User, session_id: UUID | None, purpose: Purpose, answer: str) -> Check:
    """A check, for `factors.operations.attempt`, that `answer` comes from a passkey of the user; raises `NoParty`.

    It must answer what this session was asked for this purpose within five minutes, once. The device must have known
    its owner (a finger, a face, a PIN), and its count must have gone up.
    """
    at, asked_of = party(), None if purpose is Purpose.SIGN_IN else user.id

    def check(work: TenantSession) -> bool:
        challenge = take(work, session_id, purpose, asked_of)
        given = _read(answer)
        key = _locked(work, given, user)
        try:
            _use(at, challenge, given, key, user)
        except Unproven as why:
            if isinstance(why, Copied) and key is not None:
                named = str(key.id)
                access.record(events.PASSKEY_DOUBTED, kind="user", ids=[user.id], session=work, passkey=named)
            log_refusal(work, user, purpose, str(why), key)
            return False
        return True

    return check


def whose(answer: str) -> User | None:
    """Whose passkey the answer names, if anybody's. Nothing of it is believed yet."""
    given = _read(answer)
    if given is None or given.response.user_handle is None:
        return None  # a device that was not told whom to look for says whom it found
    owner = select(User).join(Passkey, (Passkey.fmo_id == User.fmo_id) & (Passkey.user_id == User.id))
    with open_session(IDENTITY_SCOPE) as work:
        return work.scalar(owner.where(Passkey.credential_id == given.raw_id))


def _read(answer: str) -> AuthenticationCredential | None:
    try:
        return parse(answer)
    except Unproven:
        return None


def _locked(work: TenantSession, given: AuthenticationCredential | None, user: User) -> Passkey | None:
    """The user's passkey that the answer names, theirs alone until its count is kept."""
    if given is None:
        return None
    mine = (Passkey.fmo_id == user.fmo_id, Passkey.user_id == user.id, Passkey.credential_id == given.raw_id)
    return work.scalar(select(Passkey).where(*mine).with_for_update())


def _use(
    at: Party, challenge: bytes | None, given: AuthenticationCredential | None, key: Passkey | None, owner: User
) -> None:
    """Count one use of `key`; raises `Unproven` for whatever speaks against the answer."""
    if challenge is None:
        raise Unproven(NO_CHALLENGE)
    if given is None or key is None:
        raise Unproven(UNKNOWN)
    said = given.response.user_handle
    if said is not None and said != handle(owner):
        raise Unproven("the device keeps it for somebody else")
    if key.doubted_at is not None:
        raise Unproven(COPIED)
    count = count_of(at, challenge, given, key)
    if (count or key.sign_count) and count <= key.sign_count:
        key.doubted_at = clock.now()
        raise Copied(COPIED)
    key.sign_count, key.used_at = count, clock.now()
