"""Doing something that may be undone by itself, inside a request that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from portal.core import access
from portal.extensions import db


@contextmanager
def apart() -> Iterator[None]:
    """A savepoint: what raises inside leaves no row and no log entry of its own, and all around it as it is."""
    before = len(access.pending())
    try:
        with db.session.begin_nested():
            yield
    except Exception:
        del access.pending()[before:]
        raise
