"""Asking for a passkey, and what an answer proves."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from webauthn.helpers.structs import AuthenticationCredential

from portal.compliance.operations import write_installation_entry
from portal.core import access, clock
from portal.core.scope import Login
from portal.core.session import TenantSession, open_session
from portal.identity.models import User
from portal.identity.origin import Origin, scope_of
from portal.identity.passkeys import events
from portal.identity.passkeys.ceremony import Unproven, ask_to_prove, count_of, handle, parse
from portal.identity.passkeys.challenges import Purpose, make, take
from portal.identity.passkeys.models import Passkey
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


def prove(session_id: UUID | None, purpose: Purpose, user: User | None, *, answer: str, origin: Origin) -> User | None:
    """The user whose passkey gave `answer` to what this session was asked for, or None; raises `NoParty`.

    With `user`, only a passkey of theirs counts; without, the passkey says who they are. The device must have known
    its owner (a finger, a face, a PIN). A refusal is logged in the FMO of whoever it concerns, with its reason, which
    nobody else learns. Whether the user may be in at all is the caller's question.
    """
    at = party()
    challenge = take(session_id, purpose, user.id if user else None)
    owner, given = _named(answer)
    concerned = user or owner
    if concerned is None:
        _log_unknown(origin)
        return None
    with open_session(scope_of(concerned, origin=origin, login=Login.IDENTITY)) as work:
        key = _locked(work, given, concerned)
        try:
            _use(at, challenge, given, key, concerned)
        except Unproven as why:
            _log_refusal(work, purpose, concerned, key, why)
            return None
    return concerned


def _named(answer: str) -> tuple[User | None, AuthenticationCredential | None]:
    """Whose passkey the answer names, if anybody's, and what it says; nothing of it is believed yet."""
    try:
        given = parse(answer)
    except Unproven:
        return None, None
    whose = select(User).join(Passkey, (Passkey.fmo_id == User.fmo_id) & (Passkey.user_id == User.id))
    with open_session(IDENTITY_SCOPE) as work:
        return work.scalar(whose.where(Passkey.credential_id == given.raw_id)), given


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


def _log_unknown(origin: Origin) -> None:
    with open_session(IDENTITY_SCOPE) as work:
        write_installation_entry(
            work, "session.refused", outcome="refused", reason="unknown passkey", request=origin.as_row()
        )


def _log_refusal(work: TenantSession, purpose: Purpose, user: User, key: Passkey | None, why: Unproven) -> None:
    work.flush()
    named, at = str(key.id) if key else None, purpose.value
    if isinstance(why, Copied):
        access.record(events.PASSKEY_DOUBTED, kind="user", ids=[user.id], session=work, passkey=named)
    access.record(
        events.PASSKEY_REFUSED, kind="user", ids=[user.id], session=work, passkey=named, purpose=at, why=str(why)
    )
    access.pending(work)[-1].outcome = "refused"
    access.write_entries(work)
