"""Each role's landing page, the one search, and what tells from outside whether the portal is well.

Standing above the other rooms, it also tells the access log how to name what it speaks of and how to find a member.
"""

from __future__ import annotations

from flask import Flask


def init(app: Flask) -> None:
    """Tell the compliance pages the kinds of subject and the member look-up."""
    from portal.book.layouts.carriers import carriers
    from portal.compliance import lookup
    from portal.compliance.disclosures import told
    from portal.home import log_names, member_lookup, people, review_hooks

    log_names.register()
    people.register()
    lookup.register(member_lookup.find, member_lookup.knows)
    told.register_people(member_lookup.names, member_lookup.states, carriers)
    review_hooks.register()
