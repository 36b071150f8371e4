"""What left the account, and what its people may take along."""

from __future__ import annotations

from flask import Response, abort, request

from portal.core import clock, scope
from portal.core.csv_file import download
from portal.core.fragments import page
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.crm import export, left, words
from portal.crm.events import LEFT_LIST
from portal.crm.panels import panel
from portal.crm.views import bp


@bp.get("/left")
@allow(Permission.CRM_READ, LEFT_LIST)
def left_policies() -> Response:
    """Policies that are no longer in the account, for 90 days; no page where the FMO does not tell."""
    if not left.is_told():
        abort(404)
    asked = read_query(request.path, request.args, filters=(), sorts=left.SORTS, default="-when")
    return page("crm/left.html", block="results", listing=left.listing(asked), days=left.DAYS, words=words, **panel())


@bp.get("/export")
@allow(Permission.CRM_TAKE_OUT)
def own_data() -> Response:
    """What the download holds, before it is made."""
    return page("crm/export.html", whole=export.is_whole(scope.current()), **panel())


@bp.post("/export")
@allow(Permission.CRM_TAKE_OUT, fresh=True)
def take_out() -> Response:
    """Everything that was typed, as a ZIP of two CSV files."""
    name = f"own-contacts-and-notes-{clock.today():%Y-%m-%d}.zip"
    return download(export.own_data(scope.current()), name, "application/zip")
