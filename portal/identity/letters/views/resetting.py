"""A forgotten password: asking for a link, and the page behind it."""

from __future__ import annotations

from flask import Response
from flask_limiter.util import get_remote_address

from portal.core.fragments import page
from portal.core.permissions import public
from portal.core.session import open_session
from portal.extensions import limiter
from portal.identity.letters import operations, queries
from portal.identity.letters.forms import ForgotForm, ResetForm
from portal.identity.models import User
from portal.identity.queries import known_about
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.views.arriving import arrive
from portal.identity.views.parts import bp, origin
from portal.identity.weakness import weakness

FORGOTTEN = "whoever forgot the password cannot sign in"


@bp.get("/forgot")
@public(FORGOTTEN)
def forgot() -> Response:
    """Asks whose password is to be set anew."""
    return page("identity/letters/forgot.html", form=ForgotForm())


@bp.post("/forgot")
@public(FORGOTTEN)
@limiter.limit("30 per minute", key_func=get_remote_address)  # addresses and people are counted besides
def ask_reset() -> Response:
    """Say in the same words, after the same time, that a link is on its way if there is anybody to send it to."""
    form = ForgotForm()
    if not form.validate_on_submit():
        return page("identity/letters/forgot.html", form=form, status=422)
    operations.ask_reset(form.email.data, origin())
    return page("identity/letters/forgot_sent.html")


@bp.get("/reset/<token>")
@public(FORGOTTEN)
@limiter.limit("60 per minute", key_func=get_remote_address)
def reset(token: str) -> Response:
    """The form behind the link, or a sentence that says why there is none. Looking spends nothing."""
    if _whose(token) is None:
        return _over()
    return page("identity/letters/reset.html", form=ResetForm(), token=token)


@bp.post("/reset/<token>")
@public(FORGOTTEN)
@limiter.limit("20 per minute", key_func=get_remote_address)
def use_reset(token: str) -> Response:
    """Set the password and lead in; who has a second factor is asked for it as ever."""
    user = _whose(token)
    if user is None:
        return _over()
    form = ResetForm()
    if not form.validate_on_submit() or not is_strong(form, user):
        return page("identity/letters/reset.html", form=form, token=token, status=422)
    held = operations.use_reset(user, token, form.password.data, origin())
    return arrive(held) if held is not None else _over()


def is_strong(form: ResetForm, user: User) -> bool:
    """Whether nobody can guess the form's new password; else the form says what is wrong with it."""
    with open_session(IDENTITY_SCOPE) as work:
        weak = weakness(form.password.data, about=known_about(work, user))
    if weak:
        form.password.errors = [weak]
    return weak is None


def _whose(token: str) -> User | None:
    with open_session(IDENTITY_SCOPE) as work:
        found = queries.open_reset(work, token)
        return found[1] if found is not None else None


def _over() -> Response:
    return page("identity/letters/reset_over.html", status=404)
