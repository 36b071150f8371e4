"""A forgotten password: one answer for everybody, a link that works once, and no way around anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from statistics import median
from time import perf_counter

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.core import clock
from portal.core.outbox import Outbox
from portal.core.scope import Role
from portal.identity import accounts, passwords
from portal.identity.factors.models import TotpFactor
from portal.identity.guessing.limits import Limit
from portal.identity.guessing.models import KnownBrowser
from portal.identity.letters.models import Letter
from portal.identity.letters.operations import passwords as resets
from portal.identity.models import Credential, Fmo, User
from portal.identity.sso.models import SsoProvider
from tests.support import builders as make
from tests.support.letters import link_in, mailbox, send_all
from tests.support.web import Browser, browser

OLD, NEW = "quiet lantern over the bay", "three grey herons at noon"
OTHER = "203.0.113.80"  # one address may ask thirty times a minute


@pytest.fixture
def pat(store: Session) -> User:
    """Somebody with a password and a name that steers."""
    user = make.user(store, make.fmo(store), Role.FMO_ADMIN, first_name="Pat\nBcc: x@x.example", npn="8812034")
    make.add(store, Credential(fmo_id=user.fmo_id, id=user.id, password_hash=passwords.hash_password(OLD)))
    return user


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`later(minutes)` moves the clock on."""
    real, ahead = clock.now, [timedelta()]
    monkeypatch.setattr(clock, "now", lambda: real() + ahead[0])

    def move(minutes: float) -> None:
        ahead[0] += timedelta(minutes=minutes)

    return move


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer waits, except where a test asks for it."""
    monkeypatch.setattr(resets, "TAKES", 0)


def ask(app: Flask, email: str, address: str = "198.51.100.7") -> TestResponse:
    client = browser(app, None)
    client.get("/forgot")
    return client.post("/forgot", data={"email": email}, environ_base={"REMOTE_ADDR": address})


def link_for(app: Flask, store: Session, user: User, address: str = "198.51.100.7") -> str:
    assert ask(app, user.email, address).status_code == 200
    send_all(app, store)
    return link_in(mailbox(user.email)[-1])


def sign_in(app: Flask, user: User, password: str) -> int:
    return browser(app, None).post("/login", data={"email": user.email, "password": password}).status_code


def actions(engine: Engine) -> list[tuple[str, str, str | None]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT action, outcome, detail->>'why' FROM access_entry ORDER BY at, id"))
        return [(row[0], row[1], row[2]) for row in rows]


def test_a_link_sets_a_password_once_and_ends_everything_else(
    app: Flask, store: Session, pat: User, setup_engine: Engine
) -> None:
    elsewhere = browser(app, pat)
    assert elsewhere.get("/fmo/").status_code == 200
    make.add(store, KnownBrowser(fmo_id=pat.fmo_id, user_id=pat.id, token_hash="x"))
    link = link_for(app, store, pat)
    client = browser(app, None)
    assert "New password" in client.get(link).text
    answer = client.post(link, data={"password": NEW})
    assert (answer.status_code, answer.location) == (303, "/fmo/")
    assert client.get("/fmo/").status_code == 200, "it leads in"
    assert elsewhere.get("/fmo/").status_code == 303
    assert (sign_in(app, pat, OLD), sign_in(app, pat, NEW)) == (422, 303)
    again = browser(app, None)
    assert again.get(link).status_code == again.post(link, data={"password": NEW}).status_code == 404
    assert all(row.token_hash != "x" for row in store.scalars(select(KnownBrowser)))
    send_all(app, store)
    assert mailbox(pat.email)[-1]["Subject"] == "Your password was changed"
    told = [action for action, _, _ in actions(setup_engine)]
    assert told.count("reset.ask") == told.count("reset.use") == 1 and told.count("letter.mail") == 2


def test_a_link_is_no_way_around_the_second_factor(app: Flask, store: Session, pat: User) -> None:
    make.add(store, TotpFactor(fmo_id=pat.fmo_id, user_id=pat.id, seed="none"))
    client = browser(app, None)
    answer = client.post(link_for(app, store, pat), data={"password": NEW})
    assert (answer.status_code, answer.location) == (303, "/login/second")
    assert client.get("/fmo/").status_code == 303, "a stranger's still"


def test_every_request_is_answered_in_the_same_words_and_mailed_only_to_who_may_sign_in(
    app: Flask, store: Session, pat: User, setup_engine: Engine
) -> None:
    fmo = make.fmo(store)
    states = {"invited": "invited", "deactivated": "deactivated", "no password": "active"}
    others = {why: make.user(store, fmo, Role.FMO_ADMIN, state=state) for why, state in states.items()}
    others["locked_out"] = make.user(store, fmo, Role.FMO_ADMIN, suspended_at=clock.now())
    others["left"] = make.user(store, fmo, Role.FMO_ADMIN, leaves_on=clock.today() - timedelta(days=1))
    for why in ("deactivated", "locked_out", "left"):
        user = others[why]
        make.add(store, Credential(fmo_id=user.fmo_id, id=user.id, password_hash=passwords.hash_password(OLD)))
    asked = [pat.email, "nobody@x.example", *(user.email for user in others.values())]
    answers = [ask(app, email) for email in asked]
    pages = {(answer.status_code, answer.get_data()) for answer in answers}
    assert len(pages) == 1 and next(iter(pages))[0] == 200
    (letter,) = store.scalars(select(Letter)).all()
    assert letter.user_id == pat.id
    refused = {
        why for action, outcome, why in actions(setup_engine) if (action, outcome) == ("reset.refused", "refused")
    }
    assert refused == set(others)
    with setup_engine.connect() as connection:
        unknown = connection.execute(text("SELECT action, installation_entry::text FROM installation_entry")).one()
    assert unknown[0] == "reset.refused" and "nobody" not in unknown[1]


def test_where_local_passwords_are_off_none_is_mailed_and_none_works(app: Flask, store: Session, pat: User) -> None:
    link = link_for(app, store, pat)
    keeper = make.user(store, store.get_one(Fmo, pat.fmo_id), Role.FMO_ADMIN)
    make.add(
        store,
        SsoProvider(
            fmo_id=pat.fmo_id,
            issuer="https://id.example",
            client_id="portal",
            secret="none",
            offered=True,
            passwords_off=True,
            break_glass_id=keeper.id,
        ),
    )
    assert browser(app, None).get(link).status_code == 404
    assert browser(app, None).post(link, data={"password": NEW}).status_code == 404
    ask(app, pat.email)
    assert len(store.scalars(select(Letter)).all()) == 1


def test_every_request_takes_as_long(app: Flask, pat: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resets, "TAKES", 0.5)
    monkeypatch.setattr(resets, "ASKED_FOR_ONE_USER", Limit("x", 100, timedelta(hours=1)))
    client = browser(app, None)
    client.get("/forgot")
    times: dict[str, list[float]] = {pat.email: [], "nobody@x.example": []}
    for _ in range(3):
        for email, taken in times.items():
            begun = perf_counter()
            client.post("/forgot", data={"email": email})
            taken.append(perf_counter() - begun)
    known, unknown = (median(taken) for taken in times.values())
    assert min(known, unknown) >= 0.5 and abs(known - unknown) < 0.15 * unknown, times


def test_a_newer_link_ends_the_older_and_an_hour_ends_both(
    app: Flask, store: Session, pat: User, later: Callable[[float], None]
) -> None:
    older = link_for(app, store, pat)
    newer = link_for(app, store, pat)
    assert [browser(app, None).get(link).status_code for link in (older, newer)] == [404, 200]
    later(59)
    assert browser(app, None).get(newer).status_code == 200
    later(2)
    assert browser(app, None).get(newer).status_code == 404
    assert browser(app, None).post(newer, data={"password": NEW}).status_code == 404


@pytest.mark.parametrize(
    "change",
    [{"email": "pat.new@x.example"}, {"state": "deactivated"}, {"suspended_at": clock.now()}, {"state": "invited"}],
)
def test_a_link_dies_with_the_address_and_with_who_may_be_in(
    app: Flask, store: Session, pat: User, change: dict[str, object]
) -> None:
    link = link_for(app, store, pat)
    held = store.merge(pat)
    for name, value in change.items():
        setattr(held, name, value)
    store.commit()
    assert browser(app, None).get(link).status_code == 404
    assert browser(app, None).post(link, data={"password": NEW}).status_code == 404


@pytest.mark.parametrize(
    ("away", "back"),
    [
        ({"state": "deactivated"}, {"state": "active"}),
        ({"state": "invited"}, {"state": "active"}),  # a reset by the staff, whose link was used meanwhile
        ({"suspended_at": clock.now()}, {"suspended_at": None}),
    ],
)
def test_a_link_does_not_wake_up_with_who_may_be_in_again(
    app: Flask, store: Session, pat: User, away: dict[str, object], back: dict[str, object]
) -> None:
    link = link_for(app, store, pat, OTHER)
    held = store.merge(pat)
    for change in (away, back):
        for name, value in change.items():
            setattr(held, name, value)
        store.commit()
    assert browser(app, None).get(link).status_code == 404
    assert browser(app, None).post(link, data={"password": NEW}).status_code == 404
    assert browser(app, None).get(link_for(app, store, pat, OTHER)).status_code == 200, "a new one works"


def test_a_link_ends_with_a_password_that_the_operator_sets(app: Flask, store: Session, pat: User) -> None:
    link = link_for(app, store, pat, OTHER)
    with app.app_context():
        accounts.reset_password(pat.email, NEW)
    assert browser(app, None).get(link).status_code == 404


def test_a_weak_password_spends_nothing_and_a_lock_ends_with_a_new_one(app: Flask, store: Session, pat: User) -> None:
    for _ in range(5):
        sign_in(app, pat, "wrong")
    assert sign_in(app, pat, OLD) == 422
    link = link_for(app, store, pat)
    client = browser(app, None)
    for weak in ("short", "Password12345", "88120348812034", "pat pat pat pat"):
        assert client.post(link, data={"password": weak}).status_code == 422
    assert client.post(link, data={"password": NEW}).status_code == 303
    assert sign_in(app, pat, NEW) == 303


def test_who_asks_often_gets_no_more_mails_and_the_same_answer(
    app: Flask, store: Session, pat: User, later: Callable[[float], None], setup_engine: Engine
) -> None:
    pages = {ask(app, pat.email, f"198.51.100.{number}").get_data() for number in range(7)}
    assert len(pages) == 1
    assert len(store.scalars(select(Letter)).all()) == 5
    assert [why for action, _, why in actions(setup_engine) if action == "reset.refused"] == ["too many"] * 2
    later(61)
    ask(app, pat.email)
    store.expire_all()
    assert len(store.scalars(select(Letter)).all()) == 6


def test_one_address_asks_for_few(app: Flask, store: Session, pat: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resets, "ASKED_FROM_ONE_ADDRESS", Limit("x", 2, timedelta(hours=1)))
    for _ in range(2):
        ask(app, "nobody@x.example")
    ask(app, pat.email)
    assert store.scalars(select(Letter)).all() == []
    ask(app, pat.email, "198.51.100.8")
    assert len(store.scalars(select(Letter)).all()) == 1


def test_neither_database_nor_queue_nor_log_holds_the_link_and_no_mail_a_number(
    app: Flask, store: Session, pat: User, setup_engine: Engine
) -> None:
    token = link_for(app, store, pat).rsplit("/", 1)[1]
    with setup_engine.connect() as connection:
        for table in ("letter", "outbox", "access_entry"):
            rows = connection.execute(text(f"SELECT {table}::text FROM {table}")).scalars().all()
            assert rows and not any(token in row for row in rows)
            assert table == "letter" or not any(pat.email in row for row in rows)
    (job,) = store.scalars(select(Outbox)).all()
    assert job.args == [str(pat.fmo_id), str(store.scalars(select(Letter.id)).one())]
    (mail,) = mailbox(pat.email)
    assert "8812034" not in mail.as_string() and "Bcc" not in mail
    assert str(mail.get_content()).startswith("Hello Pat Bcc: x@x.example,\n")


def test_a_letter_goes_out_once(app: Flask, store: Session, pat: User) -> None:
    link = link_for(app, store, pat)
    send_all(app, store)
    assert len(mailbox(pat.email)) == 1 and browser(app, None).get(link).status_code == 200


def test_two_who_use_one_link_at_once_set_one_password(app: Flask, store: Session, pat: User) -> None:
    from concurrent.futures import ThreadPoolExecutor

    link = link_for(app, store, pat)
    clients = [browser(app, None) for _ in range(6)]
    for client in clients:
        client.get("/login")

    def use(pair: tuple[int, Browser]) -> int:
        return pair[1].post(link, data={"password": f"{NEW} {pair[0]}"}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(use, enumerate(clients))) == [303, *[404] * 5]
