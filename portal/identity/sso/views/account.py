"""One's own link with the provider, a part of the page on which people see how they sign in; and proving anew by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, request, url_for
from flask_limiter.util import get_remote_address

from portal.core.fragments import go
from portal.core.permissions import Permission, allow
from portal.core.session import open_session
from portal.extensions import limiter
from portal.identity.factors import sections
from portal.identity.factors.sections import Section
from portal.identity.models import User
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.sso import queries
from portal.identity.sso.operations.flows import begin
from portal.identity.sso.operations.linking import unlink_own
from portal.identity.sso.operations.logging import log_refusal
from portal.identity.sso.refusals import Refused
from portal.identity.sso.views.leaving import lead, note
from portal.identity.sso.views.signing_in import refused_page
from portal.identity.views.parts import bp, local_page, me, origin

AT = "/account/security/single-sign-on"


@bp.post(AT)
@allow(Permission.ANY_SIGNED_IN, fresh=True)
@limiter.limit("30 per minute", key_func=get_remote_address)
def sso_link() -> Response:
    """Off to the provider to prove who one is there."""
    return _away("link")


@bp.post(f"{AT}/unlink")
@allow(Permission.ANY_SIGNED_IN, fresh=True)
def sso_unlink() -> Response:
    """Take the link back; not where it is the only way in."""
    if unlink_own(me(), origin()):
        flash("Your link with the identity provider is taken back.")
    else:
        flash("Nothing was changed: single sign-on is your only way to sign in.", "error")
    return go(url_for("identity.security"))


@bp.post("/step-up/single-sign-on")
@allow(Permission.ANY_SIGNED_IN)
@limiter.limit("30 per minute", key_func=get_remote_address)
def sso_step_up() -> Response:
    """Prove anew at the provider to be oneself."""
    return _away("step_up", local_page(request.form.get("next")))


def _away(purpose: str, target: str = "") -> Response:
    user = me()
    try:
        leaving = begin(user.fmo_id, purpose=purpose, user_id=user.id, target=target)
    except Refused as refused:
        log_refusal(refused, user.fmo_id, origin())
        return refused_page(refused)
    return lead(note(leaving), "Single sign-on", "You are led to your organization’s identity provider.")


def _link(user: User) -> Mapping[str, Any]:
    with open_session(IDENTITY_SCOPE) as work:
        provider = queries.provider_of(work, user.fmo_id)
        held = queries.identities_of(work, user)
        only_way = queries.only_way_in(work, user)
    issuer = provider.issuer if provider is not None and provider.offered else None
    linked = next((one for one in held if one.issuer == issuer), None)
    return {"sso_issuer": issuer, "sso_linked": linked, "sso_only_way": only_way}


sections.declare(Section("single_sign_on", 35, "identity/sso/_section.html", _link))
