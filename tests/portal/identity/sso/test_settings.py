"""Setting single sign-on up: the secret goes in and never comes out, and nobody is locked out by a slip."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.core.crypto import decrypt
from portal.core.scope import Role
from portal.identity import passwords
from portal.identity.models import Credential, Fmo, Invitation, User
from portal.identity.operations import token_hash
from portal.identity.sso.models import SsoIdentity, SsoProvider
from portal.identity.sso.queries import SECRET_FIELD
from portal.identity.views.signing_in import WRONG
from tests.portal.identity.sso.conftest import is_in, linked
from tests.support import builders as make
from tests.support import oidc
from tests.support.oidc import CLIENT, SECRET, Provider
from tests.support.web import Browser, browser

AT = "/fmo/settings/single-sign-on"
PASSWORD = "quiet lantern over the bay"


@pytest.fixture
def admin(store: Session, fmo: Fmo) -> User:
    """An administrator with a password."""
    return with_password(store, make.user(store, fmo, Role.FMO_ADMIN, email="ada@summit.example"))


def with_password(store: Session, user: User) -> User:
    """`user`, with a password."""
    hashed = passwords.hash_password(PASSWORD)
    make.add(store, Credential(fmo_id=user.fmo_id, id=user.id, password_hash=hashed))
    return user


@pytest.fixture
def client(app: Flask, admin: User) -> Browser:
    """Their browser."""
    return browser(app, admin)


def typed(there: Provider, **more: Any) -> dict[str, Any]:
    """The form, filled in rightly."""
    usual = {"issuer": there.issuer, "client_id": CLIENT, "secret": SECRET, "scopes": "openid email"}
    return {**usual, "joining": "invited", **more}


def held(store: Session) -> SsoProvider:
    """What is kept."""
    store.expire_all()
    return store.scalars(select(SsoProvider)).one()


def said(client: Browser) -> str:
    """The page as a person reads it."""
    return re.sub(r"\s+", " ", client.get(AT).text)


def test_from_nothing_to_the_sign_in_page(client: Browser, there: Provider, store: Session, app: Flask) -> None:
    assert "Not set up" in said(client)
    assert client.post(AT, data=typed(there)).status_code == 303
    assert browser(app, None).get("/sso/start?org=summit").status_code == 422
    assert client.post(f"{AT}/offer", data={"on": "1"}).status_code == 303 and not held(store).offered
    assert "Test the provider first" in said(client)
    assert client.post(f"{AT}/test").status_code == 303
    assert held(store).tested_at is not None and "nothing was wrong" in said(client)
    client.post(f"{AT}/offer", data={"on": "1"})
    assert held(store).offered and browser(app, None).get("/sso/start?org=summit").status_code == 303
    client.post(f"{AT}/offer", data={"on": "0"})
    assert browser(app, None).get("/sso/start?org=summit").status_code == 422


def test_the_secret_is_written_and_never_read(client: Browser, there: Provider, store: Session, fmo: Fmo) -> None:
    client.post(AT, data=typed(there))
    kept = held(store).secret
    assert kept and SECRET not in kept and decrypt(kept, fmo_id=fmo.id, field=SECRET_FIELD) == SECRET
    for page in (client.get(AT), client.post(AT, data=typed(there, issuer=""))):
        assert SECRET not in page.text and kept not in page.text
    client.post(AT, data=typed(there, secret="", scopes="openid"))
    assert held(store).secret == kept and held(store).scopes == "openid"


@pytest.mark.parametrize("other", [{"issuer": "https://elsewhere.example"}, {"client_id": "another"}])
def test_a_kept_secret_does_not_go_to_another_issuer_or_client(
    client: Browser, there: Provider, store: Session, configured: SsoProvider, other: dict[str, str]
) -> None:
    answer = client.post(AT, data=typed(there, secret="", **other))
    assert answer.status_code == 422 and "secret again" in answer.text
    assert client.post(AT, data=typed(there, secret="new one", **other)).status_code == 303
    assert not held(store).offered and held(store).tested_at is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": ""},
        {"issuer": "http://idp.example"},
        {"issuer": "https://user:word@idp.example"},
        {"issuer": "https://idp.example/#x"},
        {"issuer": "https://idp.example/?x"},
        {"issuer": "javascript:alert(1)"},
        {"client_id": ""},
        {"scopes": "email"},
        {"domains": "not a domain"},
        {"domains": "gmail.com"},
        {"domains": "lakeside.example"},
        {"joining": "claim"},
        {"joining": "claim", "claim": "groups"},
        {"joining": "anybody"},
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    client: Browser, there: Provider, store: Session, wrong: dict[str, str]
) -> None:
    make.user(store, make.fmo(store, "lakeside"), Role.FMO_ADMIN, email="leo@lakeside.example")
    answer = client.post(AT, data=typed(there, **wrong))
    assert answer.status_code == 422 and "There is a problem" in answer.text
    assert store.scalars(select(SsoProvider)).all() == []


def test_roles_by_claim_are_the_fmos_own(client: Browser, there: Provider, store: Session) -> None:
    values = {"values_fmo_admin": "boss", "values_fmo_support": "desk, boss"}
    sent = typed(there, joining="claim", claim="groups", domains="summit.example", **values)
    assert client.post(AT, data=sent | {"values_compliance": "officer"}).status_code == 400, "no field of the form"
    assert client.post(AT, data=sent).status_code == 303
    assert held(store).claim_roles == {"boss": "fmo_admin", "desk": "fmo_support"}
    assert "Compliance officer" not in re.sub(r"Compliance officers always are", "", said(client))


WRONG_SETUPS: dict[str, tuple[dict[str, Any], str]] = {
    "wrong secret": ({}, "does not accept the client or its secret"),
    "away": ({"/.well-known/openid-configuration": oidc.redirect}, "elsewhere"),
    "no keys": ({"/keys": oidc.broken}, "cannot be read"),
    "unknown client": ({"/authorize": lambda door: oidc.say(door, 400, {})}, "Register http"),
    "any code": ({"/token": lambda door: oidc.say(door, 200, {"access_token": "x"})}, "Do not use it"),
}


@pytest.mark.parametrize("name", WRONG_SETUPS)
def test_the_test_says_what_is_wrong(client: Browser, there: Provider, store: Session, name: str) -> None:
    at, words = WRONG_SETUPS[name]
    there.at |= at
    client.post(AT, data=typed(there, secret="wrong" if name == "wrong secret" else SECRET))
    client.post(f"{AT}/test")
    assert held(store).tested_at is None and words in said(client)


def test_a_private_address_is_not_asked(
    client: Browser, there: Provider, store: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in ("10.0.0.8", "169.254.169.254", "127.0.0.1", "::1", "fd00::1", "64:ff9b::7f00:1"):
        found = [(0, 0, 0, "", (address, 443))]
        monkeypatch.setattr("socket.getaddrinfo", lambda *a, found=found, **k: found)
        client.post(AT, data=typed(there, issuer="https://idp.example", secret="x"))
        client.post(f"{AT}/test")
        assert "inside a private network" in said(client), address


@pytest.fixture
def keeper(store: Session, fmo: Fmo) -> User:
    """The administrator who keeps a password."""
    return with_password(store, make.user(store, fmo, Role.FMO_ADMIN, email="kim@summit.example"))


def test_passwords_go_off_but_for_one(
    app: Flask,
    client: Browser,
    admin: User,
    keeper: User,
    configured: SsoProvider,
    store: Session,
    setup_engine: Engine,
) -> None:
    sent = {"off": "1", "break_glass": str(keeper.id), "sure": "y"}
    configured.trusts_factor = True
    store.commit()
    slip = client.post(f"{AT}/passwords", data={**sent, "sure": ""})
    assert slip.status_code == 422 and re.search(r'<input[^>]*checked[^>]* name="trusts_factor"', slip.text)
    assert client.post(f"{AT}/passwords", data=sent).status_code == 303 and held(store).passwords_off
    right, wrong = (_sign_in(browser(app, None), admin.email, word) for word in (PASSWORD, "another one of mine"))
    assert (right.status_code, wrong.status_code) == (422, 422) and WRONG in right.text and WRONG in wrong.text
    assert _sign_in(browser(app, None), keeper.email, PASSWORD).status_code == 303
    assert client.post(f"{AT}/offer", data={"on": "0"}).status_code == 303 and held(store).offered
    assert client.post(AT, data=typed_of(configured, client_id="another")).status_code == 422
    assert client.post(f"{AT}/passwords", data={"off": "0"}).status_code == 303
    assert _sign_in(browser(app, None), admin.email, PASSWORD).status_code == 303
    with setup_engine.connect() as connection:
        why = connection.execute(
            text("SELECT detail->>'why' FROM access_entry WHERE action = 'session.refused'")
        ).scalars()
        assert set(why) == {"single sign-on only"}


def typed_of(configured: SsoProvider, **more: str) -> dict[str, str]:
    """The form as it holds."""
    return {"issuer": configured.issuer, "client_id": CLIENT, "scopes": "openid", "joining": "invited", **more}


def _sign_in(client: Browser, email: str, password: str) -> Any:
    return client.post("/login", data={"email": email, "password": password})


@pytest.mark.parametrize(
    "name", ["untested", "not offered", "without a password", "an agent", "somebody else's", "nobody"]
)
def test_passwords_do_not_go_off_where_nobody_could_come_in(
    client: Browser, keeper: User, configured: SsoProvider, store: Session, fmo: Fmo, name: str
) -> None:
    chosen = str(keeper.id)
    if name == "untested":
        configured.tested_at = None
    if name == "not offered":
        configured.offered = False
    store.commit()
    if name == "without a password":
        chosen = str(make.user(store, fmo, Role.FMO_ADMIN).id)
    if name == "an agent":
        chosen = str(with_password(store, make.user(store, fmo, Role.FMO_SUPPORT)).id)
    if name == "somebody else's":
        chosen = str(with_password(store, make.user(store, make.fmo(store), Role.FMO_ADMIN)).id)
    sent = {"off": "1", "break_glass": "" if name == "nobody" else chosen, "sure": "y"}
    assert client.post(f"{AT}/passwords", data=sent).status_code == 422
    assert not held(store).passwords_off


def test_no_password_is_set_by_an_invitation_while_they_are_off(
    app: Flask, keeper: User, configured: SsoProvider, store: Session, fmo: Fmo
) -> None:
    configured.passwords_off, configured.break_glass_id = True, keeper.id
    store.commit()
    user = make.user(store, fmo, Role.FMO_ADMIN, state="invited")
    later = datetime.now(UTC) + timedelta(days=1)
    row = Invitation(
        fmo_id=fmo.id, user_id=user.id, email=user.email, token_hash=token_hash("letter"), expires_at=later
    )
    make.add(store, row)
    stranger = browser(app, None)
    shown = stranger.get("/invite/letter").text
    assert 'type="password"' not in shown and "Use single sign-on" in shown
    assert stranger.post("/invite/letter", data={"password": "seven calm otters at dawn"}).status_code == 422
    store.refresh(user)
    assert user.state == "invited" and store.get(Credential, (fmo.id, user.id)) is None


def test_administrators_do_not_decide_how_their_compliance_officers_sign_in(
    app: Flask, client: Browser, keeper: User, configured: SsoProvider, store: Session, fmo: Fmo
) -> None:
    officer = with_password(store, make.user(store, fmo, Role.COMPLIANCE, email="olga@summit.example"))
    linked(store, officer, configured.issuer, "subject-9")
    sent = {"off": "1", "break_glass": str(keeper.id), "sure": "y"}
    assert client.post(f"{AT}/passwords", data=sent).status_code == 303 and held(store).passwords_off
    assert _sign_in(browser(app, None), officer.email, PASSWORD).status_code == 303
    assert f"people/{officer.id}/unlink" not in client.get(AT).text
    assert client.post(f"{AT}/people/{officer.id}/unlink").status_code == 404
    assert store.scalars(select(SsoIdentity.user_id)).all().count(officer.id) == 1


def test_one_fmo_sees_and_changes_nothing_of_the_other(
    app: Flask, configured: SsoProvider, known: User, store: Session
) -> None:
    other = browser(app, make.user(store, make.fmo(store, "lakeside"), Role.FMO_ADMIN))
    assert configured.issuer not in other.get(AT).text and "Not set up" in other.get(AT).text
    assert other.post(f"{AT}/people/{known.id}/unlink").status_code == 404
    other.post(f"{AT}/test")
    other.post(f"{AT}/offer", data={"on": "0"})
    assert held(store).offered


@pytest.mark.parametrize("role", [Role.FMO_STEWARD, Role.FMO_USERS, Role.FMO_SUPPORT, Role.COMPLIANCE])
def test_only_administrators_set_it_up(app: Flask, store: Session, fmo: Fmo, role: Role) -> None:
    client = browser(app, make.user(store, fmo, role))
    assert client.get(AT).status_code == 404 and client.post(f"{AT}/test").status_code == 404
    assert is_in(client)


def test_the_operator_lets_passwords_in_again(
    app: Flask, admin: User, keeper: User, configured: SsoProvider, store: Session
) -> None:
    configured.passwords_off, configured.break_glass_id = True, keeper.id
    store.commit()
    run = app.test_cli_runner()
    done = run.invoke(args=["fmo", "passwords-on", "summit"])
    assert done.exit_code == 0, done.output
    assert not held(store).passwords_off
    assert _sign_in(browser(app, None), admin.email, PASSWORD).status_code == 303
    assert run.invoke(args=["fmo", "passwords-on", "summit"]).exit_code == 1
