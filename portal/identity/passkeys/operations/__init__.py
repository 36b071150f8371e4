"""Adding, asking for and keeping passkeys."""

from portal.identity.passkeys.operations.keeping import NoSuchPasskey, find, remove, rename
from portal.identity.passkeys.operations.proving import ask, prove
from portal.identity.passkeys.operations.registering import MOST, Refused, add, ask_for_new

__all__ = [
    "MOST",
    "NoSuchPasskey",
    "Refused",
    "add",
    "ask",
    "ask_for_new",
    "find",
    "prove",
    "remove",
    "rename",
]
