"""Users: the FMO's staff, and that there are officers."""

from __future__ import annotations

from uuid import UUID

from flask import Response, abort, url_for

from portal.core import scope
from portal.core.fragments import page
from portal.core.permissions import Permission, allow
from portal.core.scope import STAFF_ROLES, Role
from portal.identity.models import User
from portal.identity.staff import asking, operations, queries
from portal.identity.staff.forms import PersonForm, StaffRoleForm
from portal.identity.staff.views.parts import ask, make, person_or_404
from portal.identity.views.parts import bp


@bp.get("/fmo/users")
@allow(Permission.STAFF)
def staff() -> Response:
    """Everybody of the FMO who signs in, agents aside."""
    found = queries.people(queries.OWN_ROLES)
    return page(
        "identity/staff/people.html",
        staff=[one for one in found if one.role.is_staff],
        officers=[one for one in found if one.role is Role.COMPLIANCE],
        factors=queries.with_second_factor(found),
        me=scope.current().actor_id,
    )


@bp.get("/fmo/users/new")
@allow(Permission.STAFF)
def new_person() -> Response:
    """An empty form."""
    return _form(PersonForm())


@bp.post("/fmo/users/new")
@allow(Permission.STAFF, fresh=True)
def add_person() -> Response:
    """Add and invite them."""
    form = PersonForm()
    form.offer(operations.may_give(scope.current()))
    if not form.validate_on_submit():
        return _form(form, 422)
    names = {"first_name": form.first_name.data, "last_name": form.last_name.data, "email": form.email.data}
    try:
        user = operations.add(role=Role(form.role.data), by=scope.current(), **names)
    except operations.Refused as refused:
        form.email.errors = [str(refused)]
        return _form(form, 422)
    return make(user, lambda: f"{user.name} was added; an invitation goes to {user.email}.", _address(user))


def _form(form: PersonForm, status: int = 200) -> Response:
    form.offer(operations.may_give(scope.current()))
    return page("identity/staff/new.html", status=status, form=form, back=url_for("identity.staff"), officer=False)


@bp.get("/fmo/users/<uuid:user_id>")
@allow(Permission.STAFF)
def person(user_id: UUID) -> Response:
    """One of the staff, with what the reader may decide."""
    return _page(person_or_404(user_id, STAFF_ROLES))


def _page(user: User, form: StaffRoleForm | None = None, status: int = 200) -> Response:
    at_work = scope.current()
    form = form or StaffRoleForm(data={"role": user.role.value})
    form.offer(operations.may_give(at_work))
    return page(
        "identity/staff/person.html",
        status=status,
        user=user,
        form=form,
        why_not=operations.why_not(user, at_work),
        has_factor=user.id in queries.with_second_factor([user]),
        back=url_for("identity.staff"),
        change="identity.change_person",
        asks="identity.ask_person",
        keeps_the_password=asking.keeps_the_password(user),
    )


@bp.post("/fmo/users/<uuid:user_id>/role")
@allow(Permission.STAFF, fresh=True)
def change_staff_role(user_id: UUID) -> Response:
    """Give them another preset."""
    user = person_or_404(user_id, STAFF_ROLES, to_change=True)
    form = StaffRoleForm()
    form.offer(STAFF_ROLES)
    if not form.validate_on_submit():
        return _page(user, form, 422)
    role = Role(form.role.data)

    def change() -> str:
        changed = operations.change_role(user, role, by=scope.current())
        done = f"{user.name} is now {role.label} and was signed out everywhere."
        return done if changed else f"{user.name} is {role.label} already; nothing was changed."

    return make(user, change, _address(user))


@bp.get("/fmo/users/<uuid:user_id>/<change>")
@allow(Permission.STAFF)
def ask_person(user_id: UUID, change: str) -> Response:
    """Whether to make the change, and what follows from it."""
    user = person_or_404(user_id, STAFF_ROLES)
    here = url_for("identity.change_person", user_id=user_id, change=change)
    return ask(user, change, here=here, back=_address(user))


@bp.post("/fmo/users/<uuid:user_id>/<change>")
@allow(Permission.STAFF, fresh=True)
def change_person(user_id: UUID, change: str) -> Response:
    """Lock, let in, deactivate, reactivate, invite again, or have a password or factor set anew."""
    if change not in operations.CHANGES:
        abort(404)
    user = person_or_404(user_id, STAFF_ROLES, to_change=change != "factor")
    return make(user, lambda: operations.CHANGES[change](user, by=scope.current()), _address(user))


def _address(user: User) -> str:
    return url_for("identity.person", user_id=user.id)
