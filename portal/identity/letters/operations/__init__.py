"""Asking for links, using them, and the notices that follow."""

from portal.identity.letters.operations.addresses import Taken, ask_email, change_email, use_confirmation
from portal.identity.letters.operations.passwords import ask_reset, change_password, use_reset
from portal.identity.letters.operations.writing import end_links, forget_old, write_letter

__all__ = [
    "Taken",
    "ask_email",
    "ask_reset",
    "change_email",
    "change_password",
    "end_links",
    "forget_old",
    "use_confirmation",
    "use_reset",
    "write_letter",
]
