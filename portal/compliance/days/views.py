"""The log in charts."""

from __future__ import annotations

from flask import Blueprint, Response, request

from portal.compliance.days import charts, events
from portal.core.fragments import page
from portal.core.permissions import Permission, allow

bp = Blueprint("days", __name__, url_prefix="/compliance/charts")


@bp.get("")
@allow(Permission.ACCESS_READ, events.CHARTS)
def seen() -> Response:
    """Accesses by day and role, refusals, downloads, and who reads most; each figure leads to its entries."""
    key = request.args.get("days", charts.USUAL)
    chosen = key if key in charts.PERIODS else charts.USUAL
    shown = charts.charts(int(chosen))
    return page("compliance/charts.html", charts=shown, chosen=chosen, periods=charts.PERIODS)
