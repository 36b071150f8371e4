"""What every page of an agent carries: how fresh the data is, whom to call, and the way to ask for a re-sync."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for

from portal.crm import queries

RESYNC = "sync.ask_for_resync"  # a room above this one; a page without it has no such button


def panel() -> dict[str, Any]:
    """The context of the templates `crm/_freshness.html` and `crm/_help.html`."""
    known = RESYNC in current_app.view_functions
    return {"crm_account": queries.account(), "resync_href": url_for(RESYNC) if known else None}
