"""Writing to the book: handing in a file, loading it, attributing its policies."""

from portal.book.operations.attribution import confirm_kind, reattribute
from portal.book.operations.feed import run_feed
from portal.book.operations.reaper import reap
from portal.book.operations.request import AlreadyLoading, UnknownConnector, request_load

__all__ = ["AlreadyLoading", "UnknownConnector", "confirm_kind", "reap", "reattribute", "request_load", "run_feed"]
