"""Re-sync many Businesses: those that were ticked on their list, or all that its filters leave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, url_for

from portal.businesses import queries as accounts
from portal.businesses.models import Business
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.ids import new_id, parse_id
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.core.sent import repeats
from portal.core.transaction import not_yours
from portal.provisioning import foresight, operations, queries
from portal.provisioning.operations import outcomes
from portal.provisioning.views import bp

MOST = 500


@bp.get("/resync")
@allow(Permission.PROVISION)
def choose_resync() -> Response:
    """Businesses are chosen on their list."""
    return make_response(redirect(url_for("businesses.businesses"), 303))


@bp.post("/resync")
@allow(Permission.PROVISION)
@repeats("business")
def preview_resync() -> Response:
    """What re-syncing the chosen ones would do; nothing is changed."""
    chosen = _matching() if request.form.get("which") == "all" else _ticked()
    if not chosen:
        flash("Tick at least one Business first. Nothing was started.", "error")
        return go(url_for("businesses.businesses"))
    return _preview(chosen)


def _preview(chosen: Sequence[Business], problem: str | None = None) -> Response:
    refused = queries.why_not(chosen[:MOST])
    ready = _without(refused, chosen)
    summed = foresight.summed(ready)
    return page(
        "provisioning/resync.html",
        status=422 if problem else 200,
        problem=problem,
        ready=ready,
        refused=[_told(one) for one in refused],
        summed=summed,
        sealed=foresight.seal_all(summed.each),
        once=new_id(),
        most=MOST if len(chosen) > MOST else None,
    )


def _without(refused: Iterable[queries.Refusal], chosen: Sequence[Business]) -> list[Business]:
    out = {refusal.business.id for refusal in refused}
    return [one for one in chosen[:MOST] if one.id not in out]


@bp.post("/resync/complete")
@allow(Permission.PROVISION)
@repeats("business")
def complete_resync() -> Response:
    """Start the runs, and go to the list of which started and which did not."""
    once, by = parse_id(request.form.get("once", "")) or new_id(), scope.current()
    outcome = outcomes.begin(once, "resync", by=by)
    if outcome is None:
        return go(url_for("provisioning.bulk_outcome", outcome_id=once))
    chosen, sealed = _ticked()[:MOST], request.form.get("shown")
    ready = _without(queries.why_not(chosen), chosen)
    summed = foresight.summed(ready)
    names = {one.id: one.name for one in ready}
    if changed := foresight.drift_of_many(sealed, summed.each, names.__getitem__):
        return _preview(chosen, changed)
    expected = foresight.kept_of_many(sealed, summed.each)
    started, refused = operations.resync_all(chosen, expected, by=by)
    outcome.told = {
        "started": [_named(done.business) | {"run": str(done.run.id)} for done in started if done.run],
        "refused": [_told(one) for one in refused],
    }
    return go(url_for("provisioning.bulk_outcome", outcome_id=once))


def _told(one: queries.Refusal) -> dict[str, str]:
    return _named(one.business) | {"reason": one.reason}


def _named(business: Business) -> dict[str, str]:
    return {"business": str(business.id), "name": business.name}


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
