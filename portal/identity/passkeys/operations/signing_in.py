"""Signing in with a passkey alone: the device is one factor, the finger, face or PIN that it asked for the other."""

from __future__ import annotations

from uuid import UUID

from portal.compliance.operations import write_installation_entry
from portal.core.session import open_session
from portal.identity.factors.operations import Outcome, as_user, attempt
from portal.identity.guessing import limits
from portal.identity.models import User
from portal.identity.operations.signing_in import FROM_ONE_ADDRESS, TooMany, TurnedAway, keeps_out
from portal.identity.origin import Origin
from portal.identity.passkeys.challenges import Purpose, take
from portal.identity.passkeys.operations.proving import passkey_is_right, whose
from portal.identity.passkeys.party import party
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.standing import TOLD


def sign_in(session_id: UUID | None, answer: str, origin: Origin) -> User | None:
    """The user whose passkey answered what this session was asked, or None: every other outcome looks the same.

    Raises `TurnedAway` for somebody who proved who they are and is suspended or has left, `TooMany` from an address
    with too many tries (passwords count with them), and `NoParty`. Whatever keeps a right password out keeps this out
    too. Refusals are logged, in the user's FMO or for an unknown passkey in the installation's own log.
    """
    party()
    knock = limits.knock(FROM_ONE_ADDRESS, limits.place_of(origin.address))
    if knock.over:
        raise TooMany
    user = whose(answer)
    if user is None:
        _refuse_unknown(session_id, origin)
        return None
    check = passkey_is_right(user, session_id, Purpose.SIGN_IN, answer)
    if attempt(user, "passkey", check, origin, at=Purpose.SIGN_IN.value) is not Outcome.RIGHT:
        return None
    with as_user(user, origin) as work:
        why = keeps_out(work, user)
    if why in TOLD:
        raise TurnedAway(TOLD[why])
    if why is not None:
        return None
    limits.give_back(knock)
    return user


def _refuse_unknown(session_id: UUID | None, origin: Origin) -> None:
    """Use the question up, as every answer does, and log that somebody knocked."""
    row = origin.as_row()
    with open_session(IDENTITY_SCOPE) as work:
        take(work, session_id, Purpose.SIGN_IN, None)
        write_installation_entry(work, "session.refused", outcome="refused", reason="unknown passkey", request=row)
