"""What one Complete for many accounts did; the page can be reloaded and left."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from portal.core.fragments import page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.provisioning.models import BulkOutcome
from portal.provisioning.views import bp
from portal.provisioning.views.imports import left_out_rows


@bp.get("/bulk/<uuid:outcome_id>")
@allow(Permission.PROVISION)
def bulk_outcome(outcome_id: UUID) -> Response:
    """What was started or provisioned, and what was left out and why."""
    outcome = find_or_404(BulkOutcome, outcome_id)
    if outcome.kind == "resync":
        return page("provisioning/resync_done.html", outcome=outcome, told=outcome.told)
    left_out = left_out_rows(outcome.told["left_out"])
    return page("provisioning/import_done.html", outcome=outcome, told=outcome.told, **left_out)
