"""Signing out there as well as here, and here because the provider says so."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.core.scope import Role
from portal.identity.factors import demands
from portal.identity.models import Fmo, User
from portal.identity.sso import talking
from portal.identity.sso.models import SsoProvider
from portal.identity.sso.operations import purge
from tests.portal.identity.sso.conftest import is_in, linked, there_and_back
from tests.support import builders as make
from tests.support import oidc
from tests.support.oidc import Provider
from tests.support.web import Browser, browser

AT = "/sso/back-channel/summit"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def tell(app: Flask, token: str, at: str = AT) -> int:
    """What the portal answers to the provider's word."""
    return browser(app, None).post(at, data={"logout_token": token}, csrf=False).status_code


def sign_out(client: Browser) -> Any:
    """The button of the page on which they are."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/fmo/").text)
    assert found
    client.csrf_token = found[1]
    return client.post("/logout")


def test_signing_out_leads_to_the_providers_own_sign_out(
    stranger: Browser, there: Provider, known: User, setup_engine: Engine
) -> None:
    there_and_back(stranger, there)
    page = sign_out(stranger)
    found = re.search(r'content="0;url=([^"]+)"', page.text)
    assert page.status_code == 200 and found and not is_in(stranger)
    address = urlsplit(html.unescape(found[1]))
    asked = {name: one[0] for name, one in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{there.issuer}/end"
    assert asked["id_token_hint"].count(".") == 2 and asked["client_id"] == oidc.CLIENT
    assert asked["post_logout_redirect_uri"].endswith("/sso/signed-out")
    assert "You are signed out" in stranger.get("/sso/signed-out", query_string={"state": asked["state"]}).text
    for state in ("", "x", asked["state"] + "x"):
        assert stranger.get("/sso/signed-out", query_string={"state": state}).location == "/login"
    with setup_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sso_session")).scalar_one() == 0


def test_signing_out_ends_here_though_the_provider_is_away(stranger: Browser, there: Provider, known: User) -> None:
    there_and_back(stranger, there)
    talking._known.clear()
    there.at["/.well-known/openid-configuration"] = oidc.broken
    assert sign_out(stranger).location == "/login" and not is_in(stranger)


def test_a_session_by_password_ends_here_alone(app: Flask, there: Provider, known: User) -> None:
    assert sign_out(browser(app, known)).location == "/login"


def test_the_provider_ends_a_session(
    app: Flask, stranger: Browser, there: Provider, known: User, setup_engine: Engine
) -> None:
    there_and_back(stranger, there)
    assert tell(app, there.logout_token()) == 200
    assert not is_in(stranger)
    with setup_engine.connect() as connection:
        assert "session.sso_end" in connection.execute(text("SELECT action FROM access_entry")).scalars().all()


@pytest.mark.parametrize(
    ("named", "first", "second"),
    [({"sub": None}, False, True), ({"sid": None}, False, False), ({"sub": None, "sid": "other"}, True, True)],
    ids=["by session", "by person", "by another session"],
)
def test_whose_sessions_end(
    app: Flask, there: Provider, known: User, named: dict[str, Any], first: bool, second: bool
) -> None:
    here, elsewhere, local = browser(app, None), browser(app, None), browser(app, known)
    there_and_back(here, there)
    there.claims = {"sid": "sid-second"}
    there_and_back(elsewhere, there)
    assert tell(app, there.logout_token(**named)) == 200
    assert (is_in(here), is_in(elsewhere), is_in(local)) == (first, second, True)


def test_another_person_stays(
    app: Flask, stranger: Browser, there: Provider, known: User, fmo: Fmo, store: Session, configured: SsoProvider
) -> None:
    linked(store, make.user(store, fmo, Role.FMO_ADMIN), configured.issuer, "subject-2")
    there_and_back(stranger, there, "subject-2")
    assert tell(app, there.logout_token()) == 200 and is_in(stranger)


def test_a_session_between_the_factors_ends_too(
    app: Flask, stranger: Browser, there: Provider, known: User, setup_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demands, "relaxed", lambda: False)
    answer = there_and_back(stranger, there)
    assert "/login" in answer.location or "enrol" in answer.location or "second" in answer.location
    assert tell(app, there.logout_token()) == 200
    with setup_engine.connect() as connection:
        assert (
            connection.execute(text("SELECT count(*) FROM login_session WHERE data ? 'sso_session'")).scalar_one() == 0
        )


def test_a_token_is_obeyed_once(app: Flask, stranger: Browser, there: Provider, known: User) -> None:
    token = there.logout_token()
    assert [tell(app, token), tell(app, token)] == [200, 400]
    there_and_back(stranger, there)
    assert tell(app, token) == 400 and is_in(stranger)


WRONG: dict[str, dict[str, Any]] = {
    "an identity token's type": {"header": {"typ": "JWT"}},
    "no type": {"header": {"typ": ""}},
    "another issuer": {"iss": "https://other.example"},
    "another audience": {"aud": "other"},
    "audiences beside ours": {"aud": [oidc.CLIENT, "other"]},
    "no time": {"iat": None},
    "made in the future": {"iat": int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())},
    "made long ago": {"iat": 1_700_000_000},
    "no expiry": {"exp": None},
    "expired": {"exp": 1_700_000_000},
    "no number": {"jti": None},
    "no event": {"events": None},
    "another event": {"events": {"https://other.example": {}}},
    "an event that is none": {"events": {EVENT: "yes"}},
    "events in a list": {"events": [EVENT]},
    "a nonce": {"nonce": "x"},
    "nobody": {"sub": None, "sid": None},
    "a number for a person": {"sub": 1},
    "an unknown key": {"header": {"kid": "nobody's"}},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_logout_token_ends_nothing(
    app: Flask, stranger: Browser, there: Provider, known: User, setup_engine: Engine, name: str
) -> None:
    there_and_back(stranger, there)
    assert tell(app, there.logout_token(**WRONG[name])) == 400 and is_in(stranger)
    with setup_engine.connect() as connection:
        last = connection.execute(text("SELECT action, outcome FROM access_entry ORDER BY at DESC LIMIT 1")).one()
    assert tuple(last) == ("session.sso_end_refused", "refused")


@pytest.mark.parametrize("how", [oidc.unsigned, oidc.by_public_key, oidc.by_secret, oidc.by_another_key])
def test_a_logout_token_that_the_provider_did_not_sign(
    app: Flask, stranger: Browser, there: Provider, known: User, how: Callable[..., str]
) -> None:
    there_and_back(stranger, there)
    there.sign = how
    assert tell(app, there.logout_token()) == 400 and is_in(stranger)


def test_an_identity_token_is_no_logout_token(app: Flask, stranger: Browser, there: Provider, known: User) -> None:
    there_and_back(stranger, there)
    assert tell(app, there.id_token("subject-1", "nonce")) == 400 and is_in(stranger)


@pytest.mark.parametrize("at", ["/sso/back-channel/nowhere", "/sso/back-channel/lakeside"])
def test_only_the_fmos_own_provider_is_obeyed(
    app: Flask, stranger: Browser, there: Provider, known: User, store: Session, at: str
) -> None:
    make.fmo(store, "lakeside")
    there_and_back(stranger, there)
    assert tell(app, there.logout_token(), at) == 400 and is_in(stranger)
    assert browser(app, None).post(AT, csrf=False).status_code == 400


def test_unknown_keys_do_not_make_the_portal_ask_each_time(
    app: Flask, stranger: Browser, there: Provider, known: User
) -> None:
    there_and_back(stranger, there)
    before = len(there.asked)
    for _ in range(5):
        assert tell(app, there.logout_token(header={"kid": "nobody's"})) == 400
    assert len(there.asked) == before


def test_what_nobody_needs_any_more_goes(
    app: Flask, stranger: Browser, there: Provider, known: User, store: Session, setup_engine: Engine
) -> None:
    stranger.get("/sso/start?org=summit")
    there_and_back(stranger, there)
    tell(app, there.logout_token())
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE sso_flow SET expires_at = now() - interval '1 day'"))
        connection.execute(text("UPDATE sso_logout_token SET expires_at = now() - interval '1 day'"))
    with app.app_context():
        assert purge() == 2
        assert purge() == 0
