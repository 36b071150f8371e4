"""Sign-in and sign-out."""

from __future__ import annotations

from flask import Response, current_app, redirect, request, url_for
from flask_limiter.util import get_remote_address

from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow, public
from portal.extensions import limiter
from portal.identity import operations
from portal.identity.forms import SignInForm
from portal.identity.guessing.browsers import KNOWN_FOR, remember
from portal.identity.models import User
from portal.identity.sso.views.leaving import leave_provider_too
from portal.identity.standing import TOLD
from portal.identity.views.arriving import arrive
from portal.identity.views.parts import bp, home_of, local_page, origin, stored

TOO_MANY = (
    "Too many sign-ins from your network did not work in the last minutes, so none is accepted from there now. Wait 15"
    " minutes, then try again."
)
WRONG = "The email address or the password is not right, or the account cannot be used now. Check both and try again."


@bp.get("/login")
@public("this is where strangers sign in")
def login() -> Response:
    """The sign-in form; somebody who is signed in goes home."""
    at_work = scope.current_or_none()
    if at_work is not None:
        return _redirect(home_of(at_work.role))
    because = stored().turned_away or request.args.get("because", "")
    return page(
        "identity/login.html", form=SignInForm(), next_page=local_page(request.args.get("next")), told=TOLD.get(because)
    )


@bp.post("/login")
@public("this is where strangers sign in")
@limiter.limit("100 per minute", key_func=get_remote_address)  # an office shares one address; each user is locked
def sign_in() -> Response:
    """Sign in, or say in the same words for every reason that it did not work.

    Who proves to be somebody that was suspended or has left is told so.
    """
    form = SignInForm()
    target = local_page(request.form.get("next"))
    if form.validate_on_submit():
        try:
            user = operations.sign_in(form.email.data, form.password.data, origin(), token=known_by())
        except operations.TooMany:
            return page("identity/login.html", form=SignInForm(formdata=None), told=TOO_MANY, status=429)
        except operations.TurnedAway as why:
            return page("identity/login.html", form=SignInForm(formdata=None), told=str(why), status=422)
        if user is not None:
            return know(arrive(user, target=target), user)
        form.password.errors = [WRONG]
    return page("identity/login.html", form=form, next_page=target, status=422)


@bp.post("/logout")
@allow(Permission.ANY_SIGNED_IN)
def sign_out() -> Response:
    """End the session everywhere its cookie may have been copied to."""
    operations.log_sign_out()
    onward = leave_provider_too()
    stored().end()
    return onward or go(url_for("identity.login"))


def known_by() -> str | None:
    """The token by which this browser is known, if it is."""
    return request.cookies.get(_known_cookie())


def know(response: Response, user: User) -> Response:
    """Know this browser as one of `user`'s from now on."""
    response.set_cookie(
        _known_cookie(),
        remember(user, known_by()),
        max_age=KNOWN_FOR,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )
    return response


def _known_cookie() -> str:
    return str(current_app.config["SESSION_COOKIE_NAME"]).replace("session", "known")  # with whatever is before it


def _redirect(address: str) -> Response:
    made = redirect(address, 303)
    assert isinstance(made, Response)
    return made
