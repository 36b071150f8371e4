"""Policy Sync on the pages of a Business, an agent or agency, and an activity."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, url_for

from portal.activities import filled_in, subjects
from portal.activities.models import Activity
from portal.businesses import queries as businesses
from portal.businesses.models import Business
from portal.core.fragments import page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.downline import fragments
from portal.downline.keys import readable_phone
from portal.downline.models import Producer
from portal.sync import queries, report
from portal.sync.views import bp


@bp.get("/fmo/runs/business/<uuid:business_id>")
@allow(Permission.SYNC_READ)
def business_panel(business_id: UUID) -> Response:
    """Whether Policy Sync is enabled for a Business, what its account holds now, and its last runs."""
    business = find_or_404(Business, business_id)
    runs = queries.latest(business_id)
    asked = queries.request_of(business_id)
    shown: dict[str, Any] = {"business": business, "runs": runs, "asked": asked, "holds": queries.holds(business_id)}
    return page("sync/business_panel.html", block="results", report=report, at="panel", **shown)


@bp.get("/fmo/runs/producer/<uuid:producer_id>")
@allow(Permission.SYNC_READ)
def producer_panel(producer_id: UUID) -> Response:
    """The accounts that have an agent's or agency's NPN, each with what it holds now and its last run."""
    producer = find_or_404(Producer, producer_id)
    served = queries.accounts_of(producer_id)
    accounts = [(one, queries.holds(one.id), next(iter(queries.latest(one.id, 1)), None)) for one in served]
    return page("sync/producer_panel.html", block="results", producer=producer, accounts=accounts, report=report)


@bp.get("/fmo/runs/activity/<uuid:activity_id>")
@allow(Permission.SYNC_READ)
def activity_runs(activity_id: UUID) -> Response:
    """What was filled in, in the order of the form, and the run that it started."""
    activity = find_or_404(Activity, activity_id)
    runs = queries.runs_of_activity(activity_id)
    accounts = businesses.by_ids(run.business_id for run in runs)
    shown: dict[str, Any] = {"activity": activity, "runs": runs, "accounts": accounts}
    shown |= {"fields": filled_in.of(activity), "subject": subjects.find(activity.subject_kind, activity.subject_id)}
    return page(
        "sync/activity.html", block="results", report=report, at="activity", readable_phone=readable_phone, **shown
    )


def _of_producer(producer_id: UUID) -> str | None:
    served = queries.accounts_of(producer_id)
    return url_for("sync.producer_panel", producer_id=producer_id) if served else None


fragments.register(
    "business",
    "Policy Sync",
    Permission.SYNC_READ,
    lambda record_id: url_for("sync.business_panel", business_id=record_id),
)
fragments.register("producer", "Policy Sync", Permission.SYNC_READ, _of_producer)
