"""An agent's "Ask for a re-sync"."""

from __future__ import annotations

from flask import Response, flash

from portal.core import scope
from portal.core.fragments import go
from portal.core.permissions import Permission, allow
from portal.sync import operations
from portal.sync.views import bp

AGENTS_HOME = "/crm/"


@bp.post("/crm/resync")
@allow(Permission.RESYNC_ASK)
def ask_for_resync() -> Response:
    """Put the wish on the FMO's home; a second click is told that it stands there already."""
    if operations.ask(scope.business_id(), by=scope.current()):
        flash("Your FMO has been asked for a re-sync. You will see the new date above your lists when it is done.")
    else:
        flash("Your FMO has been asked already and has not answered yet. Call them if it is urgent.")
    return go(AGENTS_HOME)
