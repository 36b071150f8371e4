"""People, their browsers' sessions and devices, and what the log says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.core.ids import new_id
from portal.core.scope import Role
from portal.identity import passwords
from portal.identity.models import Credential, User
from portal.identity.origin import Origin
from portal.identity.passkeys import operations
from portal.identity.passkeys.party import party
from tests.portal.identity.factors.conftest import PASSWORD
from tests.support import builders as make
from tests.support.authenticator import Device

Log = Callable[[], list[tuple[str, str, str | None]]]


@pytest.fixture
def at_work(app: Flask) -> Iterator[None]:
    """Inside the application, where its address is known."""
    with app.app_context():
        yield


@pytest.fixture
def admin(store: Session) -> User:
    """Somebody who wants a passkey."""
    return make.user(store, make.fmo(store), Role.FMO_ADMIN)


@pytest.fixture
def log(setup_engine: Engine) -> Log:
    """`log()` gives action, outcome and the reason of every entry so far."""

    def read() -> list[tuple[str, str, str | None]]:
        with setup_engine.connect() as connection:
            rows = connection.execute(text("SELECT action, outcome, detail->>'why' FROM access_entry ORDER BY at, id"))
            return [(row[0], row[1], row[2]) for row in rows]

    return read


def device(*, counts: bool = True, knows_owner: bool = True) -> Device:
    """A device of whoever opens the portal where it is."""
    return Device(party().origin, counts=counts, knows_owner=knows_owner)


def add(user: User, held: Device, name: str = "Laptop") -> UUID:
    """Give `user` the passkey of `held`; its id."""
    session_id = new_id()
    asked = operations.ask_for_new(user, session_id)
    return operations.add(user, session_id, Origin(), answer=held.make(asked), name=name)


@pytest.fixture
def owner(store: Session, admin: User) -> User:
    """The admin, with a password."""
    hashed = passwords.hash_password(PASSWORD)
    make.add(store, Credential(fmo_id=admin.fmo_id, id=admin.id, password_hash=hashed))
    return admin


@pytest.fixture
def held(app: Flask, owner: User) -> Device:
    """Their device, with a passkey in it."""
    with app.app_context():
        made = device()
        add(owner, made)
    return made
