"""Setting up a factor: forced between the factors where one is needed and none is there, or from the security page."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from flask_limiter.util import get_remote_address

from portal.core import crypto
from portal.core.csv_file import download
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow, public
from portal.core.sent import repeats
from portal.extensions import limiter
from portal.identity import sessions
from portal.identity.factors import forms, kinds, operations, recovery, totp
from portal.identity.models import Fmo, User
from portal.identity.views.arriving import through
from portal.identity.views.parts import BETWEEN, bp, me, origin, stored

NOT_RIGHT = (
    "This code does not come from the app that read this picture, or it is too old. Check that the time of your "
    "phone is set by itself, then type the code that the app shows now."
)
_SEED = "session.seed"  # until it is confirmed, the seed waits in the session, encrypted


@bp.get("/login/enrol")
@public(BETWEEN)
def enrol() -> Response:
    """Offers every kind of factor to somebody who needs one and holds none."""
    user = may_enrol()
    return user if isinstance(user, Response) else _offered(user, forms.CodeForm(formdata=None))


@bp.post("/login/enrol")
@public(BETWEEN)
@limiter.limit("60 per minute", key_func=get_remote_address)
def confirm_enrol() -> Response:
    """Keep the app if it shows the right code; then the session begins, with the recovery codes on its first page."""
    user = may_enrol()
    if isinstance(user, Response):
        return user
    form = forms.CodeForm()
    if form.validate_on_submit():
        if operations.add_totp(user, _seed(user), form.code.data, origin(), but=stored().row_id):
            return enrolled(user)
        form.code.errors = [NOT_RIGHT]
    return _offered(user, form, 422)


def may_enrol() -> User | Response:
    """The half-way person, only while they hold nothing: one proved factor must not be enough to add another."""
    user = stored().pending_user
    if user is None:
        return go(url_for("identity.login"))
    with kinds.reading(user) as work:
        held = kinds.held_by(work, user)
    return go(url_for("identity.second")) if held else user


def enrolled(user: User) -> Response:
    """After the first factor of a half-way session or a further one of a full one, which ended all other sessions.

    Shows new recovery codes where the person has none, else leads on. A half-way session becomes a full one.
    """
    codes = operations.make_codes_if_none(user, origin())
    if stored().pending_user_id is not None:
        stored().generation = sessions.generation_of(stored().row_id)
        onward = through()
    else:
        stored().prove()
        onward = url_for("identity.security")
    return shown_codes(codes, onward) if codes else go(onward)


def shown_codes(codes: list[str], onward: str) -> Response:
    """The page that shows recovery codes, once."""
    return page("identity/factors/codes.html", codes=codes, onward=onward)


def _seed(user: User) -> str:
    """The seed that this session offers, made at first; the same until it is confirmed."""
    session = stored()
    if "enrolling" not in session:
        session["enrolling"] = crypto.encrypt(totp.new_seed(), fmo_id=user.fmo_id, field=_SEED)
    return crypto.decrypt(session["enrolling"], fmo_id=user.fmo_id, field=_SEED)


def _pictured(user: User) -> dict[str, Any]:
    seed = _seed(user)
    with kinds.reading(user) as work:
        fmo = work.get(Fmo, user.fmo_id)
    address = totp.address(seed, email=user.email, issuer=fmo.name if fmo else "Portal")
    return {"picture": totp.picture(address), "seed_groups": totp.groups(seed)}


def _offered(user: User, form: forms.CodeForm, status: int = 200) -> Response:
    with kinds.reading(user) as work:
        shown = kinds.offered(work, user)
    return page("identity/factors/enrol.html", status=status, form=form, totp_form=form, **_pictured(user), **shown)


@bp.get("/account/security/app")
@allow(Permission.ANY_SIGNED_IN, fresh=True)
def new_app() -> Response:
    """The picture to set up an app, the first or one in place of another."""
    return _app_page(me(), forms.CodeForm(formdata=None))


@bp.post("/account/security/app")
@allow(Permission.ANY_SIGNED_IN, fresh=True)
def confirm_app() -> Response:
    """Keep the app if it shows the right code."""
    user, form = me(), forms.CodeForm()
    if form.validate_on_submit():
        if operations.add_totp(user, _seed(user), form.code.data, origin(), but=stored().row_id, replace=True):
            stored().pop("enrolling", None)
            return enrolled(user)
        form.code.errors = [NOT_RIGHT]
    return _app_page(user, form, 422)


def _app_page(user: User, form: forms.CodeForm, status: int = 200) -> Response:
    with kinds.reading(user) as work:
        replaces = bool(kinds.held_by(work, user).get("totp"))
    return page("identity/factors/app.html", status=status, form=form, replaces=replaces, **_pictured(user))


@bp.post("/account/security/codes")
@allow(Permission.ANY_SIGNED_IN, fresh=True)
def new_codes() -> Response:
    """Ten new recovery codes; the older ones end."""
    user = me()
    with kinds.reading(user) as work:
        if not kinds.held_by(work, user):
            return go(url_for("identity.security"))  # they would stand in for nothing
    codes = operations.make_codes(user, origin(), but=stored().row_id)
    stored().prove()
    return shown_codes(codes, url_for("identity.security"))


@bp.post("/account/security/codes.txt")
@allow(Permission.ANY_SIGNED_IN)
@repeats("shown")
def codes_file() -> Response:
    """The codes that the page shows, sent back as a file: they are kept nowhere from which it could be made."""
    typed = [recovery.canonical(code) for code in request.form.getlist("shown")]
    codes = [recovery.spelled(code) for code in typed if recovery.slot_of(code) is not None][: recovery.COUNT]
    return download("\r\n".join(codes) + "\r\n", "recovery-codes.txt", "text/plain; charset=utf-8")
