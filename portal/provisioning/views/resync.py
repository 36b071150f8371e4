"""Re-sync many Businesses: those that were ticked on their list, or all that its filters leave."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, url_for

from portal.businesses import queries as accounts
from portal.businesses.models import Business
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.ids import parse_id
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.provisioning import foresight, operations, queries
from portal.provisioning.views import bp

MOST = 500


@bp.get("/resync")
@allow(Permission.PROVISION)
def choose_resync() -> Response:
    """Businesses are chosen on their list."""
    return make_response(redirect(url_for("businesses.businesses"), 303))


@bp.post("/resync")
@allow(Permission.PROVISION)
def preview_resync() -> Response:
    """What re-syncing the chosen ones would do; nothing is changed."""
    chosen = _matching() if request.form.get("which") == "all" else _ticked()
    if not chosen:
        flash("Tick at least one Business first. Nothing was started.", "error")
        return go(url_for("businesses.businesses"))
    refused = queries.why_not(chosen[:MOST])
    out = {refusal.business.id for refusal in refused}
    ready = [one for one in chosen[:MOST] if one.id not in out]
    return page(
        "provisioning/resync.html",
        ready=ready,
        refused=refused,
        summed=foresight.summed(ready),
        most=MOST if len(chosen) > MOST else None,
    )


@bp.post("/resync/complete")
@allow(Permission.PROVISION)
def complete_resync() -> Response:
    """Start the runs, and say which started and which did not."""
    chosen = _ticked()[:MOST]
    out = {refusal.business.id for refusal in queries.why_not(chosen)}
    summed = foresight.summed([one for one in chosen if one.id not in out])
    started, refused = operations.resync_all(chosen, summed.each, by=scope.current())
    return page("provisioning/resync_done.html", started=started, refused=refused)


def _matching() -> Sequence[Business]:
    asked = read_query(
        request.path, request.form, filters=accounts.FILTERS, sorts=accounts.SORTS, default=accounts.SORTS[0]
    )
    return accounts.matching(asked, MOST + 1)


def _ticked() -> list[Business]:
    """The ticked ones by name; an id that is not the actor's own gives the logged 404 like any foreign record."""
    ids: dict[UUID, None] = {}
    for typed in request.form.getlist("business"):
        if (found := parse_id(typed)) is not None:
            ids[found] = None
    known = accounts.by_ids(ids)
    for business_id in ids:
        if business_id not in known:
            not_yours(asked_for=business_id)
    return sorted(known.values(), key=lambda one: (one.name_key, one.id))
