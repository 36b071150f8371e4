"""The provider's second factor, where the FMO trusts it, and proving anew at the provider to be oneself."""

from __future__ import annotations

import html
import re
import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.core.scope import Role
from portal.identity.factors import demands
from portal.identity.models import Fmo, User
from portal.identity.sso.models import SsoProvider
from tests.portal.identity.sso.conftest import is_in, linked, there_and_back
from tests.support import builders as make
from tests.support.oidc import Provider
from tests.support.web import Browser, browser


@pytest.fixture(autouse=True)
def demanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second factor is demanded, as in an installation with people's data."""
    monkeypatch.setattr(demands, "relaxed", lambda: False)


@pytest.fixture
def trusting(store: Session, configured: SsoProvider) -> SsoProvider:
    """The FMO trusts its provider's second factor."""
    configured.trusts_factor, configured.strong_acr = True, "urn:several"
    store.commit()
    return configured


@pytest.mark.parametrize(
    ("claims", "enough"),
    [
        ({"amr": ["pwd", "mfa"]}, True),
        ({"acr": "urn:several"}, True),
        ({"amr": ["pwd"]}, False),
        ({"amr": []}, False),
        ({"acr": "urn:other"}, False),
        ({}, False),
    ],
)
def test_only_what_says_several_factors_is_enough(
    stranger: Browser, there: Provider, known: User, trusting: SsoProvider, claims: dict[str, Any], enough: bool
) -> None:
    there.claims = claims
    assert there_and_back(stranger, there).status_code == 303
    assert is_in(stranger) is enough


def test_an_fmo_that_does_not_trust_it_asks_itself(stranger: Browser, there: Provider, known: User) -> None:
    there.claims = {"amr": ["mfa"]}
    there_and_back(stranger, there)
    assert not is_in(stranger)


def test_compliance_officers_are_always_asked(
    stranger: Browser, there: Provider, trusting: SsoProvider, store: Session, fmo: Fmo
) -> None:
    linked(store, make.user(store, fmo, Role.COMPLIANCE), trusting.issuer)
    there.claims = {"amr": ["mfa"]}
    there_and_back(stranger, there)
    assert not is_in(stranger)


def test_what_was_proved_this_morning_is_not_proved_now(
    app: Flask, stranger: Browser, there: Provider, known: User, trusting: SsoProvider
) -> None:
    there.claims = {"amr": ["mfa"], "auth_time": int(time.time()) - 4 * 3600}
    there_and_back(stranger, there)
    assert "/step-up" in stranger.get("/fmo/settings/single-sign-on").location
    there.claims["auth_time"] = int(time.time())
    there_and_back(again := browser(app, None), there)
    assert again.get("/fmo/settings/single-sign-on").status_code == 200


@pytest.fixture
def stale(app: Flask, known: User, trusting: SsoProvider, setup_engine: Engine) -> Browser:
    """A session whose last proof is an hour old."""
    client = browser(app, known)
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE login_session SET proved_at = now() - interval '1 hour'"))
    return client


def prove(client: Browser, provider: Provider, subject: str = "subject-1") -> Any:
    """By the button of the page that asks anew."""
    page = client.post("/step-up/single-sign-on", data={"next": "/fmo/settings/single-sign-on"})
    found = re.search(r'content="0;url=([^"]+)"', page.text)
    assert found and "prompt=login" in found[1] and "max_age=0" in found[1]
    return client.get("/sso/callback", query_string=provider.authorize(html.unescape(found[1]), subject))


def test_proving_anew_at_the_provider(stale: Browser, there: Provider) -> None:
    assert "Prove it with single sign-on" in stale.get("/step-up").text
    there.claims = {"amr": ["mfa"], "auth_time": int(time.time())}
    assert prove(stale, there).location == "/fmo/settings/single-sign-on"
    assert stale.get("/fmo/settings/single-sign-on").status_code == 200


@pytest.mark.parametrize(
    ("claims", "subject"),
    [
        ({"amr": ["mfa"]}, "subject-1"),
        ({"amr": ["mfa"], "auth_time": 1_700_000_000}, "subject-1"),
        ({"amr": ["mfa"], "auth_time": "now"}, "subject-1"),
        ({"amr": ["mfa"], "auth_time": True}, "subject-1"),
        ({"amr": ["mfa"], "auth_time": 4_000_000_000}, "subject-2"),
    ],
    ids=["without a time", "long ago", "in words", "true", "somebody else"],
)
def test_what_proves_nothing(stale: Browser, there: Provider, claims: dict[str, Any], subject: str) -> None:
    there.claims = claims
    assert prove(stale, there, subject).status_code == 400
    assert "/step-up" in stale.get("/fmo/settings/single-sign-on").location
