"""Changing one's own password and address: proved, confirmed from the mailbox, told to the old one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.core.scope import Role
from portal.identity import passwords
from portal.identity.letters.models import Letter
from portal.identity.letters.operations import addresses
from portal.identity.letters.views.account import ON_ITS_WAY
from portal.identity.models import Credential, LoginSession, User
from tests.support import builders as make
from tests.support.letters import link_in, mailbox, send_all
from tests.support.web import Browser, browser

OLD, NEW = "quiet lantern over the bay", "three grey herons at noon"


@pytest.fixture
def pat(store: Session) -> User:
    """An agent with a password."""
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "8812034"))
    user = make.user(store, fmo, Role.AGENT_ADMIN, business, npn="8812034")
    make.add(store, Credential(fmo_id=user.fmo_id, id=user.id, password_hash=passwords.hash_password(OLD)))
    return user


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer waits."""
    monkeypatch.setattr(addresses, "TAKES", 0)


def change(client: Browser, present: str, wanted: str = NEW) -> int:
    return client.post("/account/password", data={"present": present, "password": wanted}).status_code


def actions(engine: Engine) -> list[tuple[str, str | None]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT action, detail->>'why' FROM access_entry ORDER BY at, id"))
        return [(row[0], row[1]) for row in rows]


def ask_for(client: Browser, email: str) -> str:
    answer = client.post("/account/email", data={"email": email}, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


def test_a_new_password_wants_the_present_one_and_ends_every_other_session(
    app: Flask, store: Session, pat: User, setup_engine: Engine
) -> None:
    here, elsewhere = browser(app, pat), browser(app, pat)
    assert change(here, "not it") == 422
    assert change(here, OLD, "Password12345") == 422
    assert elsewhere.get("/crm/contacts").status_code == 200
    assert change(here, OLD) == 303
    assert (here.get("/crm/contacts").status_code, elsewhere.get("/crm/contacts").status_code) == (200, 303)
    send_all(app, store)
    assert [mail["Subject"] for mail in mailbox(pat.email)] == ["Your password was changed"]
    assert actions(setup_engine)[0] == ("password.refused", "wrong password")
    assert ("password.change", None) in actions(setup_engine)


def test_the_present_password_is_not_to_be_guessed_from_a_session_left_open(app: Flask, pat: User) -> None:
    client = browser(app, pat)
    for _ in range(5):
        assert change(client, "not it") == 422
    assert change(client, OLD) == 422


def test_an_address_is_confirmed_from_its_mailbox_and_the_old_one_is_told(
    app: Flask, store: Session, pat: User, setup_engine: Engine
) -> None:
    client, old = browser(app, pat), pat.email
    assert ON_ITS_WAY in ask_for(client, " New.Pat@X.example ")
    send_all(app, store)
    link = link_in(mailbox("new.pat@x.example")[-1])
    assert mailbox(old) == []
    mailbox_of = browser(app, None)
    assert "new.pat@x.example" in mailbox_of.get(link).text
    store.expire_all()
    assert store.get_one(User, (pat.fmo_id, pat.id)).email == old, "looking changes nothing"
    assert mailbox_of.post(link).location == "/login"
    mailbox_of.csrf_token = None  # the session is another one
    assert mailbox_of.post(link).status_code == mailbox_of.get(link).status_code == 404
    assert client.get("/crm/contacts").status_code == 303, "signed out everywhere"
    signed = [
        browser(app, None).post("/login", data={"email": email, "password": OLD}).status_code
        for email in (old, "new.pat@x.example")
    ]
    assert signed == [422, 303]
    send_all(app, store)
    assert mailbox(old)[-1]["Subject"] == "Your e-mail address was changed"
    assert "new.pat" not in mailbox(old)[-1].as_string()
    with setup_engine.connect() as connection:
        entry = connection.execute(text("SELECT access_entry::text FROM access_entry WHERE action = 'email.change'"))
        assert "@" not in entry.scalar_one()


def test_an_address_in_use_is_answered_alike_and_its_owner_hears_nothing(
    app: Flask, store: Session, pat: User, setup_engine: Engine
) -> None:
    other = make.user(store, make.fmo(store), Role.FMO_ADMIN)
    client = browser(app, pat)
    free = ask_for(client, "nobody.has.it@x.example")
    in_use = ask_for(client, other.email.upper())
    assert ON_ITS_WAY in free and _without_token(free) == _without_token(in_use)
    (letter,) = store.scalars(select(Letter)).all()
    assert letter.email == "nobody.has.it@x.example"
    assert ("email.refused", "in use") in actions(setup_engine)


def _without_token(page: str) -> list[str]:
    return [line for line in page.splitlines() if "csrf" not in line and "data-left=" not in line]


def test_an_address_that_somebody_took_meanwhile_changes_nothing(app: Flask, store: Session, pat: User) -> None:
    ask_for(browser(app, pat), "new.pat@x.example")
    send_all(app, store)
    link = link_in(mailbox("new.pat@x.example")[-1])
    make.user(store, make.fmo(store), Role.FMO_ADMIN, email="new.pat@x.example")
    answer = browser(app, None).post(link)
    assert answer.status_code == 404 and "stays as it was" in answer.text
    store.expire_all()
    assert store.get_one(User, (pat.fmo_id, pat.id)).email == pat.email


def test_addresses_are_not_tried_by_the_dozen(app: Flask, store: Session, pat: User, setup_engine: Engine) -> None:
    client = browser(app, pat)
    for number in range(7):
        assert ON_ITS_WAY in ask_for(client, f"try.{number}@x.example")
    assert len(store.scalars(select(Letter)).all()) == 5
    assert actions(setup_engine).count(("email.refused", "too many")) == 2


def test_no_address_and_its_own_are_refused(app: Flask, pat: User) -> None:
    client = browser(app, pat)
    for wrong in ("", "nonsense", "a@b", "x@y.example\nBcc: z@z.example", pat.email.upper()):
        assert client.post("/account/email", data={"email": wrong}).status_code == 422


def test_the_address_asks_for_a_fresh_proof(
    app: Flask, store: Session, pat: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "PORTAL", replace(app.config["PORTAL"], second_factor="required"))
    client = browser(app, pat)
    assert 'name="email"' in client.get("/account/email").text
    for row in store.scalars(select(LoginSession)):
        row.proved_at = None
    store.commit()
    assert str(client.get("/account/email").location).startswith("/step-up")
    assert client.post("/account/email", data={"email": "new.pat@x.example"}).status_code != 200
    assert store.scalars(select(Letter)).all() == []


def test_changing_the_address_ends_a_reset_that_is_out(app: Flask, store: Session, pat: User) -> None:
    client = browser(app, None)
    client.get("/forgot")
    client.post("/forgot", data={"email": pat.email})
    ask_for(browser(app, pat), "new.pat@x.example")
    send_all(app, store)
    reset, confirm = link_in(mailbox(pat.email)[-1]), link_in(mailbox("new.pat@x.example")[-1])
    assert client.get(reset).status_code == 200
    assert client.post(confirm).status_code == 303
    assert browser(app, None).get(reset).status_code == 404


def test_who_ends_all_other_sessions_ends_a_change_of_address_that_another_one_asked_for(
    app: Flask, store: Session, pat: User
) -> None:
    stolen, own = browser(app, pat), browser(app, pat)
    ask_for(stolen, "thief@x.example")
    send_all(app, store)
    link = link_in(mailbox("thief@x.example")[-1])
    assert browser(app, None).get(link).status_code == 200
    assert own.post("/account/sessions/end-others").status_code == 303
    assert browser(app, None).get(link).status_code == browser(app, None).post(link).status_code == 404
    store.expire_all()
    assert store.get_one(User, (pat.fmo_id, pat.id)).email == pat.email


def test_the_page_of_sign_in_leads_to_both(app: Flask, pat: User) -> None:
    shown = browser(app, pat).get("/account/security").text
    assert pat.email in shown and "/account/password" in shown and "/account/email" in shown
