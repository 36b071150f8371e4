"""Whoever may not be in is out on the next request, is told why, and holds no link that wakes up later."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.businesses import operations as businesses
from portal.businesses import queries as accounts
from portal.core import clock
from portal.core.scope import Role
from portal.identity import accounts as accounts_of_operator
from portal.identity import operations
from portal.identity.models import User
from portal.identity.standing import LEFT, LOCKED, SUSPENDED, TOLD, kept_out
from tests.portal.identity.test_invitation import link_to
from tests.support import builders as make
from tests.support.people import acting
from tests.support.web import browser

PASSWORD = "quiet lantern over the bay"


@pytest.fixture
def agent(store: Session) -> User:
    """An active user of a Business, with a password."""
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "8812034"))
    user = make.user(store, fmo, Role.AGENT_ALL, business, npn="8812034")
    make.password(store, user, PASSWORD)
    return user


def test_why_somebody_is_kept_out() -> None:
    today, now = clock.today(), clock.now()
    day = timedelta(days=1)
    for user, why in (
        (User(state="active"), None),
        (User(state="active", leaves_on=today), None),  # the last day counts
        (User(state="active", leaves_on=today - day), LEFT),
        (User(state="active", suspended_at=now, leaves_on=today + day, role=Role.AGENT_ALL), SUSPENDED),
        (User(state="active", suspended_at=now, role=Role.FMO_STEWARD), LOCKED),
        (User(state="deactivated", suspended_at=now), "deactivated"),
        (User(state="invited"), "invited"),
    ):
        assert kept_out(user) == why


@pytest.mark.parametrize("why", [SUSPENDED, LEFT])
def test_they_are_out_on_the_next_request_and_told(app: Flask, agent: User, store: Session, why: str) -> None:
    client = browser(app, agent)
    assert client.get("/crm/contacts").status_code == 200
    if why == SUSPENDED:
        agent.suspended_at = clock.now()
    else:
        agent.leaves_on = clock.today() - timedelta(days=1)
    store.commit()
    answer = client.get("/crm/contacts")
    assert (answer.status_code, answer.location) == (303, f"/login?because={why}")
    assert TOLD[why] in client.get(answer.location).text
    part = browser(app, agent).get("/crm/contacts", htmx=True)
    assert (part.status_code, part.headers["HX-Redirect"]) == (401, f"/login?because={why}")
    assert TOLD[why] in browser(app, agent).get("/login").text
    # The session is gone, not asleep.
    agent.suspended_at = agent.leaves_on = None
    store.commit()
    assert client.get("/crm/contacts").status_code == 303


def test_the_password_is_proved_before_anything_is_told(
    app: Flask, agent: User, store: Session, setup_engine: Engine
) -> None:
    agent.suspended_at = clock.now()
    store.commit()
    for password, told in (("wrong", False), (PASSWORD, True)):
        answer = browser(app, None).post("/login", data={"email": agent.email, "password": password})
        assert answer.status_code == 422 and (TOLD[SUSPENDED] in answer.text) == told
    with setup_engine.connect() as connection:
        query = text("SELECT detail->>'why' FROM access_entry WHERE action = 'session.refused' ORDER BY at")
        assert connection.execute(query).scalars().all() == ["wrong password", "suspended"]
    for _ in range(5):
        browser(app, None).post("/login", data={"email": agent.email, "password": "wrong"})
    locked = browser(app, None).post("/login", data={"email": agent.email, "password": PASSWORD})
    assert TOLD[SUSPENDED] not in locked.text


def test_nothing_of_the_address_is_repeated(app: Flask, agent: User) -> None:
    assert "wicked" not in browser(app, None).get("/login?because=wicked").text


def test_a_link_that_was_out_when_they_were_deactivated_stays_dead(app: Flask, agent: User, store: Session) -> None:
    agent.state = "invited"
    store.commit()
    link, waiting = link_to(app, agent), None
    with acting(app, Role.FMO_ADMIN, agent.fmo_id) as by:
        waiting = operations.invite(agent.id)  # ordered, and not mailed yet
        user = accounts.find_user(agent.business_id, agent.id) if agent.business_id else None
        assert user is not None
        assert businesses.deactivate(user, by=by) == 2
        businesses.reactivate(user, by=by)
        assert user.state == "invited"
    assert browser(app, None).get(link).status_code == 404
    from portal.identity.mail import send_invitation
    from tasks.jobs import system_scope

    with acting(app, system_scope(str(agent.fmo_id))):
        send_invitation(waiting)
    assert browser(app, None).get(link_to(app, agent)).status_code == 200  # only a new one opens
    with acting(app, Role.FMO_ADMIN, agent.fmo_id):
        assert operations.void_invitations(agent.id) == 1


def test_the_operator_ends_the_links_too(app: Flask, agent: User, store: Session) -> None:
    agent.state = "invited"
    store.commit()
    link = link_to(app, agent)
    with app.app_context():
        accounts_of_operator.deactivate(agent.email)
    store.refresh(agent)
    agent.state = "invited"
    store.commit()
    assert browser(app, None).get(link).status_code == 404


def test_a_suspended_person_accepts_no_invitation(app: Flask, agent: User, store: Session) -> None:
    agent.state = "invited"
    store.commit()
    link = link_to(app, agent)
    agent.suspended_at = clock.now()
    store.commit()
    assert browser(app, None).get(link).status_code == 404
