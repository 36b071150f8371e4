"""Signing in and out: one answer for every failure, a new session at sign-in, none after sign-out."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.core.scope import Role
from portal.identity import passwords
from portal.identity.models import Credential, User
from portal.identity.views.parts import local_page
from portal.identity.views.signing_in import WRONG
from tests.support import builders as make
from tests.support.web import Browser, browser

PASSWORD = "quiet lantern over the bay"


@pytest.fixture
def admin(store: Session) -> User:
    """An FMO admin with a password."""
    user = make.user(store, make.fmo(store), Role.FMO_ADMIN)
    make.add(store, Credential(fmo_id=user.fmo_id, id=user.id, password_hash=passwords.hash_password(PASSWORD)))
    return user


def sign_in(client: Browser, email: str, password: str) -> TestResponse:
    return client.post("/login", data={"email": email, "password": password})


def entries(engine: Engine, table: str = "access_entry") -> list[tuple[str, str]]:
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT action, outcome FROM {table} ORDER BY at"))
        return [(row[0], row[1]) for row in found]


def test_right_password_leads_home_and_is_logged(app: Flask, admin: User, setup_engine: Engine) -> None:
    client = browser(app, None)
    answer = sign_in(client, admin.email.upper(), PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/fmo/")
    assert entries(setup_engine) == [("session.start", "done")]


def test_every_failure_looks_the_same(app: Flask, store: Session, admin: User, setup_engine: Engine) -> None:
    invited = make.user(store, make.fmo(store), Role.FMO_ADMIN, state="invited")
    answers = []
    for email, password in (("nobody@x.example", PASSWORD), (admin.email, "wrong"), (invited.email, PASSWORD)):
        answer = sign_in(browser(app, None), email, password)
        answers.append((answer.status_code, WRONG in answer.text, email in answer.text))
    assert set(answers) == {(422, True, True)}
    assert entries(setup_engine, "installation_entry") == [("session.refused", "refused")]
    assert entries(setup_engine) == [("session.refused", "refused")] * 2


def test_locked_after_five_wrong_tries_even_for_the_right_password(app: Flask, admin: User) -> None:
    for _ in range(5):
        sign_in(browser(app, None), admin.email, "wrong")
    assert sign_in(browser(app, None), admin.email, PASSWORD).status_code == 422


def test_sign_in_changes_the_session_and_drops_the_strangers(app: Flask, admin: User) -> None:
    client = browser(app, None)
    client.get("/login")
    planted = client.get_cookie("portal_session")
    sign_in(client, admin.email, PASSWORD)
    fresh = client.get_cookie("portal_session")
    assert planted and fresh and planted.value != fresh.value
    attacker = browser(app, None)
    attacker.set_cookie("portal_session", planted.value)
    assert attacker.get("/fmo/agents").status_code == 303


def test_sign_out_kills_every_copy_of_the_cookie(app: Flask, admin: User, setup_engine: Engine) -> None:
    client = browser(app, admin)
    copied = client.get_cookie("portal_session")
    assert copied and client.get("/login").location == "/fmo/"
    assert client.post("/logout").status_code == 303
    again = browser(app, None)
    again.set_cookie("portal_session", copied.value)
    assert again.get("/login").status_code == 200
    assert ("session.end", "done") in entries(setup_engine)


def test_a_deactivated_user_is_out_on_the_next_request(app: Flask, admin: User, store: Session) -> None:
    client = browser(app, admin)
    assert client.get("/login").status_code == 303
    store.merge(admin).state = "deactivated"
    store.commit()
    assert client.get("/login").status_code == 200


def test_posting_without_a_token_is_refused(app: Flask, admin: User) -> None:
    answer = browser(app, None).post("/login", data={"email": admin.email, "password": PASSWORD}, csrf=False)
    assert answer.status_code == 400
    assert "Nothing was saved" in answer.text


@pytest.mark.parametrize(
    "target", ["//e.example", "https://e.example", "/\\e.example", "evil", "", None, "/a\\b", "/\n//e", "/\t/e"]
)
def test_next_never_leaves_the_portal(target: str | None) -> None:
    assert local_page(target) == ""


def test_forms_work_behind_a_proxy_that_ends_tls(app: Flask, admin: User) -> None:
    answer = browser(app, None).post(
        "/login", data={"email": admin.email, "password": PASSWORD}, base_url="https://localhost"
    )
    assert answer.status_code == 303  # though no browser sends a Referer from pages of ours


def test_next_may_be_a_page_of_ours() -> None:
    assert local_page("/fmo/agents?q=1") == "/fmo/agents?q=1"


def test_only_a_hash_of_the_token_is_stored(app: Flask, admin: User, setup_engine: Engine) -> None:
    cookie = browser(app, admin).get_cookie("portal_session")
    with setup_engine.connect() as connection:
        stored = connection.execute(text("SELECT token_hash FROM login_session")).scalars().all()
    assert cookie and cookie.value not in stored


def test_signed_in_answers_are_never_cached(app: Flask, admin: User) -> None:
    answer = browser(app, admin).get("/login")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
