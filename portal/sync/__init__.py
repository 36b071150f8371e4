"""Policy Sync: each Business gets exactly what its NPNs wrote, and at once loses what they no longer do."""

from __future__ import annotations

from flask import Flask


def init(app: Flask) -> None:
    """Take copies away in the very transaction in which a policy changes its writer or an NPN leaves a Business.

    After each change of the book continuous accounts follow it. Accountings ask what the copies were of.
    """
    from portal.book import hooks as book
    from portal.businesses import hooks as businesses
    from portal.compliance.disclosures import told as disclosures
    from portal.sync.operations import release_npn, release_policies
    from portal.sync.operations.continuous import follow_later
    from portal.sync.queries import policies_under
    from portal.sync.statements import served, told

    book.on_writers_changed(release_policies)
    book.on_changed(follow_later)
    book.count_served_with(served.by_undo)
    businesses.on_npn_left(release_npn)
    businesses.count_policies_with(policies_under)
    disclosures.register_carriers(told.carriers)
