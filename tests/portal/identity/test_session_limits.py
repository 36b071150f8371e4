"""How long a session lasts: what keeps it alive, what does not, and what ends it on the next request."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.scope import Role
from portal.core.session import open_session
from portal.identity import accounts, sessions
from portal.identity.models import Fmo, LoginSession, User
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.views.parts import stored
from tests.architecture.source import ROOT
from tests.support import builders as make
from tests.support.web import Browser, browser

PASSWORD = "quiet lantern over the bay"
MINUTE = timedelta(minutes=1)
Later = Callable[[timedelta], None]


@dataclass
class People:
    """One FMO with an admin and a user of a Business, both with a password."""

    fmo: Fmo
    admin: User
    agent: User


@pytest.fixture
def people(store: Session) -> People:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "8812034"))
    admin, agent = make.user(store, fmo, Role.FMO_ADMIN), make.user(store, fmo, Role.AGENT_ALL, business, npn="8812034")
    for user in (admin, agent):
        make.password(store, user, PASSWORD)
    return People(fmo, admin, agent)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Move the application's clock on."""
    moved = [timedelta()]
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + moved[0])

    def move(by: timedelta) -> None:
        moved[0] += by

    return move


def is_in(client: Browser, user: User, **how: Any) -> bool:
    status = client.get("/crm/contacts" if user.role.is_agent else "/fmo/agents", **how).status_code
    assert status in (200, 303, 401)
    return status == 200


def decide(store: Session, fmo: Fmo, **values: int) -> None:
    fmo.rules = {**fmo.rules, **values}
    store.commit()


@pytest.mark.parametrize("who", ["admin", "agent"])
def test_a_quarter_of_an_hour_idle_and_it_is_over(app: Flask, people: People, later: Later, who: str) -> None:
    user = getattr(people, who)
    client = browser(app, user)
    for _ in range(3):
        later(14 * MINUTE)
        assert is_in(client, user)
    later(15 * MINUTE)
    assert not is_in(client, user)
    later(-15 * MINUTE)
    assert not is_in(client, user)  # it is gone, not asleep


def test_each_fmo_decides_for_each_kind_of_people(app: Flask, store: Session, people: People, later: Later) -> None:
    decide(store, people.fmo, session_idle_officers=5, session_idle_agents=60)
    officer, agent = browser(app, people.admin), browser(app, people.agent)
    later(5 * MINUTE)
    assert not is_in(officer, people.admin)
    later(54 * MINUTE)
    assert is_in(agent, people.agent)
    decide(store, people.fmo, session_idle_agents=10)  # holds for the sessions there are
    later(11 * MINUTE)
    assert not is_in(agent, people.agent)


def test_polls_keep_nobody_signed_in(app: Flask, store: Session, people: People, later: Later) -> None:
    run = make.feed_run(store, people.fmo, make.connector(store, people.fmo), status="running")
    client = browser(app, people.admin)
    for _ in range(3):
        later(4 * MINUTE)
        assert client.get(f"/fmo/feeds/{run.id}/progress", htmx=True).status_code == 200
        assert is_in(client, people.admin, htmx=True, headers={"Portal-Unattended": "1"})
    later(4 * MINUTE)
    assert not is_in(client, people.admin)


def test_clicks_searches_and_forms_by_htmx_do(app: Flask, people: People, later: Later) -> None:
    client = browser(app, people.admin)
    for _ in range(3):
        later(10 * MINUTE)
        assert is_in(client, people.admin, htmx=True)
        later(10 * MINUTE)
        answer = client.post("/search", data={"q": "whitfield"}, htmx=True)
        assert answer.status_code == 200, answer.text


def test_each_part_that_asks_by_itself_asks_a_route_that_is_declared_live(app: Flask) -> None:
    asked: set[str] = set()
    for path in (ROOT / "templates").rglob("*.html"):
        source = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
        through = re.findall(r"\{\{ moving\([^()]*url_for\(\"([\w.]+)\"", source)
        own = re.findall(r"hx-get=\"\{\{ url_for\('([\w.]+)'[^>]*hx-trigger=\"every", source)
        assert len(through) == source.count("{{ moving(")
        assert len(own) + source.count('hx-get="{{ poll_href }}" hx-trigger="every') == len(
            re.findall(r'hx-trigger="[^"]*every', source)
        )
        asked |= {*through, *own}
    assert {"book.feed_progress", "book.source_progress", "sync.progress"} <= asked
    assert [name for name in asked if not getattr(app.view_functions[name], "__live__", False)] == []


def test_whoever_works_on_and_on_signs_in_again_at_last(
    app: Flask, store: Session, people: People, later: Later
) -> None:
    decide(store, people.fmo, session_hours=3)
    client = browser(app, None)
    assert client.post("/login", data={"email": people.admin.email, "password": PASSWORD}).status_code == 303
    for _ in range(17):
        later(10 * MINUTE)
        assert is_in(client, people.admin)
    later(10 * MINUTE)
    assert not is_in(client, people.admin)


def test_being_there_is_taken_down_once_a_minute_at_most(
    app: Flask, people: People, later: Later, setup_engine: Engine
) -> None:
    client = browser(app, people.admin)
    seen = []
    for _ in range(5):
        later(timedelta(seconds=25))
        assert is_in(client, people.admin)
        with setup_engine.connect() as connection:
            seen.append(connection.scalar(select(LoginSession.last_seen_at)))
    assert seen[0] == seen[1] != seen[2] == seen[3] == seen[4]  # after 75 seconds, and not again within a minute


Change = Callable[[Session, People], None]


def _by(**values: Any) -> Change:
    def change(store: Session, people: People) -> None:
        for name, value in values.items():
            setattr(people.agent, name, value)
        store.commit()

    return change


@pytest.mark.parametrize(
    "change",
    [
        _by(role=Role.AGENT_LIMITED),
        _by(npn="8812035"),
        _by(state="deactivated"),
        lambda store, people: accounts.deactivate(people.agent.email),
        lambda store, people: accounts.reset_password(people.agent.email, PASSWORD + " too"),
        lambda store, people: sessions.end_all_of(people.agent.id),
    ],
    ids=["role", "npn", "state", "operator deactivates", "operator resets", "told to"],
)
def test_every_change_of_what_somebody_may_do_ends_their_sessions(
    app: Flask, store: Session, people: People, change: Change
) -> None:
    clients = [browser(app, people.agent), browser(app, people.agent)]
    other = browser(app, people.admin)
    assert all(is_in(client, people.agent) for client in clients)
    with app.app_context():
        change(store, people)
    store.execute(update(User).where(User.id == people.agent.id).values(state="active"))
    store.commit()
    assert not any(is_in(client, people.agent) for client in clients)
    assert is_in(other, people.admin)
    assert is_in(browser(app, people.agent), people.agent)


def test_moving_to_another_business_ends_them_too(app: Flask, store: Session, people: People) -> None:
    client = browser(app, people.agent)
    other = make.business(store, make.agent(store, people.fmo, "8812077"))
    people.agent.business_id = other.id
    store.commit()
    assert not is_in(client, people.agent)


def test_a_change_of_ones_name_ends_nothing(app: Flask, store: Session, people: People) -> None:
    client = browser(app, people.agent)
    people.agent.last_name = "Whitfield-Rowe"
    people.agent.session_generation = 0
    store.commit()
    assert is_in(client, people.agent)


def test_one_session_may_be_left(app: Flask, store: Session, people: People) -> None:
    kept, ended = browser(app, people.agent), browser(app, people.agent)
    mine = _row_of(store, kept)
    with app.app_context():
        assert sessions.end_all_of(people.agent.id, but=mine) == 1
    assert is_in(kept, people.agent) and not is_in(ended, people.agent)
    with app.app_context(), open_session(IDENTITY_SCOPE) as work:
        assert sessions.end_all_of(people.agent.id, mine, work=work) == 0
    assert is_in(kept, people.agent)


def _row_of(store: Session, client: Browser) -> UUID:
    import hashlib

    cookie = client.get_cookie("portal_session")
    assert cookie is not None
    hashed = hashlib.sha256(cookie.value.encode()).hexdigest()
    return store.scalars(select(LoginSession.id).where(LoginSession.token_hash == hashed)).one()


def test_a_sign_in_under_way_does_not_outlive_a_new_password(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old password was right, and between that and the session the operator sets another one."""

    def reset_first() -> Any:
        accounts.reset_password(people.admin.email, PASSWORD + " too")
        return stored()

    client = browser(app, None)
    client.get("/login")
    monkeypatch.setattr("portal.identity.views.arriving.stored", reset_first)
    assert client.post("/login", data={"email": people.admin.email, "password": PASSWORD}).status_code == 303
    monkeypatch.undo()
    assert not is_in(client, people.admin)


def test_the_generation_only_ever_grows(setup_engine: Engine, store: Session, people: People) -> None:
    people.agent.role = Role.AGENT_LIMITED
    store.commit()
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE portal_user SET session_generation = 0"))
        assert set(connection.execute(text("SELECT session_generation FROM portal_user")).scalars()) == {0, 1}


def test_what_is_over_is_purged(app: Flask, store: Session, people: People, later: Later) -> None:
    browser(app, people.admin)
    browser(app, None).get("/login")
    with app.app_context():
        later(59 * MINUTE)
        assert sessions.purge() == 0
        later(2 * MINUTE)
        assert sessions.purge() == 2
    assert store.scalars(select(LoginSession)).all() == []
