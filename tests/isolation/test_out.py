"""Whoever may no longer be in, or is not yet: every address answers them as a stranger, though their cookie lives."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.compliance.models import AccessEntry
from portal.core import clock
from portal.core.permissions import access_of
from portal.core.scope import Role
from portal.identity.models import LoginSession, User
from tests.isolation.ground import Ground
from tests.isolation.test_routes import FILLED
from tests.support import builders as make
from tests.support.addresses import ways
from tests.support.web import Browser, body_of

pytestmark = pytest.mark.shared_data
# Why somebody is out: what their row says, and what the row of their session says.
OUT: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "deactivated administrator": ({"state": "deactivated"}, {}),
    "deactivated agent": ({"state": "deactivated"}, {}),
    "suspended agent": ({"suspended_at": text("now()")}, {}),
    "agent who left": ({"leaves_on": clock.today() - timedelta(days=3)}, {}),
    "invited officer": ({"state": "invited"}, {}),
    "session from before a change": ({}, {"generation": -1}),
    "session past its hours": ({}, {"expires_at": clock.now() - timedelta(seconds=1)}),
    "half-way": ({}, {"user_id": None}),
    "signed out": ({}, {"token_hash": "of another token"}),
}
Enter = Callable[[], Browser]


@pytest.fixture
def enter(app: Flask, setup_engine: Engine, ground: Ground, request: pytest.FixtureRequest) -> Enter:
    """A browser of that person with a fresh row of a session, as often as it is asked for: a request may end it."""
    name: str = request.param
    person, row = OUT[name]
    world = ground.world
    with Session(setup_engine, expire_on_commit=False) as store:
        agent = "agent" in name
        role = Role.AGENT_ALL if agent else Role.COMPLIANCE if "officer" in name else Role.FMO_ADMIN
        user = make.user(store, world.summit.fmo, role, world.amy.business if agent else None)
        for column, value in person.items():
            setattr(user, column, value)
        store.commit()
        store.refresh(user)

    def one() -> Browser:
        token, raw = secrets.token_urlsafe(32), secrets.token_hex(20)
        values = _row(user, token, raw) | row
        if name == "half-way":
            values |= {"pending_user_id": user.id, "proved_at": None}
        if name == "signed out":
            values["token_hash"] = secrets.token_hex(32)
        with Session(setup_engine) as store:
            store.add(LoginSession(**values))
            store.commit()
        client = app.test_client()
        assert isinstance(client, Browser)
        client.set_cookie(app.config["SESSION_COOKIE_NAME"], token)
        client.csrf_token = URLSafeTimedSerializer(app.secret_key or "", salt="wtf-csrf-token").dumps(raw)
        return client

    one.user_id = user.id  # type: ignore[attr-defined]  # for the look into the log
    return one


def _row(user: User, token: str, raw: str) -> dict[str, object]:
    return {
        "token_hash": hashlib.sha256(token.encode()).hexdigest(),
        "user_id": user.id,
        "fmo_id": user.fmo_id,
        "generation": user.session_generation,
        "proved_at": clock.now(),
        "data": {"csrf_token": raw},
        "expires_at": clock.now() + timedelta(hours=12),
    }


@pytest.mark.parametrize("enter", OUT, indirect=True)
def test_is_a_stranger_everywhere(app: Flask, setup_engine: Engine, ground: Ground, enter: Enter) -> None:
    marks, asked = ground.actor("stranger").forbidden, 0
    for way in ways(app):
        access = access_of(app.view_functions[way.endpoint])
        assert access is not None
        path, data = way.path(app, ground.holders["amy"]), FILLED if way.method == "POST" else None
        htmx = way.method == "GET" and asked % 2 == 0
        answer = enter().open(path, method=way.method, data=data, htmx=htmx)
        assert [mark for mark in marks if mark in body_of(answer)] == [], str(way)
        if access.permission is None:
            continue
        asked += 1
        # A form is refused before anybody is asked who they are: the session in which it was made is over.
        expected = {(401, ""), (400, "")} if htmx or way.method == "POST" else set()
        place = answer.headers.get("Location", "").partition("?")[0]
        assert (answer.status_code, place) in {(303, "/login"), *expected}, f"{way}: {answer.status} {place}"
    assert asked > 200
    mine = AccessEntry.actor_id == enter.user_id  # type: ignore[attr-defined]  # see above
    with setup_engine.connect() as connection:
        done = set(connection.execute(select(AccessEntry.action).where(mine)).scalars())
    # Between the factors somebody may try the second one in vain, and leave.
    assert {action for action in done if not action.startswith(("factor.", "session.", "passkey."))} == set(), done
