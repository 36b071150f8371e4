"""Before what is delicate: who proved lately is let through, everybody else is asked and loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, text, update
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.transaction import FRESH_FOR
from portal.identity.factors.operations import MAX_TRIES
from portal.identity.factors.views.stepping import ASK, DONE
from portal.identity.models import LoginSession, User
from tests.portal.identity.factors.conftest import Person, with_password
from tests.support.web import Browser, browser
from tests.support.world import World

Equip = Callable[[User], Person]


def stale(store: Session, app: Flask, user: User) -> Browser:
    """A browser of somebody who proved to be themself longer ago than that is good for."""
    client = browser(app, user)
    ago = clock.now() - FRESH_FOR - timedelta(seconds=1)
    store.execute(update(LoginSession).where(LoginSession.user_id == user.id).values(proved_at=ago))
    store.commit()
    return client


def reveals(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(
            connection.execute(
                text("SELECT count(*) FROM access_entry WHERE action LIKE '%.reveal' OR action LIKE '%.export'")
            ).scalar_one()
        )


@pytest.mark.usefixtures("required")
def test_a_page_that_was_asked_for_is_led_back_to(app: Flask, world: World, store: Session, equipped: Equip) -> None:
    person = equipped(world.summit.admin)
    client = stale(store, app, person.user)
    asked = client.get("/account/security/app")
    assert asked.location == "/step-up?next=/account/security/app"
    assert "Code" in client.get(asked.location).text
    before = client.get_cookie("portal_session")
    sent = {"proof_code": person.code(), "next": "/account/security/app"}
    assert client.post("/step-up", data=sent).location == "/account/security/app"
    after = client.get_cookie("portal_session")
    assert before and after and before.value != after.value
    assert client.get("/account/security/app").status_code == 200
    assert browser_with(app, before.value).get("/fmo/").location.startswith("/login")


def browser_with(app: Flask, token: str) -> Browser:
    client = browser(app, None)
    client.set_cookie("portal_session", token)
    return client


@pytest.mark.usefixtures("required")
def test_twenty_minutes_and_no_longer(app: Flask, world: World, store: Session, equipped: Equip) -> None:
    user = equipped(world.summit.admin).user
    client = browser(app, user)
    for seconds, status in ((-5, 200), (5, 303)):
        ago = clock.now() - FRESH_FOR - timedelta(seconds=seconds)
        store.execute(update(LoginSession).where(LoginSession.user_id == user.id).values(proved_at=ago))
        store.commit()
        assert client.get("/account/security/app").status_code == status


@pytest.mark.usefixtures("required")
def test_nothing_is_shown_or_logged_before_the_proof(
    app: Flask, world: World, store: Session, equipped: Equip, setup_engine: Engine
) -> None:
    person, member = equipped(world.summit.admin), world.amy.people[0].member
    client = stale(store, app, person.user)
    address = f"/fmo/members/{member.id}/mbi"
    before = reveals(setup_engine)
    asked = client.post(address)
    assert asked.status_code == 403 and "Qlast" not in asked.text
    file = client.get(f"/fmo/feeds/{world.summit.feed_run.id}/problems.csv")
    assert file.location.startswith("/step-up?next=/fmo/feeds/")
    assert client.post(address, data={"proof_code": "000"}).status_code == 422
    assert reveals(setup_engine) == before
    assert client.post(address, data={"proof_code": person.code()}).status_code == 200
    assert reveals(setup_engine) == before + 1


@pytest.mark.usefixtures("required")
def test_a_form_is_carried_along_without_its_passwords(
    app: Flask, world: World, store: Session, equipped: Equip
) -> None:
    client = stale(store, app, equipped(world.amy.admin).user)
    sent = {"kept": ["one", "two <&>"], "new_password": "eleven copper kettles"}
    asked = client.post("/crm/export?a=b", data=sent).text
    assert 'action="/crm/export?a=b"' in asked
    for value in ("one", "two &lt;&amp;&gt;"):
        assert f'name="kept" value="{value}"' in asked
    assert "kettles" not in asked


@pytest.mark.usefixtures("required")
def test_nobody_elses_form_is_carried_along(app: Flask, world: World, store: Session, equipped: Equip) -> None:
    person = equipped(world.amy.admin)
    client = stale(store, app, person.user)
    for sent in ({"q": "one"}, {"q": "one", "proof_code": person.code()}):
        assert client.post("/crm/export", data=sent, csrf=False).status_code == 400
    assert client.post("/crm/export", data=sent).status_code == 200, "the code was not used up by that"


@pytest.mark.usefixtures("required")
def test_a_fragment_is_asked_for_in_a_dialog(app: Flask, world: World, store: Session, equipped: Equip) -> None:
    person, member = equipped(world.summit.admin), world.amy.people[0].member
    client = stale(store, app, person.user)
    address = f"/fmo/members/{member.id}/mbi"
    asked = client.post(address, htmx=True)
    assert (asked.status_code, asked.get_data(), asked.headers[ASK]) == (403, b"", "/step-up")
    dialog = client.get("/step-up", htmx=True).text
    assert "<html" not in dialog and 'name="proof_code"' in dialog
    assert client.post("/step-up", data={"proof_code": "1"}, htmx=True).status_code == 422
    done = client.post("/step-up", data={"proof_code": person.code()}, htmx=True)
    assert (done.status_code, done.headers["HX-Trigger"]) == (204, DONE)
    assert client.post(address, htmx=True).status_code == 200


@pytest.mark.usefixtures("required")
def test_a_file_gets_a_page_with_its_link(app: Flask, world: World, store: Session, equipped: Equip) -> None:
    person = equipped(world.summit.admin)
    client = stale(store, app, person.user)
    file = f"/fmo/feeds/{world.summit.feed_run.id}/report/new.csv"
    answer = client.post("/step-up", data={"proof_code": person.code(), "next": file})
    assert f'href="{file}"' in answer.text
    assert f'href="/fmo/feeds/{world.summit.feed_run.id}"' in answer.text, "the nearest page around it"
    assert client.get(file).status_code == 200


@pytest.mark.usefixtures("required")
def test_too_many_wrong_proofs_end_the_session(app: Flask, world: World, store: Session, equipped: Equip) -> None:
    client = stale(store, app, equipped(world.summit.admin).user)
    for _ in range(MAX_TRIES - 1):
        assert client.post("/step-up", data={"proof_code": "1"}).status_code == 422
    assert client.post("/step-up", data={"proof_code": "1"}).location.startswith("/login?because=")
    assert client.get("/fmo/").location.startswith("/login")


@pytest.mark.usefixtures("required")
def test_who_needs_no_factor_proves_with_the_password(app: Flask, world: World, store: Session) -> None:
    agent = with_password(store, world.amy.admin)
    client = stale(store, app, agent)
    assert client.post("/step-up", data={"proof_password": "wrong", "next": "/crm/export"}).status_code == 422
    right = {"proof_password": "quiet lantern over the bay", "next": "/crm/export"}
    assert client.post("/step-up", data=right).location == "/crm/export"
    assert client.post("/crm/export").status_code == 200


@pytest.mark.usefixtures("required")
def test_a_password_is_no_proof_for_who_holds_a_factor(
    app: Flask, world: World, store: Session, equipped: Equip
) -> None:
    admin = with_password(store, world.summit.admin)
    equipped(admin)
    client = stale(store, app, admin)
    sent = {"proof_password": "quiet lantern over the bay", "next": "/fmo/"}
    assert client.post("/step-up", data=sent).status_code == 422


@pytest.mark.usefixtures("required")
def test_no_proof_leads_away_from_the_portal(app: Flask, world: World, store: Session, equipped: Equip) -> None:
    person = equipped(world.summit.admin)
    client = stale(store, app, person.user)
    answer = client.post("/step-up", data={"proof_code": person.code(), "next": "//elsewhere.example/a.csv"})
    assert answer.location == "/fmo/"


def test_a_relaxed_demo_asks_nobody_without_a_factor(app: Flask, world: World, store: Session, equipped: Equip) -> None:
    assert stale(store, app, world.amy.admin).post("/crm/export").status_code == 200
    equipped(world.amy.admin)
    assert stale(store, app, world.amy.admin).post("/crm/export").status_code == 403
