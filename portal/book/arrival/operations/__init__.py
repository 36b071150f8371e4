"""Keeping sources, looking at them, and saying how often a file is expected."""

from portal.book.arrival.operations.expecting import expect
from portal.book.arrival.operations.housekeeping import clear
from portal.book.arrival.operations.looking import look
from portal.book.arrival.operations.schedule import order_due
from portal.book.arrival.operations.sources import NotDone, add, ask, change, needs_secret, remove, trust

__all__ = [
    "NotDone", "add", "ask", "change", "clear", "expect", "look", "needs_secret", "order_due", "remove", "trust",
]  # fmt: skip
