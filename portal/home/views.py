"""The start pages and the search."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, request, url_for

from portal.businesses.queries import last_day_of
from portal.compliance import figures
from portal.compliance.alarms import queries as alarms
from portal.compliance.breaches import queries as breaches
from portal.compliance.disclosures import queries as disclosures
from portal.compliance.exports import queries as log_files
from portal.compliance.recertification import queries as recertification
from portal.compliance.reviews import handing
from portal.compliance.reviews import queries as reviews
from portal.core import scope, search_tokens
from portal.core.fragments import fragment, go, page, wants_fragment
from portal.core.permissions import Permission, allow, may, public
from portal.crm import left, removal, words
from portal.crm import queries as crm
from portal.crm.panels import panel
from portal.home import fmo_page, search, settings
from portal.home.events import ACCOUNT_HOME
from portal.home.health import bp as health
from portal.identity.emergency import queries as emergencies
from portal.identity.staff import notices
from portal.identity.staff import queries as officers
from portal.identity.views.parts import home_of
from portal.sync.claims import queries as claims

bp = Blueprint("home", __name__)
blueprints = [bp, health, settings.bp]


@bp.get("/")
@public("it shows nothing: it sends people home and strangers to the sign-in")
def index() -> Response:
    """Everybody's way in."""
    at_work = scope.current_or_none()
    return make_response(redirect(home_of(at_work.role) if at_work else url_for("identity.login"), 303))


@bp.get("/fmo/")
@allow(Permission.FMO_HOME)
def fmo() -> Response:
    """What needs somebody at the FMO today."""
    return page("home/fmo.html", **fmo_page.context())


@bp.get("/crm/")
@allow(Permission.CRM_READ, ACCOUNT_HOME)
def account() -> Response:
    """What an agent can do today."""
    found = crm.home_figures()
    lately = left.lately() if left.is_told() else 0
    told = removal.still_told() if may(scope.current(), Permission.CRM_REMOVE) else None
    rows = [
        (words.status(key)[0], count, url_for("crm.policies", status=key)) for key, count in found.by_status.items()
    ]
    shown: dict[str, Any] = {"figures": found, "status_rows": rows, "words": words, "left": lately, "told": told}
    shown["answered"], shown["sent_on"] = claims.told_lately()
    shown["last_day"] = last_day_of(scope.current().actor_id)
    return page("home/account.html", **shown, **panel())


@bp.get("/compliance/")
@allow(Permission.ACCESS_READ)
def compliance() -> Response:
    """What the log tells of the last days."""
    shown: dict[str, Any] = {"emergencies": emergencies.waiting(), "news": officers.news(), "says": notices.SAYS}
    shown["alarms"], shown["alarms_total"] = alarms.on_home()
    shown["reviews"], shown["own_follow_ups"] = reviews.standing(), handing.own()
    shown["disclosures"] = {
        "requests": disclosures.waiting_requests(),
        "doubts": disclosures.waiting_doubts(),
        "cases": breaches.open_cases(),
    }
    shown["own_log_files"], shown["log_files_ready"] = log_files.own_under_way, log_files.waiting()
    shown["quarter"], shown["undecided"] = recertification.on_home()
    return page("home/compliance.html", summary=figures.summary(), alarms_silent=alarms.is_silent(), **shown)


@bp.post("/search", endpoint="search")
@allow(Permission.SEARCH)
def search_for() -> Response:
    """Answers while somebody types; without script, the way to the page with all of them."""
    text = request.form.get("q", "")[: search_tokens.MAX_LENGTH]
    if wants_fragment():
        return fragment("home/_answers.html", groups=search.find(text), text=text.strip())
    return go(url_for("home.results", q=search_tokens.keep(text)))


@bp.get("/search")
@allow(Permission.SEARCH)
def results() -> Response:
    """All answers to a search that was posted, by its token."""
    token = request.args.get("q", "")
    text = search_tokens.read(token)
    return page("home/results.html", groups=search.find(text, limit=search.WHOLE), text=text, token=token)
