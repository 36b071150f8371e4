"""The officer's pages over the access log."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, request, url_for

from portal.compliance import asked, events, export, lookup, queries, record, sentences
from portal.compliance.alarms.views import bp as alarms_bp
from portal.compliance.breaches.views import bp as breaches_bp
from portal.compliance.days.views import bp as days_bp
from portal.compliance.disclosures.views import bp as disclosures_bp
from portal.compliance.exports import queries as log_files
from portal.compliance.exports.views import bp as exports_bp
from portal.compliance.following.views import bp as following_bp
from portal.compliance.forms import LookupForm
from portal.compliance.models import AccessEntry
from portal.compliance.neighbours import neighbours
from portal.compliance.recertification.views import bp as recertification_bp
from portal.compliance.retention.views import bp as retention_bp
from portal.compliance.reviews.views import bp as reviews_bp
from portal.compliance.seals import queries as seals
from portal.compliance.seals.views import bp as seals_bp
from portal.core import clock, csv_file
from portal.core.fragments import page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.scope import Role

bp = Blueprint("compliance", __name__, url_prefix="/compliance/access")
blueprints = [
    bp,
    breaches_bp,
    following_bp,
    reviews_bp,
    seals_bp,
    alarms_bp,
    disclosures_bp,
    days_bp,
    recertification_bp,
    retention_bp,
    exports_bp,
]


@bp.get("")
@allow(Permission.ACCESS_READ, events.LOG_LIST)
def log() -> Response:
    """The log, newest first, with its filters."""
    wanted = asked.read(request.path, request.args)
    listing = queries.page_of(wanted)
    record.list_read(wanted)
    return page(
        "compliance/access.html",
        block="results",
        listing=listing,
        asked=wanted,
        selections=[(value, words) for value, (words, _) in sentences.SELECTIONS.items()],
        chosen_action=sentences.chosen_action,
        actions=sentences.action_groups(),
        outcomes=asked.OUTCOMES,
        roles=[(role.value, role.label) for role in Role],
        people=queries.choices("user"),
        businesses=queries.choices("business"),
        ranges=asked.quick_ranges(wanted),
        export_most=export.MOST,
        own_log_files=log_files.own_under_way,
    )


@bp.get("/export.csv")
@allow(Permission.ACCESS_EXPORT, events.LOG_EXPORT, fresh=True)
def download() -> Response:
    """The entries of the present filter as a file."""
    wanted = asked.read(url_for("compliance.log"), request.args)
    return csv_file.download(export.csv_of(wanted), f"access-log-{clock.today().isoformat()}.csv")


@bp.get("/<uuid:entry_id>")
@allow(Permission.ACCESS_READ, events.LOG_ENTRY)
def entry(entry_id: UUID) -> Response:
    """One entry with everything it holds."""
    found = find_or_404(AccessEntry, entry_id)
    record.entry_read(found)
    return page(
        "compliance/entry.html",
        entry=found,
        shown=record.show(found),
        seal=seals.seal_of(found.id),
        neighbours=neighbours(found),
    )


@bp.get("/member")
@allow(Permission.ACCESS_READ)
def member_lookup() -> Response:
    """The form that finds a member."""
    return page("compliance/lookup.html", form=LookupForm(), found=None)


@bp.post("/member")
@allow(Permission.ACCESS_READ)
def look_up_member() -> Response:
    """The members found: names and ids. The answer stands under this address only, so no name gets into one."""
    form = LookupForm()
    if not form.validate_on_submit():
        return page("compliance/lookup.html", form=form, found=None, status=422)
    return page("compliance/lookup.html", form=form, found=lookup.look_up(form.looked_for()))
