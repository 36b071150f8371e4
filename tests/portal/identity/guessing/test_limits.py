"""Guessing: wrong tries of one account and of one address are limited in the database, also where many come at once."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import pytest
from flask import Flask
from flask_limiter import Limiter
from limits.storage import storage_from_string
from redis.exceptions import RedisError
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.core import clock
from portal.core.scope import Role
from portal.extensions import limiter
from portal.identity import passwords
from portal.identity.guessing import browsers, limits
from portal.identity.guessing.models import KnownBrowser, Tries
from portal.identity.models import Credential, User
from portal.identity.operations import signing_in
from portal.identity.operations.signing_in import FROM_ONE_ADDRESS, FROM_THERE
from portal.identity.views.signing_in import TOO_MANY, WRONG
from tests.support import builders as make
from tests.support.web import Browser, browser

PASSWORD = "quiet lantern over the bay"


@pytest.fixture
def pat(store: Session) -> User:
    """Somebody with a password."""
    user = make.user(store, make.fmo(store), Role.FMO_ADMIN)
    make.add(store, Credential(fmo_id=user.fmo_id, id=user.id, password_hash=passwords.hash_password(PASSWORD)))
    return user


@pytest.fixture(autouse=True)
def without_redis() -> Iterator[Limiter]:
    """The limits of this module hold without the other limiter, which needs Redis."""
    limiter.enabled = False
    yield limiter
    limiter.enabled = True


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> object:
    """`later(minutes)` moves the clock on."""
    real, ahead = clock.now, [timedelta()]
    monkeypatch.setattr(clock, "now", lambda: real() + ahead[0])

    def move(minutes: float) -> None:
        ahead[0] += timedelta(minutes=minutes)

    return move


def try_at(client: Browser, user: User, password: str = "wrong", address: str = "198.51.100.7") -> TestResponse:
    return client.post(
        "/login", data={"email": user.email, "password": password}, environ_base={"REMOTE_ADDR": address}
    )


def lock(app: Flask, user: User, address: str = "203.0.113.9") -> None:
    for _ in range(signing_in.LOCK_AFTER):
        assert try_at(browser(app, None), user, address=address).status_code == 422


def whys(engine: Engine) -> list[str | None]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT detail->>'why' FROM access_entry ORDER BY at")).scalars())


def test_each_lock_is_longer_than_the_one_before_and_a_good_sign_in_ends_the_row(
    app: Flask, pat: User, store: Session, later: object
) -> None:
    assert callable(later)
    for minutes in (15, 30, 60, 120, 240, 240):
        lock(app, pat)
        assert try_at(browser(app, None), pat, PASSWORD).status_code == 422, "locked for the right password too"
        later(minutes - 1)
        assert try_at(browser(app, None), pat, PASSWORD).status_code == 422, f"not open before {minutes} minutes"
        later(1.1)
    assert try_at(browser(app, None), pat, PASSWORD).status_code == 303
    credential = store.get_one(Credential, (pat.fmo_id, pat.id))
    assert (credential.failed_count, credential.locks, credential.locked_until) == (0, 0, None)


def test_a_locked_account_answers_as_an_unknown_one(app: Flask, pat: User) -> None:
    lock(app, pat)
    locked, unknown = (
        browser(app, None).post("/login", data={"email": email, "password": PASSWORD}).text.replace(email, "")
        for email in (pat.email, "nobody@x.example")
    )
    assert WRONG in locked
    assert _without_token(locked) == _without_token(unknown)


def _without_token(page: str) -> list[str]:
    return [line for line in page.splitlines() if "csrf" not in line]


def test_thirty_wrong_tries_at_once_count_as_thirty_and_a_right_one_behind_them_is_late(
    app: Flask, pat: User, store: Session, setup_engine: Engine
) -> None:
    clients = [browser(app, None) for _ in range(30)]
    for client in clients:
        client.get("/login")
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda client: try_at(client, pat).status_code, clients))
    assert answers == [422] * 30
    assert sorted(filter(None, whys(setup_engine))) == ["locked"] * 25 + ["wrong password"] * 5
    assert try_at(browser(app, None), pat, PASSWORD).status_code == 422
    (counted,) = store.scalars(select(Tries)).all()
    assert counted.count == 31


def test_the_owner_gets_in_with_a_known_browser_while_somebody_else_locks_the_account(
    app: Flask, pat: User, setup_engine: Engine
) -> None:
    own = browser(app, None)
    assert try_at(own, pat, PASSWORD).status_code == 303
    own.delete_cookie("portal_session")
    lock(app, pat)
    assert try_at(browser(app, None), pat, PASSWORD).status_code == 422
    own.csrf_token = None
    assert try_at(own, pat, PASSWORD).status_code == 303
    assert try_at(browser(app, None), pat, PASSWORD).status_code == 422, "the lock holds for everybody else"
    with setup_engine.connect() as connection:
        hashes = connection.execute(text("SELECT token_hash FROM known_browser")).scalars().all()
    cookie = own.get_cookie("portal_known")
    assert cookie and cookie.value not in hashes and cookie.http_only and len(hashes) == 1


def test_a_known_browser_has_five_wrong_tries_of_its_own(app: Flask, pat: User, store: Session) -> None:
    thief = browser(app, None)
    assert try_at(thief, pat, PASSWORD).status_code == 303
    thief.delete_cookie("portal_session")
    thief.csrf_token = None
    for _ in range(browsers.OWN_TRIES):
        assert try_at(thief, pat).status_code == 422
    assert store.scalars(select(KnownBrowser)).all() == []
    lock(app, pat)
    assert try_at(thief, pat, PASSWORD).status_code == 422


def test_a_planted_token_is_worth_nothing_after_the_owner_signs_in(app: Flask, pat: User, store: Session) -> None:
    mallory = make.user(store, make.fmo(store), Role.FMO_ADMIN)
    make.add(store, Credential(fmo_id=mallory.fmo_id, id=mallory.id, password_hash=passwords.hash_password(PASSWORD)))
    theirs = browser(app, None)
    try_at(theirs, mallory, PASSWORD)
    planted = theirs.get_cookie("portal_known")
    assert planted
    own = browser(app, None)
    own.set_cookie("portal_known", planted.value)
    assert try_at(own, pat, PASSWORD).status_code == 303
    lock(app, pat)
    theirs.delete_cookie("portal_session")
    theirs.csrf_token = None
    assert try_at(theirs, pat, PASSWORD).status_code == 422
    fresh = own.get_cookie("portal_known")
    assert fresh and fresh.value != planted.value
    own.delete_cookie("portal_session")
    own.csrf_token = None
    assert try_at(own, pat, PASSWORD).status_code == 303


def test_one_address_has_a_limit_over_all_accounts_and_a_known_browser_stands_outside(
    app: Flask, pat: User, setup_engine: Engine, monkeypatch: pytest.MonkeyPatch, later: object
) -> None:
    own = browser(app, None)
    assert try_at(own, pat, PASSWORD).status_code == 303
    own.delete_cookie("portal_session")
    own.csrf_token = None
    few = limits.Limit(FROM_ONE_ADDRESS.door, 3, FROM_ONE_ADDRESS.within)
    monkeypatch.setattr(signing_in, "FROM_ONE_ADDRESS", few)
    guesser = browser(app, None)
    for number in range(3):
        nobody = User(email=f"nobody{number}@x.example")
        assert try_at(guesser, nobody).status_code == 422
    told = [try_at(browser(app, None), who, PASSWORD) for who in (pat, User(email="nobody@x.example"))]
    assert [answer.status_code for answer in told] == [429, 429]
    assert all(TOO_MANY in answer.text for answer in told)
    assert FROM_THERE in whys(setup_engine)
    assert try_at(own, pat, PASSWORD).status_code == 303
    assert try_at(browser(app, None), pat, PASSWORD, address="198.51.100.8").status_code == 303, "another address"
    assert callable(later)
    later(16)
    assert try_at(browser(app, None), pat, PASSWORD).status_code == 303


def test_right_passwords_do_not_fill_an_offices_limit(app: Flask, pat: User, store: Session) -> None:
    for _ in range(3):
        assert try_at(browser(app, None), pat, PASSWORD).status_code == 303
    assert [row.count for row in store.scalars(select(Tries)).all()] == [0]


def test_no_password_stands_in_the_log(app: Flask, pat: User, setup_engine: Engine) -> None:
    try_at(browser(app, None), pat, "a wrong password that is secret")
    try_at(browser(app, None), User(email="nobody@x.example"), "a wrong password that is secret")
    with setup_engine.connect() as connection:
        for table in ("access_entry", "installation_entry", "guess_tries"):
            rows = connection.execute(text(f"SELECT {table}::text FROM {table}")).scalars().all()
            assert rows and not any("secret" in row for row in rows)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_one_place_is_an_address_or_a_households_network(address: str | None, place: str) -> None:
    assert limits.place_of(address) == place


def test_what_no_limit_asks_for_is_deleted(app: Flask, pat: User, later: object, store: Session) -> None:
    try_at(browser(app, None), pat, PASSWORD)
    try_at(browser(app, None), pat)
    assert callable(later)
    with app.app_context():
        assert (limits.forget_old(), browsers.forget_old()) == (0, 0)
        later(60 * 24 * 91)
        assert (limits.forget_old(), browsers.forget_old()) == (1, 1)
    assert store.scalars(select(Tries)).all() == []
    assert store.scalars(select(KnownBrowser)).all() == []


def test_a_frozen_valkey_makes_no_sign_in_wait(app: Flask) -> None:
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as frozen:  # a short path: sockets need one
        path = Path(folder) / "frozen.sock"
        frozen.bind(str(path))
        frozen.listen()  # connections are taken and never answered
        storage = storage_from_string(f"redis+unix://{path}", **app.config["RATELIMIT_STORAGE_OPTIONS"])
        begun = perf_counter()
        with pytest.raises(RedisError):
            storage.incr("door", 60)
    assert perf_counter() - begun < 4
    assert limiter._storage_options == app.config["RATELIMIT_STORAGE_OPTIONS"], "and so are ours counted"
