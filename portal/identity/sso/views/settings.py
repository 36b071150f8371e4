"""The page on which an FMO sets up single sign-on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for

from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.identity.sso import forms, queries
from portal.identity.sso.models import SsoProvider
from portal.identity.sso.operations import configuring, testing
from portal.identity.sso.operations.configuring import Unusable
from portal.identity.sso.refusals import Refused
from portal.identity.views.parts import bp

AT = "/fmo/settings/single-sign-on"


@bp.get(AT)
@allow(Permission.SETTINGS, fresh=True)
def sso_settings() -> Response:
    """What holds now, all but the secret."""
    provider = queries.own_provider()
    return _shown(provider, forms.provider_form(provider))


@bp.post(AT)
@allow(Permission.SETTINGS, fresh=True)
def sso_keep() -> Response:
    """Keep the provider."""
    form = forms.provider_form()
    if form.validate_on_submit():
        try:
            configuring.keep(form.wanted())
        except Unusable as why:
            form.refuse(why.field, str(why))
        else:
            flash("Single sign-on is saved. Test it before people use it.")
            return go(url_for("identity.sso_settings"))
    return _shown(queries.own_provider(), form, status=422)


@bp.post(f"{AT}/test")
@allow(Permission.SETTINGS, fresh=True)
def sso_test() -> Response:
    """Ask the provider everything that a sign-in needs; what is wrong then stands on the page."""
    try:
        party, lines = testing.test(scope.fmo_id())
    except Refused as refused:
        return _told(str(refused))
    good = testing.keep(party, lines)
    flash("The test found nothing wrong." if good else "The test found something wrong: see below.")
    return go(url_for("identity.sso_settings") + "#test")


@bp.post(f"{AT}/offer")
@allow(Permission.SETTINGS, fresh=True)
def sso_offer() -> Response:
    """Offer it at the sign-in page, or no longer."""
    on = request.form.get("on") == "1"
    try:
        configuring.offer(on)
    except Unusable as why:
        return _told(str(why))
    flash("Single sign-on stands on the sign-in page." if on else "Single sign-on is no longer offered.")
    return go(url_for("identity.sso_settings"))


@bp.post(f"{AT}/passwords")
@allow(Permission.SETTINGS, fresh=True)
def sso_passwords() -> Response:
    """Switch local passwords off, but for one administrator's; or on again."""
    form = _passwords()
    if request.form.get("off") != "1":
        try:
            configuring.passwords(False)
        except Unusable as why:
            return _told(str(why))
        flash("Passwords work again for everybody who has one.")
        return go(url_for("identity.sso_settings"))
    if form.validate_on_submit():
        try:
            configuring.passwords(True, form.chosen())
        except Unusable as why:
            form.break_glass.errors = [*form.break_glass.errors, str(why)]
        else:
            flash("Local passwords are off, but for one administrator’s and the compliance officers’.")
            return go(url_for("identity.sso_settings"))
    provider = queries.own_provider()
    return _shown(provider, forms.provider_form(provider), passwords=form, status=422)


@bp.post(f"{AT}/people/<uuid:user_id>/unlink")
@allow(Permission.SETTINGS, fresh=True)
def sso_unlink_person(user_id: UUID) -> Response:
    """Take back somebody's link, so that whoever holds it at the provider is nobody here."""
    if not configuring.unlink(user_id):
        not_yours()
    flash("The link is taken back. The person’s sessions go on until they sign out or are ended.")
    return go(url_for("identity.sso_settings"))


def _passwords() -> forms.PasswordsForm:
    return forms.PasswordsForm().offering(configuring.with_password(queries.officers()))


def _told(sentence: str) -> Response:
    flash(sentence, "error")
    return go(url_for("identity.sso_settings"))


def _shown(provider: SsoProvider | None, form: Any, *, passwords: Any = None, status: int = 200) -> Response:
    addresses = {
        "callback": queries.callback_address(),
        "signed_out": queries.signed_out_address(),
        "back_channel": queries.logout_address(queries.own_slug()),
        "start": queries.start_address(queries.own_slug()),
    }
    shown: dict[str, Any] = {"provider": provider, "role_fields": forms.role_fields(form), "addresses": addresses}
    if provider is not None:
        shown |= {"people": queries.linked_people(), "unlinked": queries.unlinked_count(provider.issuer)}
        shown["officers"] = {user.id: user for user in queries.officers()}
        shown["passwords"] = passwords or _passwords()
    return page("identity/sso/settings.html", form=form, status=status, **shown)
