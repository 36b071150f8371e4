"""Deciding about refused rows and about what is learned from them."""

from portal.book.quarantine.operations.deciding import Decided, decide_group, dismiss, dismiss_group
from portal.book.quarantine.operations.learning import revoke
from portal.book.quarantine.operations.sending import Fix, Taken, Unreadable, check, load, named

__all__ = [
    "Decided", "Fix", "Taken", "Unreadable", "check", "decide_group", "dismiss", "dismiss_group", "load", "named",
    "revoke",
]  # fmt: skip
