"""The principal suspends a producer's view and can widen none; who is suspended is told, and sees nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from portal.businesses import operations, queries
from portal.businesses.models import BusinessNpn
from portal.compliance.models import AccessEntry
from portal.core import clock, row_filter, scope
from portal.core.models import table_of
from portal.core.outbox import Outbox
from portal.core.scope import Role, Scope
from portal.crm.models import CrmPolicy
from portal.extensions import db
from portal.identity.models import User
from portal.identity.standing import SUSPENDED, TOLD
from tests.support import builders as make
from tests.support.people import scope_of_user
from tests.support.world import World

Acting = Callable[..., AbstractContextManager[Scope]]
ClientFor = Callable[[User | None], FlaskClient]
PASSWORD = "quiet lantern over the bay"
SAID = TOLD[SUSPENDED].split(".")[0]


def _suspend(client: FlaskClient, user: User) -> int:
    return client.post(f"/crm/users/{user.id}/suspension").status_code


def test_the_principal_sees_who_is_in_the_account(world: World, client_for: ClientFor) -> None:
    page = client_for(world.pat.user).get("/crm/users").text
    for word in ("Lee Qagentlee", "Agent – Limited Contacts Access", "2002002", "Active", "(you)", "Suspend"):
        assert word in page
    assert "Qagentamy" not in page and f"/crm/users/{world.pat.user.id}/suspension" not in page


def test_nobody_else_has_the_page(world: World, client_for: ClientFor, store: Session) -> None:
    for user in (world.lee.user, world.ali, world.summit.admin, world.summit.compliance):
        client = client_for(user)
        assert client.get("/crm/users").status_code == 404
        assert _suspend(client, world.ali) == 404
    refused = store.scalars(select(AccessEntry).where(AccessEntry.action == "refused.page")).all()
    assert len(refused) == 8 and {entry.reason for entry in refused} == {"no crm.users"}
    assert store.get_one(User, (world.ali.fmo_id, world.ali.id)).suspended_at is None


def test_a_suspended_user_is_told_and_sees_nothing_until_it_is_lifted(
    world: World, app: Flask, client_for: ClientFor, store: Session
) -> None:
    principal, lee = client_for(world.pat.user), client_for(world.lee.user)
    make.password(store, world.lee.user, PASSWORD)
    assert "Qlastlee" in lee.get("/crm/contacts").text
    before = _policies(store)
    confirm = principal.get(f"/crm/users/{world.lee.user.id}/suspension").text
    assert "sees nothing of this account" in confirm and "No policy and no contact moves" in confirm
    assert _suspend(principal, world.lee.user) == 303

    answer = lee.get("/crm/contacts")
    assert answer.status_code == 303 and "Qlast" not in answer.text
    assert SAID in lee.get(answer.location).text
    assert client_for(world.lee.user).get("/crm/contacts", headers={"HX-Request": "true"}).status_code == 401
    stranger = client_for(None)
    signed_in = stranger.post("/login", data={"email": world.lee.user.email, "password": PASSWORD})
    assert signed_in.status_code == 422 and SAID in signed_in.text
    assert stranger.get("/crm/contacts").status_code == 303
    # Whoever does not know the password learns nothing.
    assert SAID not in stranger.post("/login", data={"email": world.lee.user.email, "password": "wrong"}).text

    record = client_for(world.summit.admin).get(f"/fmo/businesses/{world.harbor.business.id}").text
    assert "Suspended" in record and "by an Administrator of the account" in record
    assert _policies(store) == before
    assert principal.post(f"/crm/users/{world.lee.user.id}/suspension/lift").status_code == 303
    assert stranger.post("/login", data={"email": world.lee.user.email, "password": PASSWORD}).status_code == 303
    actions = store.scalars(select(AccessEntry.action).where(AccessEntry.action.like("business.%sus%"))).all()
    assert sorted(actions) == ["business.lift_suspension", "business.suspend_user"]


def _policies(store: Session) -> list[object]:
    """What a suspension must not move."""
    store.expire_all()
    return [*store.scalars(select(BusinessNpn.until)).all(), *store.scalars(select(CrmPolicy.released_at)).all()]


def test_pressing_twice_suspends_once(world: World, client_for: ClientFor, store: Session) -> None:
    principal = client_for(world.pat.user)
    assert [_suspend(principal, world.lee.user) for _ in range(2)] == [303, 303]
    assert len(store.scalars(select(AccessEntry).where(AccessEntry.action == "business.suspend_user")).all()) == 1


def test_nobody_suspends_themselves_or_another_administrator(
    world: World, client_for: ClientFor, store: Session
) -> None:
    principal = client_for(world.pat.user)
    store.get_one(User, (world.ali.fmo_id, world.ali.id)).role = world.pat.user.role
    store.commit()
    for user, said in ((world.pat.user, "cannot suspend yourself"), (world.ali, "Ask your FMO")):
        answer = principal.post(f"/crm/users/{user.id}/suspension")
        assert answer.status_code == 422 and said in answer.text
    store.expire_all()
    assert store.scalars(select(User.id).where(User.suspended_at.is_not(None))).all() == []


def test_the_principal_cannot_lift_what_the_fmo_decided(world: World, client_for: ClientFor, store: Session) -> None:
    admin, principal = client_for(world.summit.admin), client_for(world.pat.user)
    base = f"/fmo/businesses/{world.harbor.business.id}/users/{world.lee.user.id}"
    assert _suspend(principal, world.lee.user) == 303
    assert admin.post(f"{base}/deactivation").status_code == 303
    assert "Lift suspension" not in principal.get("/crm/users").text
    principal.post(f"/crm/users/{world.lee.user.id}/suspension/lift")
    store.expire_all()
    assert store.get_one(User, (world.lee.user.fmo_id, world.lee.user.id)).state == "deactivated"
    assert client_for(world.lee.user).get("/crm/contacts").status_code == 303


def test_the_fmo_lifts_what_an_administrator_left_behind(world: World, client_for: ClientFor) -> None:
    _suspend(client_for(world.pat.user), world.lee.user)
    base = f"/fmo/businesses/{world.harbor.business.id}/users/{world.lee.user.id}"
    assert client_for(world.summit.admin).post(f"{base}/suspension/lift").status_code == 303
    assert client_for(world.lee.user).get("/crm/contacts").status_code == 200


def test_nobody_who_is_suspended_is_invited(world: World, client_for: ClientFor, store: Session) -> None:
    new = make.user(store, world.summit.fmo, Role.AGENT_ALL, world.harbor.business, state="invited", npn="5")
    assert _suspend(client_for(world.pat.user), new) == 303
    admin = client_for(world.summit.admin)
    answer = admin.post(f"/fmo/businesses/{world.harbor.business.id}/users/{new.id}/invitation")
    assert "Lift the suspension first" in admin.get(answer.location).text
    assert store.scalars(select(Outbox.job).where(Outbox.job == "send_invitation")).all() == []


def test_a_neighbours_user_is_none(world: World, client_for: ClientFor) -> None:
    principal = client_for(world.pat.user)
    for foreign in (world.amy.admin, world.lou.admin):
        assert principal.get(f"/crm/users/{foreign.id}/suspension").status_code == 404
        assert _suspend(principal, foreign) == 404
        assert principal.post(f"/crm/users/{foreign.id}/suspension/lift").status_code == 404


def test_the_operation_refuses_whom_the_page_does(world: World, acting_as: Acting) -> None:
    for user in (world.lee.user, world.ali):
        with acting_as(user) as by:
            other = queries.find_user(world.harbor.business.id, world.ali.id)
            assert other is not None
            with pytest.raises(operations.Refused):
                operations.suspend(other, by=by)


# The wall alone: the filter of the program is off, and the statements are written by hand.
WORK: dict[str, dict[str, Any]] = {
    "suspend": {"suspended_at": clock.now(), "suspended_by": "actor"},
    "suspend in another's name": {"suspended_at": clock.now(), "suspended_by": "other"},
    "widen": {"role": "agent_admin"},
    "reactivate": {"state": "active"},
    "leave": {"leaves_on": None},
    "npn": {"npn": "2001001"},
    "email": {"email": "mine@mail.example"},
    "move": {"business_id": "other"},
}


def _changed(app: Flask, actor: User | Scope, target: User, work: str, other: User) -> int | None:
    """How many rows the agents' login changes; None where it may not touch that column or write that row."""
    at_work = actor if isinstance(actor, Scope) else scope_of_user(actor)
    known = {"actor": at_work.actor_id, "other": other.business_id if work == "move" else other.id}
    values = {name: known[value] if value in ("actor", "other") else value for name, value in WORK[work].items()}
    users = table_of(User)
    statement = update(users).where(users.c.id == target.id).values(**values, updated_at=clock.now())
    with app.app_context(), scope.acting(at_work), row_filter.off_for_tests():
        try:
            return len(db.session.execute(statement.returning(users.c.id)).all())
        except ProgrammingError as error:
            assert getattr(error.orig, "sqlstate", "") == "42501"
            return None
        finally:
            db.session.rollback()


def test_the_wall_lets_an_administrator_suspend_others_and_nothing_else(app: Flask, world: World) -> None:
    pat, lee, ali = world.pat.user, world.lee.user, world.ali
    assert _changed(app, pat, lee, "suspend", ali) == 1
    assert _changed(app, pat, pat, "suspend", ali) == 0
    narrowed = replace(scope_of_user(lee), role=Role.AGENT_ADMIN)  # a request that began before the role was taken
    assert _changed(app, narrowed, lee, "suspend", ali) == 0
    assert _changed(app, pat, world.amy.admin, "suspend", ali) == 0
    assert _changed(app, pat, world.lou.admin, "suspend", ali) == 0
    assert _changed(app, lee, ali, "suspend", pat) == 0
    assert _changed(app, ali, lee, "suspend", pat) == 0
    assert _changed(app, pat, lee, "suspend in another's name", ali) is None
    for work in ("widen", "reactivate", "leave", "npn", "email", "move"):
        assert _changed(app, pat, lee, work, world.amy.admin) is None, work


def test_the_wall_lets_no_administrator_suspend_another(app: Flask, world: World, setup_engine: Engine) -> None:
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE portal_user SET role = 'agent_admin' WHERE id = :id"), {"id": world.ali.id})
    assert _changed(app, world.pat.user, world.ali, "suspend", world.lee.user) == 0
