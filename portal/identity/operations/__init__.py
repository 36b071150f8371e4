"""Signing people in, and inviting them."""

from portal.identity.operations.inviting import (
    MAX_TRIES,
    accept,
    arm,
    canonical_npn,
    invite,
    open_invitation,
    refuse,
    token_hash,
    void_invitations,
)
from portal.identity.operations.setting import set_password
from portal.identity.operations.signing_in import (
    TooMany,
    TurnedAway,
    keeps_out,
    log_half_way,
    log_sign_in,
    log_sign_out,
    sign_in,
)

__all__ = [
    "MAX_TRIES",
    "TooMany",
    "TurnedAway",
    "accept",
    "arm",
    "canonical_npn",
    "invite",
    "keeps_out",
    "log_half_way",
    "log_sign_in",
    "log_sign_out",
    "open_invitation",
    "refuse",
    "set_password",
    "sign_in",
    "token_hash",
    "void_invitations",
]
