"""The passkeys of the person who is signed in: add, rename and remove."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, flash, url_for
from flask_limiter.util import get_remote_address

from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.extensions import limiter
from portal.identity.factors import demands, kinds, sections
from portal.identity.factors.sections import Section
from portal.identity.factors.views import enrolling
from portal.identity.models import User
from portal.identity.passkeys import operations
from portal.identity.passkeys.forms import NewPasskeyForm, PasskeyNameForm
from portal.identity.passkeys.models import Passkey
from portal.identity.passkeys.party import NoParty
from portal.identity.passkeys.queries import passkeys_of
from portal.identity.passkeys.views.questions import answer, asked
from portal.identity.views.parts import bp, me, origin, stored

LAST = "This is your only second factor and one is needed here. Add another one first, then remove this one."


@bp.get("/account/passkeys/new")
@allow(Permission.ANY_SIGNED_IN, fresh=True)
def new_passkey() -> Response:
    """The form that asks the person's device for a new passkey."""
    return page("identity/passkeys/new.html", passkey_form=NewPasskeyForm(formdata=None))


@bp.post("/account/passkeys/question")
@allow(Permission.ANY_SIGNED_IN, fresh=True)
@limiter.limit("60 per minute", key_func=get_remote_address)
def ask_for_passkey() -> Response:
    """What the device is to make."""
    user, session_id = me(), stored().row_id
    assert session_id is not None, "whoever is signed in has a session"
    return asked(lambda: operations.ask_for_new(user, session_id))


@bp.post("/account/passkeys")
@allow(Permission.ANY_SIGNED_IN, fresh=True)
def add_passkey() -> Response:
    """Keep what the device made; every other session ends."""
    form = NewPasskeyForm()
    try:
        operations.add(me(), stored().row_id, origin(), answer=answer(), name=form.chosen)
    except (NoParty, operations.Refused) as why:
        flash(str(why), "error")
        return go(url_for("identity.new_passkey"))
    flash(f"The passkey “{form.chosen}” is added. You were signed out everywhere else.")
    return enrolling.enrolled(me())


@bp.get("/account/passkeys/<uuid:key_id>")
@allow(Permission.ANY_SIGNED_IN)
def passkey(key_id: UUID) -> Response:
    """A passkey's name, to change it."""
    key = _mine(key_id)
    return page("identity/passkeys/rename.html", key=key, form=PasskeyNameForm(formdata=None, name=key.name))


@bp.post("/account/passkeys/<uuid:key_id>")
@allow(Permission.ANY_SIGNED_IN)
def rename_passkey(key_id: UUID) -> Response:
    """Keep another name."""
    key, form = _mine(key_id), PasskeyNameForm()
    if not form.validate_on_submit():
        return page("identity/passkeys/rename.html", status=422, key=key, form=form)
    operations.rename(me(), key_id, form.name.data, origin())
    flash(f"The passkey is called “{form.name.data}” now.")
    return go(url_for("identity.security"))


@bp.get("/account/passkeys/<uuid:key_id>/remove")
@allow(Permission.ANY_SIGNED_IN, fresh=True)
def removing_passkey(key_id: UUID) -> Response:
    """What removing it means, before the click."""
    key, user = _mine(key_id), me()
    with kinds.reading(user) as work:
        last = operations.is_last(work, user)
    return page("identity/passkeys/remove.html", key=key, last=LAST if last else None)


@bp.post("/account/passkeys/<uuid:key_id>/remove")
@allow(Permission.ANY_SIGNED_IN, fresh=True)
def remove_passkey(key_id: UUID) -> Response:
    """Remove it, unless it is the last factor of somebody who needs one; every other session ends."""
    _mine(key_id)
    try:
        name = operations.remove(me(), key_id, origin(), but=stored().row_id)
    except operations.LastFactor:
        flash(LAST, "error")
        return go(url_for("identity.security"))
    stored().prove()
    flash(f"The passkey “{name}” is removed. You were signed out everywhere else.")
    return go(url_for("identity.security"))


def _mine(key_id: UUID) -> Passkey:
    try:
        return operations.find(me(), key_id)
    except operations.NoSuchPasskey:
        not_yours()


def _section(user: User) -> Mapping[str, Any]:
    with kinds.reading(user) as work:
        needed, held = demands.demanded_of(work, user), sum(kinds.held_by(work, user).values())
    return {"passkeys": passkeys_of(user), "only_factor": needed and held == 1}


sections.declare(Section("passkeys", 20, "identity/passkeys/_section.html", _section))
