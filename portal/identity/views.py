"""Sign-in, sign-out, and the page behind an invitation's link."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, flash, g, redirect, request, session, url_for
from flask_limiter.util import get_remote_address

from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow, public
from portal.core.scope import Role
from portal.core.session import open_session
from portal.extensions import limiter
from portal.identity import operations, passwords
from portal.identity.forms import InvitationForm, SignInForm
from portal.identity.models import Invitation, User
from portal.identity.operations import Origin
from portal.identity.sessions import IDENTITY_SCOPE, StoredSession
from portal.identity.standing import TOLD

bp = Blueprint("identity", __name__)
HOMES = {Role.FMO_ADMIN: "/fmo/", Role.COMPLIANCE: "/compliance/"}
WRONG = "The email address or the password is not right, or the account cannot be used now. Check both and try again."


def home_of(role: Role) -> str:
    """Where people of `role` land."""
    return HOMES.get(role, "/crm/")


def _origin() -> Origin:
    return Origin(request.remote_addr, request.user_agent.string, g.request_id)


def _stored() -> StoredSession:
    found = session._get_current_object()  # type: ignore[attr-defined]  # Flask's proxy
    assert isinstance(found, StoredSession)
    return found


@bp.get("/login")
@public("this is where strangers sign in")
def login() -> Response:
    """The sign-in form; somebody who is signed in goes home."""
    at_work = scope.current_or_none()
    if at_work is not None:
        return _redirect(home_of(at_work.role))
    because = _stored().turned_away or request.args.get("because", "")
    return page(
        "identity/login.html", form=SignInForm(), next_page=_local(request.args.get("next")), told=TOLD.get(because)
    )


@bp.post("/login")
@public("this is where strangers sign in")
@limiter.limit("100 per minute", key_func=get_remote_address)  # an office shares one address; each user is locked
def sign_in() -> Response:
    """Sign in, or say in the same words for every reason that it did not work.

    Who proves to be somebody that was suspended or has left is told so.
    """
    form = SignInForm()
    target = _local(request.form.get("next"))
    if form.validate_on_submit():
        try:
            user = operations.sign_in(form.email.data, form.password.data, _origin())
        except operations.TurnedAway as why:
            return page("identity/login.html", form=SignInForm(formdata=None), told=str(why), status=422)
        if user is not None:
            _stored().begin_for(user.id, user.fmo_id)
            return go(target or home_of(user.role))
        form.password.errors = [WRONG]
    return page("identity/login.html", form=form, next_page=target, status=422)


@bp.post("/logout")
@allow(Permission.ANY_SIGNED_IN)
def sign_out() -> Response:
    """End the session everywhere its cookie may have been copied to."""
    operations.log_sign_out()
    _stored().end()
    return go(url_for("identity.login"))


@bp.get("/invite/<token>")
@public("an invited person has no account yet")
@limiter.limit("60 per minute", key_func=get_remote_address)
def invitation(token: str) -> Response:
    """The form behind the link, or a sentence that says why there is none."""
    with open_session(IDENTITY_SCOPE) as work:
        found = operations.open_invitation(work, token)
        if found is None:
            return page("identity/invitation_over.html", status=404)
        return _form_page(InvitationForm(), token, found[1])


@bp.post("/invite/<token>")
@public("an invited person has no account yet")
@limiter.limit("20 per minute", key_func=get_remote_address)
def accept_invitation(token: str) -> Response:
    """Prove the NPN and set the password; the link is spent with that."""
    form = InvitationForm()
    with open_session(IDENTITY_SCOPE) as work:
        found = operations.open_invitation(work, token)
        if found is None:
            return page("identity/invitation_over.html", status=404)
        invitation_row, user = found
        if user.npn is None:
            del form.npn
        if not form.validate_on_submit() or not _proved(form, invitation_row, user):
            return _form_page(form, token, user, status=422)
        operations.accept(work, invitation_row, user, form.password.data, _origin())
    flash("Your password is set. Sign in to see your account.")
    return go(url_for("identity.login"))


def _proved(form: InvitationForm, invitation_row: Invitation, user: User) -> bool:
    weak = passwords.weakness(form.password.data, email=user.email, name=user.name)
    if weak:
        form.password.errors = [weak]
        return False
    if user.npn is not None and operations.canonical_npn(form.npn.data) != user.npn:
        operations.refuse(invitation_row, user, _origin())
        left = operations.MAX_TRIES - invitation_row.wrong_tries
        form.npn.errors = [
            f"This is not the NPN that the invitation is for. You can try {left} more times."
            if left
            else "This is not the NPN that the invitation is for. Ask your FMO for a new invitation."
        ]
        return False
    return True


def _form_page(form: InvitationForm, token: str, user: User, status: int = 200) -> Response:
    if user.npn is None and "npn" in form:
        del form.npn
    return page("identity/invitation.html", form=form, token=token, first_name=user.first_name, status=status)


def _local(target: str | None) -> str:
    """`target` if it is a page of ours, else "": a link must not lead a fresh session elsewhere."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return ""
    if not target.isprintable():
        return ""  # browsers pass over blanks and line ends, so that "/<tab>/elsewhere" would lead away
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else ""


def _redirect(address: str) -> Response:
    made = redirect(address, 303)
    assert isinstance(made, Response)
    return made
