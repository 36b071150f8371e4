"""Compliance officers: looked after by one another, never by the staff whom they watch."""

from __future__ import annotations

from uuid import UUID

from flask import Response, abort, url_for

from portal.core import scope
from portal.core.fragments import page
from portal.core.permissions import Permission, allow
from portal.core.scope import Role
from portal.identity.staff import notices, operations, queries
from portal.identity.staff.forms import PersonForm
from portal.identity.staff.views.parts import ask, make, person_or_404
from portal.identity.views.parts import bp

OFFICERS = (Role.COMPLIANCE,)


@bp.get("/compliance/officers")
@allow(Permission.OFFICERS)
def officers() -> Response:
    """The officers of the FMO, and what happened to them lately."""
    found = queries.people(OFFICERS)
    return page(
        "identity/staff/officers.html",
        officers=found,
        factors=queries.with_second_factor(found),
        news=queries.news(),
        says=notices.SAYS,
        me=scope.current().actor_id,
    )


@bp.get("/compliance/officers/new")
@allow(Permission.OFFICERS)
def new_officer() -> Response:
    """An empty form."""
    return _form(PersonForm())


@bp.post("/compliance/officers/new")
@allow(Permission.OFFICERS, fresh=True)
def add_officer() -> Response:
    """Add and invite them; every officer is told."""
    form = PersonForm()
    del form.role
    if not form.validate_on_submit():
        return _form(form, 422)
    names = {"first_name": form.first_name.data, "last_name": form.last_name.data, "email": form.email.data}
    try:
        user = operations.add(role=Role.COMPLIANCE, by=scope.current(), **names)
    except operations.Refused as refused:
        form.email.errors = [str(refused)]
        return _form(form, 422)
    said = f"{user.name} was added; an invitation goes to {user.email}. Every officer is told."
    return make(user, lambda: said, url_for("identity.officers"))


def _form(form: PersonForm, status: int = 200) -> Response:
    if "role" in form:
        del form.role
    return page("identity/staff/new.html", status=status, form=form, back=url_for("identity.officers"), officer=True)


@bp.get("/compliance/officers/<uuid:officer_id>")
@allow(Permission.OFFICERS)
def officer(officer_id: UUID) -> Response:
    """One officer, with what another one may decide."""
    user = person_or_404(officer_id, OFFICERS)
    return page(
        "identity/staff/person.html",
        user=user,
        form=None,
        why_not=operations.why_not(user, scope.current()),
        has_factor=user.id in queries.with_second_factor([user]),
        back=url_for("identity.officers"),
        change="identity.change_officer",
        asks="identity.ask_officer",
        keeps_the_password=False,
    )


@bp.get("/compliance/officers/<uuid:officer_id>/<change>")
@allow(Permission.OFFICERS)
def ask_officer(officer_id: UUID, change: str) -> Response:
    """Whether to make the change, and what follows from it."""
    user = person_or_404(officer_id, OFFICERS)
    here = url_for("identity.change_officer", officer_id=officer_id, change=change)
    return ask(user, change, here=here, back=url_for("identity.officer", officer_id=officer_id))


@bp.post("/compliance/officers/<uuid:officer_id>/<change>")
@allow(Permission.OFFICERS, fresh=True)
def change_officer(officer_id: UUID, change: str) -> Response:
    """Lock, let in, disable, enable, invite again, or have a password or factor set anew; every officer is told."""
    if change not in operations.CHANGES:
        abort(404)
    user = person_or_404(officer_id, OFFICERS, to_change=change != "factor")
    back = url_for("identity.officer", officer_id=officer_id)
    return make(user, lambda: operations.CHANGES[change](user, by=scope.current()), back)
