"""What both pages share: making a change, or saying why it is not made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from flask import Response, abort, current_app, flash

from portal.core import access, scope
from portal.core.fragments import go, page
from portal.core.scope import Role
from portal.core.transaction import not_yours
from portal.extensions import db
from portal.identity.models import User
from portal.identity.staff import asking, events, operations, queries


def person_or_404(user_id: UUID, roles: Sequence[Role], *, to_change: bool = False) -> User:
    """The person with one of these roles; everybody else gives the same logged 404 as nobody."""
    found = queries.find(user_id, roles, to_change=to_change)
    if found is None:
        not_yours()
    return found


def ask(user: User, change: str, *, here: str, back: str) -> Response:
    """The page that asks whether to make a change; what takes nothing from anybody is not asked about."""
    if change not in operations.CHANGES:
        abort(404)
    if change not in asking.ASKED:
        return go(back)
    has_factor = user.id in queries.with_second_factor([user])
    question = asking.question(user, change, has_factor=has_factor, by=scope.current())
    return page("identity/staff/confirm.html", user=user, question=question, here=here, back=back)


def make(user: User, change: Callable[[], str | None], back: str) -> Response:
    """Make the change and say what was done; a refused one is said and logged, and nothing of it stays."""
    try:
        said = change()
    except operations.Refused as refused:
        refuse(user.id, str(refused))
        return go(back)
    if said:
        flash(said)
    return go(back)


def refuse(user_id: UUID | None, sentence: str) -> None:
    """Roll everything back, log the attempt, and say why nothing was done."""
    access.pending().clear()
    db.session.rollback()
    current_app.extensions["write_refusal"](scope.current(), events.REFUSED, asked_for=user_id, reason=sentence)
    flash(sentence, "error")
