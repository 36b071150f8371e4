"""Writing to the book: handing in a file, loading it, attributing its policies, and what waits for a second admin."""

from portal.book.operations.attribution import RuleChanged, confirm_kind, confirm_writer
from portal.book.operations.decisions import NotDecided, approve, reject
from portal.book.operations.feed import run_feed
from portal.book.operations.holding import change_crosswalk, keep_limits
from portal.book.operations.reaper import reap
from portal.book.operations.request import AlreadyLoading, UnknownConnector, request_load

__all__ = [
    "AlreadyLoading", "NotDecided", "RuleChanged", "UnknownConnector", "approve", "change_crosswalk", "confirm_kind",
    "confirm_writer", "keep_limits",
    "reap", "reject", "request_load", "run_feed",
]  # fmt: skip
