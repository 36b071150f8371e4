"""Single sign-on as strangers meet it: whose provider, there and back, and the provider's own sign-outs."""

from __future__ import annotations

from flask import Response, flash, jsonify, make_response, request, session, url_for
from flask_limiter.util import get_remote_address

from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import public
from portal.core.session import open_session
from portal.extensions import csrf, limiter
from portal.identity.factors.views.stepping import proved
from portal.identity.models import Fmo
from portal.identity.sessions import IDENTITY_SCOPE, VOUCHED
from portal.identity.sso import operations, queries
from portal.identity.sso.forms import WhereForm
from portal.identity.sso.operations.flows import begin, without
from portal.identity.sso.operations.logging import log_refusal
from portal.identity.sso.refusals import Refused
from portal.identity.sso.views.leaving import HELD, lead, note, send
from portal.identity.views.arriving import arrive
from portal.identity.views.parts import bp, local_page, origin, stored

NOWHERE = (
    "Single sign-on cannot be begun with this. If your FMO uses it, check the short name or the address; if not, sign"
    " in with your e-mail address and password."
)
OFTEN = "100 per minute"  # an office shares one address


@bp.get("/sso")
@public("strangers say here whose identity provider they sign in at")
@limiter.limit(OFTEN, key_func=get_remote_address)
def sso() -> Response:
    """Whose provider."""
    return _asked(WhereForm(), local_page(request.args.get("next")))


@bp.post("/sso")
@public("strangers say here whose identity provider they sign in at")
@limiter.limit("30 per minute", key_func=get_remote_address)
def sso_choose() -> Response:
    """Find the FMO; who names none, or one without single sign-on, reads the same words."""
    form, target = WhereForm(), local_page(request.form.get("next"))
    if not form.validate_on_submit():
        return _asked(form, target, status=422)
    fmo = _offering(form.organization.data)
    if fmo is None:
        form.organization.errors = [NOWHERE]
        return _asked(form, target, status=422)
    onward = url_for("identity.sso_start", org=fmo.slug, next=target or None)
    return lead(onward, "Single sign-on", "You are led to your organization’s identity provider.")


@bp.get("/sso/start")
@public("strangers are sent from here to their FMO's identity provider")
@limiter.limit(OFTEN, key_func=get_remote_address)
def sso_start() -> Response:
    """Off to the provider: the address that an FMO may put on its own pages, with `org` its slug."""
    target = local_page(request.args.get("next"))
    fmo = _offering(request.args.get("org", "").partition("@")[0])
    if fmo is None:
        form = WhereForm()
        form.organization.errors = [NOWHERE]
        return _asked(form, target, status=422)
    try:
        return send(note(begin(fmo.id, target=target)))
    except Refused as refused:
        log_refusal(refused, fmo.id, origin())
        return refused_page(refused)


@bp.get("/sso/callback")
@public("browsers come back here from an identity provider")
@limiter.limit(OFTEN, key_func=get_remote_address)
def sso_callback() -> Response:
    """Who the provider says it is, if every word of that holds; else a sentence, and nothing is signed in."""
    held = session.get(HELD)
    at_work = scope.current_or_none()
    viewer_id = at_work.actor_id if at_work else None
    if held:
        session[HELD] = without(held, request.args.get("state", ""))
    try:
        arrival = operations.answer(request.args, held, viewer_id=viewer_id, origin=origin())
    except Refused as refused:
        return refused_page(refused)
    if arrival.purpose == "link":
        flash("You are linked. From now on you can choose single sign-on where you sign in.")
        return go(url_for("identity.security"))
    if arrival.purpose == "step_up":
        return proved(arrival.target)
    return _come_in(arrival)


def _come_in(arrival: operations.Arrival) -> Response:
    answered = arrive(arrival.who.user, target=arrival.target, strong=arrival.who.strong)
    session_of_ours = stored()
    session_of_ours[VOUCHED] = arrival.who.session
    if session_of_ours.user_id is not None:
        # Who signed in there this morning has not proved it this minute: what is delicate asks for that.
        session_of_ours.proved_at = arrival.who.at
    return answered


@bp.get("/sso/signed-out")
@public("identity providers send people here who signed out there")
@limiter.limit(OFTEN, key_func=get_remote_address)
def sso_signed_out() -> Response:
    """The end of a sign-out that was begun here; whoever comes otherwise is sent to the sign-in."""
    if not operations.came_back(request.args.get("state", "")):
        return send(url_for("identity.login"))
    return page("identity/sso/signed_out.html")


@bp.post("/sso/back-channel/<slug>")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF has no types
@public("identity providers tell here, with a token of theirs, who signed out")
@limiter.limit("300 per minute", key_func=get_remote_address)
def sso_back_channel(slug: str) -> Response:
    """OpenID Connect Back-Channel Logout: ends the sessions that a token of the FMO's provider names."""
    sent = request.form.getlist("logout_token")
    try:
        operations.obey(slug, sent[0] if len(sent) == 1 else None, origin())
    except Refused as refused:
        return make_response(jsonify(error="invalid_request", error_description=str(refused)), 400)
    return make_response("", 200)


def _offering(text: str) -> Fmo | None:
    with open_session(IDENTITY_SCOPE) as work:
        return queries.offered_to(work, text)


def _asked(form: WhereForm, target: str, status: int = 200) -> Response:
    return page("identity/sso/where.html", form=form, next_page=target, status=status)


def refused_page(refused: Refused) -> Response:
    """A sentence, and the ways on."""
    return page("identity/sso/refused.html", sentence=str(refused), status=400)
