"""Policy Sync: copies from the book to each Business exactly what its NPNs wrote, and takes away what they no longer do."""

from __future__ import annotations

from flask import Flask


def init(app: Flask) -> None:
    """Take copies away in the very transaction in which a policy changes its writing agent."""
    from portal.book import hooks as book
    from portal.sync.operations import release_policies

    book.on_writers_changed(release_policies)
