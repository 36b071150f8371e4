"""Adding, asking for and keeping passkeys."""

from portal.identity.passkeys.operations.keeping import LastFactor, NoSuchPasskey, find, is_last, remove, rename
from portal.identity.passkeys.operations.proving import ask, passkey_is_right
from portal.identity.passkeys.operations.registering import Refused, add, ask_for_new
from portal.identity.passkeys.operations.signing_in import sign_in

__all__ = [
    "LastFactor",
    "NoSuchPasskey",
    "Refused",
    "add",
    "ask",
    "ask_for_new",
    "find",
    "is_last",
    "passkey_is_right",
    "remove",
    "rename",
    "sign_in",
]
