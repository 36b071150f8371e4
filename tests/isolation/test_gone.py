"""What leaves an account is gone on the next request from every page, fragment, search and export."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import Policy
from portal.core.permissions import GRANTED, access_of
from portal.core.scope import Role
from portal.identity.models import User
from portal.sync import operations
from tests.isolation.ground import Ground, Holding, lay
from tests.support.addresses import ways
from tests.support.people import acting
from tests.support.web import Browser, body_of
from tests.support.world import Person, World

Client = Callable[[User | None], Browser]
TOLD = {"/crm/left"}  # by name, where the FMO allows it


@pytest.fixture
def laid(store: Session, world: World) -> Ground:
    """A ground of this test's own, to be changed."""
    return lay(store, world)


def _marks(person: Person) -> list[str]:
    """What the carriers tell of the person's client, and the ids under which the account had it."""
    name = person.user.first_name.lower()
    told = [f"Qfirst{name}", f"Qlast{name}", f"Qmail{name}", f"QP{name.upper()}", f"Qplan{name}"]
    return [*told, str(person.crm_policy.id), str(person.contact.id)]


def _all(app: Flask, client: Browser, user: User, own: Holding) -> dict[str, str]:
    """Every answer that the user gets: its address → what it shows."""
    shown = {}
    for way in ways(app):
        access = None if way.endpoint == "static" else access_of(app.view_functions[way.endpoint])
        if way.method != "GET" or access is None or access.permission not in GRANTED[user.role] or way.rule in TOLD:
            continue
        for htmx in (False, True):
            path = way.path(app, own)
            shown[f"{path} {htmx}"] = body_of(client.get(path, htmx=htmx))
    for typed in ("Qlast", "QPAMY", "QPLEE"):
        for kind in ("contacts", "policies"):
            listed = client.post(f"/crm/{kind}/search", data={"q": typed}).headers["Location"]
            shown[f"{kind} {typed}"] = client.get(listed).get_data(as_text=True)
        shown[f"search {typed}"] = client.post("/search", data={"q": typed}, htmx=True).get_data(as_text=True)
    export = client.post("/crm/export")
    if export.status_code == 200:
        with zipfile.ZipFile(io.BytesIO(export.get_data())) as folder:
            shown["export"] = " ".join(folder.read(name).decode() for name in folder.namelist())
    return shown


def _found(shown: dict[str, str], marks: list[str]) -> dict[str, list[str]]:
    told = {at: [mark for mark in marks if mark in body and mark not in at] for at, body in shown.items()}
    return {at: found for at, found in told.items() if found}


@pytest.mark.parametrize("name", ["amy", "lee"])
def test_what_was_released(app: Flask, store: Session, laid: Ground, client_for: Client, name: str) -> None:
    person = laid.world.amy.people[0] if name == "amy" else laid.world.lee
    client, own = client_for(person.user), laid.holders[name]
    assert len(_found(_all(app, client, person.user, own), _marks(person))) > 5
    policy = store.get_one(Policy, (person.policy.fmo_id, person.policy.id))
    policy.writing_npn = "1003003"
    store.commit()
    with acting(app, Role.FMO_ADMIN, policy.fmo_id):
        operations.release_policies([policy.id])
    assert _found(_all(app, client, person.user, own), _marks(person)) == {}


def test_who_was_moved_sees_nothing_of_the_old_account(
    app: Flask, store: Session, laid: Ground, client_for: Client
) -> None:
    world, lee = laid.world, laid.world.lee
    before = client_for(lee.user)
    assert before.get("/crm/contacts").status_code == 200
    sent = {"origin": str(world.harbor.business.id), "chosen": str(world.nora.business.id), "role": "agent_all"}
    sent |= {"reason": "They work together now", "confirm_outside": "y"}
    moved = client_for(world.summit.admin).post(f"/fmo/move-agent/agent/{lee.producer.id}", data=sent)
    assert moved.status_code == 303 and before.get("/crm/contacts").headers["Location"].startswith("/login")
    store.expire_all()
    user = store.scalars(select(User).where(User.id == lee.user.id)).one()
    old = [mark for mark in world.harbor.marks if mark.startswith("Q") and "agent" not in mark]
    shown = _all(app, client_for(user), user, laid.holders["lee"])
    assert _found(shown, old) == {} and _found(shown, [world.nora.people[0].member.last_name])
    stayed = _all(app, client_for(world.ali), world.ali, laid.holders["pat"])
    assert _found(stayed, _marks(lee)) == {}


def test_who_is_suspended_gets_no_page(app: Flask, laid: Ground, client_for: Client) -> None:
    world = laid.world
    client = client_for(world.ali)
    assert client.get("/crm/contacts").status_code == 200
    assert client_for(world.pat.user).post(f"/crm/users/{world.ali.id}/suspension").status_code == 303
    for way in ways(app):
        access = None if way.endpoint == "static" else access_of(app.view_functions[way.endpoint])
        if way.method != "GET" or access is None or access.permission is None:
            continue
        path = way.path(app, laid.holders["pat"])
        assert client.get(path).headers["Location"].startswith("/login"), path
        assert client.get(path, htmx=True).status_code == 401, path
