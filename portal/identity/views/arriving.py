"""The one way into a session, whatever proved who somebody is: password, single sign-on, invitation or reset.

It stops between the factors: who holds a second one, or must, gets a half-way session, which is a stranger's for every
page but the challenge. Only the second factor leads through.
"""

from __future__ import annotations

from dataclasses import replace

from flask import Response, url_for

from portal.core.fragments import go
from portal.core.ids import new_id
from portal.identity import operations
from portal.identity.factors import demands, kinds
from portal.identity.models import User
from portal.identity.views.parts import home_of, local_page, origin, stored


def arrive(user: User, *, target: str = "", strong: bool = False) -> Response:
    """`user` proved one factor: ask for the second, have one set up, or, where none is needed, begin the session.

    `target` (a page of ours) or the person's home is where it ends. `strong`: both factors were seen, by an
    identity provider that the FMO trusts with that, or in a passkey whose device knew its owner.
    """
    with kinds.reading(user) as work:
        held = bool(kinds.held_by(work, user))
        demanded = demands.demanded_of(work, user)
    if strong or (not held and not demanded):
        return go(_enter(user, target, user.session_generation))
    begins = new_id()
    operations.log_half_way(user, replace(origin(), session_id=begins), wanted="proof" if held else "enrolment")
    generation = user.session_generation
    stored().begin_half_way(user.id, user.fmo_id, generation=generation, target=target, row_id=begins)
    return go(url_for("identity.second" if held else "identity.enrol"))


def go_through() -> Response:
    """The person of the half-way session has proved the second factor: begin the session and lead on."""
    return go(through())


def through() -> str:
    """The same, but give the address that it leads to, for who shows something first."""
    session = stored()
    assert session.pending_user is not None, "only a half-way session leads through"
    return _enter(session.pending_user, local_page(session.get("target")), session.generation)


def _enter(user: User, target: str, generation: int | None) -> str:
    begins = new_id()
    operations.log_sign_in(user, replace(origin(), session_id=begins))
    stored().begin_for(user.id, user.fmo_id, generation=generation, row_id=begins)
    return target or home_of(user.role)
