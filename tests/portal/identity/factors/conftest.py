"""An installation that demands second factors, and people who hold one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pyotp
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from portal.core import clock, crypto
from portal.core.scope import Role
from portal.identity import passwords
from portal.identity.factors import totp
from portal.identity.factors.models import TotpFactor
from portal.identity.factors.operations import SEED
from portal.identity.models import Credential, User
from tests.support import builders as make
from tests.support.web import Browser, browser

PASSWORD = "quiet lantern over the bay"


@pytest.fixture
def required(app: Flask) -> Iterator[None]:
    """Second factors are demanded, as outside the demo."""
    kept = app.config["PORTAL"]
    app.config["PORTAL"] = replace(kept, second_factor="required")
    yield
    app.config["PORTAL"] = kept


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a password and an app."""

    user: User
    seed: str

    def code(self, steps: int = 0) -> str:
        """What the app shows, `steps` steps from now."""
        return pyotp.TOTP(self.seed).generate_otp(int(clock.now().timestamp()) // totp.STEP + steps)


@pytest.fixture
def admin(store: Session) -> User:
    """An FMO admin with a password and nothing else."""
    user = make.user(store, make.fmo(store), Role.FMO_ADMIN)
    make.add(store, Credential(fmo_id=user.fmo_id, id=user.id, password_hash=passwords.hash_password(PASSWORD)))
    return user


@pytest.fixture
def agent(store: Session) -> User:
    """An agent of a Business with a password and nothing else."""
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "8812034"))
    user = make.user(store, fmo, Role.AGENT_ADMIN, business, npn="8812034")
    make.add(store, Credential(fmo_id=user.fmo_id, id=user.id, password_hash=passwords.hash_password(PASSWORD)))
    return user


@pytest.fixture
def equipped(store: Session, app: Flask) -> Callable[[User], Person]:
    """Give somebody an app."""

    def equip(user: User) -> Person:
        seed = totp.new_seed()
        stored = crypto.encrypt(seed, fmo_id=user.fmo_id, field=SEED)
        make.add(store, TotpFactor(fmo_id=user.fmo_id, user_id=user.id, seed=stored))
        return Person(user, seed)

    return equip


def signing_in(app: Flask, user: User) -> Browser:
    """A browser in which `user` has just sent the right password."""
    client = browser(app, None)
    client.answer = client.post("/login", data={"email": user.email, "password": PASSWORD})  # type: ignore[attr-defined]
    client.csrf_token = None  # with the new session the forms have a new one
    return client


def with_password(store: Session, user: User) -> User:
    """Give somebody of the world the password."""
    make.add(store, Credential(fmo_id=user.fmo_id, id=user.id, password_hash=passwords.hash_password(PASSWORD)))
    return user
