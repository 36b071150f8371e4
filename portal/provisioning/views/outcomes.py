"""What one Complete for many accounts did; the page can be reloaded and left."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from portal.core.fragments import page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.provisioning.models import BulkOutcome
from portal.provisioning.views import bp
from portal.provisioning.views.imports import left_out_rows
from portal.sync import queries, report


@bp.get("/bulk/<uuid:outcome_id>")
@allow(Permission.PROVISION)
def bulk_outcome(outcome_id: UUID) -> Response:
    """What was started or provisioned, and what was left out and why."""
    outcome = find_or_404(BulkOutcome, outcome_id)
    told = outcome.told
    started = told["started"] if outcome.kind == "resync" else told["done"]
    runs = queries.by_ids(UUID(one["run"]) for one in started if one["run"])
    shown: dict[str, Any] = {"outcome": outcome, "told": told, "report": report}
    shown["runs"] = {str(run_id): run for run_id, run in runs.items()}
    if outcome.kind == "resync":
        return page("provisioning/resync_done.html", **shown)
    return page("provisioning/import_done.html", **shown, **left_out_rows(told["left_out"]))
