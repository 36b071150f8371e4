"""The list of runs and one run: moving, then told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for

from portal.book import words
from portal.businesses import queries as businesses
from portal.businesses.models import Business
from portal.core import scope
from portal.core.csv_file import download
from portal.core.fragments import go, live, page, wants_fragment
from portal.core.lookup import find_or_404
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.sync import changes, comparison, operations, queries, report
from portal.sync.events import RUN_EXPORTED, RUN_SEEN
from portal.sync.models import SyncRun
from portal.sync.views import bp

POLLING_ENDS = 286  # htmx stops asking


@bp.get("/fmo/runs")
@allow(Permission.SYNC_READ)
def runs() -> Response:
    """All runs of the FMO's Businesses, newest first."""
    asked = read_query(request.path, request.args, filters=queries.FILTERS, sorts=queries.SORTS, default="-when")
    listing = queries.listing(asked)
    if state := asked.args.get("state"):
        listing.chip("State", "state", report.STATES.get(state, (state, ""))[0])
    if why := asked.args.get("why"):
        listing.chip("Why", "why", report.REASONS.get(why, why))
    names = businesses.by_ids(run.business_id for run in listing.items)
    return page("sync/runs.html", block="results", listing=listing, names=names, report=report)


@bp.get("/fmo/runs/<uuid:run_id>")
@allow(Permission.SYNC_READ, RUN_SEEN)
def run(run_id: UUID) -> Response:
    """One run: its progress while it moves, then what it did, policy by policy."""
    found = find_or_404(SyncRun, run_id)
    business = find_or_404(Business, found.business_id)
    asked = read_query(request.path, request.args, filters=("what",), sorts=("line",), default="line")
    shown = changes.listing(found, asked)
    if (what := asked.args.get("what")) in changes.WHAT:
        shown.chip("What", "what", changes.WHAT[what][0])
    told: dict[str, Any] = {"counts": changes.counts(found), "comparison": comparison.of(found), "words": words}
    return page(
        "sync/run.html", block="results", run=found, business=business, report=report, at="page", listing=shown,
        changes=changes, later=queries.later(found), holders=businesses.by_npns(one["npn"] for one in found.gaps),
        **told,
    )  # fmt: skip


@bp.get("/fmo/runs/<uuid:run_id>/changes.csv")
@allow(Permission.SYNC_REPORT, RUN_EXPORTED, fresh=True)
def run_changes(run_id: UUID) -> Response:
    """The same as a file."""
    found = find_or_404(SyncRun, run_id)
    return download(changes.csv_of(found), f"sync-run-{found.id}.csv")


@bp.get("/fmo/runs/<uuid:run_id>/progress")
@allow(Permission.SYNC_READ)
@live
def progress(run_id: UUID) -> Response:
    """The run's card anew; the last answer ends the asking, and renews what else the page says of the account.

    Whoever opens the address by itself is led to the run.
    """
    found = find_or_404(SyncRun, run_id)
    if not wants_fragment():
        return go(url_for("sync.run", run_id=run_id))
    business = find_or_404(Business, found.business_id)
    ended = report.is_over(found)
    at = "page" if request.args.get("at") not in ("panel", "activity") else request.args["at"]
    shown: dict[str, Any] = {"run": found, "business": business, "report": report, "later": queries.later(found)}
    shown["holds"] = queries.holds(business.id) if ended and at == "panel" else None
    answer = page("sync/run.html", block="card", status=POLLING_ENDS if ended else 200, at=at, **shown)
    if ended and at == "page":
        answer.headers["HX-Refresh"] = "true"  # the report comes with the whole page
    return answer


@bp.post("/fmo/runs/<uuid:run_id>/cancel")
@allow(Permission.PROVISION)
def cancel(run_id: UUID) -> Response:
    """Stop a run that waits or is under way; the account stays as it was."""
    found = find_or_404(SyncRun, run_id)
    if operations.cancel(found, by=scope.current()):
        flash("The run was cancelled. Nothing in the account was changed.")
    else:
        flash("This run was over already, so there was nothing to cancel.", "error")
    return go(url_for("sync.run", run_id=run_id))


@bp.post("/fmo/runs/<uuid:run_id>/retry")
@allow(Permission.PROVISION)
def retry(run_id: UUID) -> Response:
    """Start a new run in place of one that failed or was cancelled."""
    failed = find_or_404(SyncRun, run_id)
    business = find_or_404(Business, failed.business_id)
    if not report.may_retry(failed):
        flash("This run did not fail and was not cancelled, so there is nothing to retry.", "error")
        return go(url_for("sync.run", run_id=run_id))
    if (later := queries.later(failed)) is not None:
        flash("There is a later run of this Business already; this is the one.")
        return go(url_for("sync.run", run_id=later.id))
    try:
        again, started = operations.retry(failed, business, by=scope.current())
    except operations.SyncOff:
        flash("Policy Sync is not enabled for this Business. Enable it by Log Activity; that starts a run.", "error")
        return go(url_for("sync.run", run_id=run_id))
    except operations.Blocked as blocked:
        flash(str(blocked), "error")
        return go(url_for("sync.run", run_id=run_id))
    flash("A new run has started." if started else "A run was already under way; this is the one.")
    return go(url_for("sync.run", run_id=again.id))
