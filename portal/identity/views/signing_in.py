"""Sign-in and sign-out."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from flask_limiter.util import get_remote_address

from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow, public
from portal.extensions import limiter
from portal.identity import operations
from portal.identity.forms import SignInForm
from portal.identity.standing import TOLD
from portal.identity.views.arriving import arrive
from portal.identity.views.parts import bp, home_of, local_page, origin, stored

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
            user = operations.sign_in(form.email.data, form.password.data, origin())
        except operations.TurnedAway as why:
            return page("identity/login.html", form=SignInForm(formdata=None), told=str(why), status=422)
        if user is not None:
            return arrive(user, target=target)
        form.password.errors = [WRONG]
    return page("identity/login.html", form=form, next_page=target, status=422)


@bp.post("/logout")
@allow(Permission.ANY_SIGNED_IN)
def sign_out() -> Response:
    """End the session everywhere its cookie may have been copied to."""
    operations.log_sign_out()
    stored().end()
    return go(url_for("identity.login"))


def _redirect(address: str) -> Response:
    made = redirect(address, 303)
    assert isinstance(made, Response)
    return made
