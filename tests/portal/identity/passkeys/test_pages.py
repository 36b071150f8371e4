"""The pages: a passkey between the factors, before what is delicate, at the first set-up, and on one's own page."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from portal.identity.factors.operations import MAX_TRIES
from portal.identity.models import User
from portal.identity.passkeys.queries import passkeys_of
from portal.identity.passkeys.views.account import LAST
from portal.identity.passkeys.views.proving import WRONG
from portal.identity.standing import TRIES
from tests.portal.identity.factors.conftest import Person, equipped, required, signing_in
from tests.portal.identity.passkeys.conftest import device
from tests.support.authenticator import Device
from tests.support.web import Browser, browser

__all__ = ["equipped", "required"]
GIVEN_UP = f"/login?because={TRIES}"
SECOND, AGAIN, OWN, ENROL = "/login/second/passkey", "/step-up/passkey", "/account/passkeys", "/login/enrol/passkey"


def question(client: Browser, path: str) -> str:
    answer = client.post(f"{path}/question")
    assert answer.status_code == 200 and answer.mimetype == "application/json"
    return answer.text


def prove(client: Browser, held: Device, path: str, **more: str) -> TestResponse:
    return client.post(path, data={"answer": held.sign(question(client, path)), **more})


def test_password_then_passkey_leads_in(app: Flask, owner: User, held: Device, setup_engine: Engine) -> None:
    client = signing_in(app, owner)
    assert "Use a passkey" in client.get("/login/second").text
    assert client.get("/fmo/").location.startswith("/login")
    assert prove(client, held, SECOND).location == "/fmo/"
    assert client.get("/fmo/").status_code == 200
    with setup_engine.connect() as connection:
        found = connection.execute(text("SELECT action, detail->>'kind_of_proof' FROM access_entry ORDER BY at, id"))
        assert ("factor.prove", "passkey") in [tuple(row) for row in found]


def test_nobody_is_asked_without_a_first_factor(app: Flask, held: Device) -> None:
    stranger = browser(app, None)
    assert stranger.post(f"{SECOND}/question").status_code == 409
    assert stranger.post(SECOND, data={"answer": "{}"}).location == "/login"
    assert stranger.post(f"{AGAIN}/question").status_code in (303, 401)


def test_an_answer_for_one_session_is_none_in_another(app: Flask, owner: User, held: Device) -> None:
    first, second = signing_in(app, owner), signing_in(app, owner)
    answer = held.sign(question(first, SECOND))
    question(second, SECOND)
    assert second.post(SECOND, data={"answer": answer}).location == "/login/second"
    assert WRONG in second.get("/login/second").text
    assert second.get("/fmo/").location.startswith("/login")


def test_an_answer_to_one_page_is_none_on_another(app: Flask, owner: User, held: Device) -> None:
    client = browser(app, owner)
    answer = held.sign(question(client, AGAIN))
    assert client.post(OWN, data={"answer": answer, "name": "Sly"}).location == f"{OWN}/new"


def test_wrong_passkeys_and_wrong_codes_are_counted_together(
    app: Flask, owner: User, held: Device, equipped: Callable[[User], Person]
) -> None:
    equipped(owner)
    client = signing_in(app, owner)
    for _ in range(MAX_TRIES - 1):
        assert client.post(SECOND, data={"answer": "{}"}).location == "/login/second"
    assert client.post("/login/second", data={"proof_code": "x"}).location == GIVEN_UP
    assert client.get("/login/second").location == "/login"
    again = signing_in(app, owner)
    assert prove(again, held, SECOND).location == GIVEN_UP, "locked, even for the right passkey"


def test_a_passkey_proves_before_what_is_delicate(app: Flask, owner: User, held: Device, setup_engine: Engine) -> None:
    client = browser(app, owner)
    _grow_stale(setup_engine)
    assert client.get(f"{OWN}/new").location.startswith("/step-up")
    assert client.post(f"{OWN}/question").status_code == 403
    client.csrf_token = None
    assert "Use a passkey" in client.get("/step-up").text
    client.csrf_token = _token(client, "/step-up")
    assert prove(client, held, AGAIN, next=f"{OWN}/new").location == f"{OWN}/new"
    assert client.get(f"{OWN}/new").status_code == 200


def test_step_up_leads_nowhere_else(app: Flask, owner: User, held: Device) -> None:
    assert prove(browser(app, owner), held, AGAIN, next="//evil.example").location == "/fmo/"


@pytest.mark.usefixtures("required")
def test_the_first_factor_may_be_a_passkey(app: Flask, owner: User) -> None:
    client = signing_in(app, owner)
    assert "Set up a passkey" in client.get("/login/enrol").text
    with app.app_context():
        new = device()
    answer = client.post(ENROL, data={"answer": new.make(question(client, ENROL)), "name": ""})
    assert "Your recovery codes" in answer.text
    assert client.get("/fmo/").status_code == 200
    with app.app_context():
        assert [key.name for key in passkeys_of(owner)] == ["Passkey"]


@pytest.mark.usefixtures("required")
def test_a_password_alone_adds_no_second_passkey(app: Flask, owner: User, held: Device) -> None:
    client = signing_in(app, owner)
    assert client.post(f"{ENROL}/question").status_code == 409
    assert client.post(ENROL, data={"answer": "{}"}).location == "/login/second"


@pytest.mark.usefixtures("required")
def test_the_last_factor_stays_where_one_is_needed(app: Flask, owner: User, held: Device) -> None:
    client, key_id = browser(app, owner), _key(app, owner)
    assert LAST in client.get(f"{OWN}/{key_id}/remove").text
    assert client.post(f"{OWN}/{key_id}/remove").location == "/account/security"
    assert LAST in client.get("/account/security").text
    assert _key(app, owner) == key_id


def test_removing_ends_every_other_session(app: Flask, owner: User, held: Device) -> None:
    client, other = browser(app, owner), browser(app, owner)
    assert other.get("/fmo/").status_code == 200
    assert client.post(f"{OWN}/{_key(app, owner)}/remove").location == "/account/security"
    assert other.get("/fmo/").location.startswith("/login")
    assert "You have none yet" in client.get("/account/security").text


def test_names_are_kept_and_shown_as_text(app: Flask, owner: User, held: Device) -> None:
    client, key_id = browser(app, owner), _key(app, owner)
    assert client.post(f"{OWN}/{key_id}", data={"name": " "}).status_code == 422
    assert client.post(f"{OWN}/{key_id}", data={"name": "x" * 61}).status_code == 422
    assert client.post(f"{OWN}/{key_id}", data={"name": "<b>Blue</b> key"}).status_code == 303
    assert "&lt;b&gt;Blue&lt;/b&gt; key" in client.get("/account/security").text


def test_posts_need_the_token(app: Flask, owner: User, held: Device) -> None:
    client, key_id = browser(app, owner), _key(app, owner)
    for path in (OWN, f"{OWN}/question", AGAIN, f"{AGAIN}/question", f"{OWN}/{key_id}", f"{OWN}/{key_id}/remove"):
        assert client.post(path, csrf=False).status_code == 400, path
    assert _key(app, owner) == key_id


def _key(app: Flask, user: User) -> UUID:
    with app.app_context():
        return passkeys_of(user)[0].id


def _grow_stale(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE login_session SET proved_at = proved_at - interval '21 minutes'"))


def _token(client: Browser, path: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(path).text)
    assert found
    return found[1]
