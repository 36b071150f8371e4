"""A provider, an FMO that offers it, and the way there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.core import clock
from portal.core.crypto import encrypt
from portal.core.scope import Role
from portal.extensions import limiter
from portal.identity.models import Fmo, User
from portal.identity.sso import talking
from portal.identity.sso.models import SsoIdentity, SsoProvider
from portal.identity.sso.queries import SECRET_FIELD
from tests.support import builders as make
from tests.support import oidc
from tests.support.oidc import CLIENT, SECRET, Provider
from tests.support.web import Browser, browser

Return = Callable[..., TestResponse]


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """More browsers come from this one address in a minute than from any office."""
    monkeypatch.setattr(limiter, "enabled", False)


@pytest.fixture
def there() -> Iterator[Provider]:
    """The FMO's provider."""
    talking._known.clear()
    with oidc.running() as provider:
        yield provider


@pytest.fixture
def fmo(store: Session) -> Fmo:
    """An FMO."""
    return make.fmo(store, "summit")


@pytest.fixture
def configured(store: Session, fmo: Fmo, there: Provider) -> SsoProvider:
    """Its single sign-on, tested and offered."""
    return make.add(store, provider_row(fmo, there.issuer))


def provider_row(fmo: Fmo, issuer: str) -> SsoProvider:
    """A provider as an administrator leaves it."""
    sealed = encrypt(SECRET, fmo_id=fmo.id, field=SECRET_FIELD)
    made = SsoProvider(fmo_id=fmo.id, issuer=issuer, client_id=CLIENT, secret=sealed, secret_since=clock.now())
    made.offered, made.tested_at, made.tested_by = True, clock.now(), "Test"
    return made


@pytest.fixture
def known(store: Session, fmo: Fmo, configured: SsoProvider) -> User:
    """An administrator who is subject-1 there."""
    return linked(store, make.user(store, fmo, Role.FMO_ADMIN), configured.issuer)


def linked(store: Session, user: User, issuer: str, subject: str = "subject-1") -> User:
    """`user`, linked."""
    make.add(store, SsoIdentity(fmo_id=user.fmo_id, user_id=user.id, issuer=issuer, subject=subject))
    return user


@pytest.fixture
def stranger(app: Flask) -> Browser:
    """A browser that nobody is signed in with."""
    return browser(app, None)


def there_and_back(client: Browser, provider: Provider, subject: str = "subject-1", **instead: str) -> TestResponse:
    """Start, sign in at the provider, come back; `instead` changes what is brought back, "" takes it away."""
    begun = client.get("/sso/start?org=summit")
    assert begun.status_code == 303, begun.text
    brought = {**provider.authorize(begun.location, subject), **instead}
    return client.get("/sso/callback", query_string={name: value for name, value in brought.items() if value})


def is_in(client: Browser) -> bool:
    """Whether somebody is signed in with `client`."""
    return client.get("/login").status_code == 303
