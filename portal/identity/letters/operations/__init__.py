"""Asking for links, using them, and the notices that follow."""

from portal.identity.letters.operations.addresses import (
    Taken,
    TooOften,
    ask_email,
    change_email,
    trying,
    use_confirmation,
)
from portal.identity.letters.operations.passwords import ask_reset, change_password, use_reset
from portal.identity.letters.operations.writing import end_links, forget_old, write_letter

__all__ = [
    "Taken",
    "TooOften",
    "ask_email",
    "ask_reset",
    "change_email",
    "change_password",
    "end_links",
    "forget_old",
    "trying",
    "use_confirmation",
    "use_reset",
    "write_letter",
]
