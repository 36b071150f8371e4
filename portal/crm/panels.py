"""What every page of an agent carries: how fresh the data is, whom to call, and the way to ask for a re-sync."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for

from portal.crm import queries, words

# Of a room above this one; a page without them has no such button and no such link.
RESYNC, WHY_NOT = "sync.ask_for_resync", "sync.why_not"


def panel() -> dict[str, Any]:
    """The context of the templates `crm/_freshness.html` and `crm/_help.html`."""
    account = queries.account()
    hrefs = {"resync_href": _href(RESYNC), "why_not_href": _href(WHY_NOT)}
    return {"crm_account": account, "help_phone": words.phone(account.contact_phone), **hrefs}


def _href(endpoint: str) -> str | None:
    return url_for(endpoint) if endpoint in current_app.view_functions else None
