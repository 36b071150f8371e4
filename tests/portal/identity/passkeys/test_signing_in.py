"""Signing in with a passkey alone: both factors at once, the same standing as a password, one answer for every no."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.core import clock
from portal.core.scope import Role
from portal.identity.factors.operations import MAX_TRIES
from portal.identity.guessing import limits
from portal.identity.models import Fmo, User
from portal.identity.origin import Origin
from portal.identity.passkeys import operations
from portal.identity.passkeys.operations import signing_in as at_the_door
from portal.identity.passkeys.queries import passkeys_of
from portal.identity.passkeys.views.signing_in import WRONG
from portal.identity.sso.models import SsoProvider
from portal.identity.standing import LEFT, LOCKED, TOLD
from portal.identity.views.signing_in import TOO_MANY
from tests.portal.identity.factors.conftest import required, signing_in
from tests.portal.identity.passkeys.conftest import Log, device
from tests.support import builders as make
from tests.support.authenticator import Device
from tests.support.web import Browser, browser

__all__ = ["required"]
DOOR = "/login/passkey"


def question(client: Browser) -> str:
    answer = client.post(f"{DOOR}/question")
    assert answer.status_code == 200 and owner_free(answer.text)
    return answer.text


def owner_free(asked: str) -> bool:
    return '"allowCredentials": []' in asked


def knock(app: Flask, held: Device, next_page: str = "", **lies: Any) -> tuple[Browser, TestResponse]:
    client = browser(app, None)
    sent = {"answer": held.sign(question(client), **lies), "next": next_page}
    return client, client.post(DOOR, data=sent)


def is_refused(answer: TestResponse) -> bool:
    return answer.status_code == 422 and WRONG in answer.text


@pytest.mark.usefixtures("required")
def test_a_passkey_is_both_factors(app: Flask, held: Device, log: Log) -> None:
    client, answer = knock(app, held, "/fmo/policies")
    assert (answer.status_code, answer.location) == (303, "/fmo/policies")
    assert client.get("/fmo/policies").status_code == 200
    assert client.get("/account/passkeys/new").status_code == 200, "it was a proof of a moment ago"
    assert [entry[0] for entry in log()][1:3] == ["factor.prove", "session.start"]


def test_it_leads_nowhere_else(app: Flask, held: Device) -> None:
    assert knock(app, held, "//evil.example")[1].location == "/fmo/"


def test_the_session_is_a_new_one(app: Flask, held: Device) -> None:
    client = browser(app, None)
    answer = held.sign(question(client))
    before = client.get_cookie("portal_session")
    client.post(DOOR, data={"answer": answer})
    after = client.get_cookie("portal_session")
    assert before and after and before.value != after.value


@pytest.mark.parametrize(
    "lies",
    [{"origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"signature": b"x"}, {"user_handle": b""},
     {"user_handle": bytes(16)}, {"type": "webauthn.create"}],
)  # fmt: skip
def test_a_forged_answer_is_refused(app: Flask, held: Device, lies: dict[str, Any]) -> None:
    client, answer = knock(app, held, **lies)
    assert is_refused(answer)
    assert client.get("/fmo/").location.startswith("/login")


def test_a_device_that_does_not_know_its_owner_is_one_factor_only(app: Flask, held: Device) -> None:
    held.knows_owner = False
    assert is_refused(knock(app, held)[1])


def test_an_answer_is_for_one_session_and_one_time(app: Flask, owner: User, held: Device) -> None:
    client, other = browser(app, None), browser(app, None)
    answer = held.sign(question(client))
    question(other)
    assert is_refused(other.post(DOOR, data={"answer": answer}))
    assert client.post(DOOR, data={"answer": answer}).location == "/fmo/"
    question(other)
    assert is_refused(other.post(DOOR, data={"answer": answer}))


def test_an_answer_between_the_factors_is_none_at_the_door(app: Flask, owner: User, held: Device) -> None:
    client = signing_in(app, owner)
    asked = client.post("/login/second/passkey/question").text
    assert is_refused(client.post(DOOR, data={"answer": held.sign(asked)}))


def test_an_unknown_passkey_looks_like_a_wrong_one(app: Flask, setup_engine: Engine, owner: User) -> None:
    with app.app_context():
        nobodys = device()
    nobodys.user_handle = owner.id.bytes
    assert is_refused(knock(app, nobodys)[1])
    with setup_engine.connect() as connection:
        found = connection.execute(text("SELECT action, outcome, reason FROM installation_entry")).all()
    assert [tuple(row) for row in found] == [("session.refused", "refused", "unknown passkey")]


def test_a_removed_passkey_opens_nothing(app: Flask, owner: User, held: Device) -> None:
    with app.app_context():
        operations.remove(owner, passkeys_of(owner)[0].id, Origin())
    assert is_refused(knock(app, held)[1])


@pytest.mark.parametrize("state", ["deactivated", "invited"])
def test_who_may_not_sign_in_is_not_told_so(app: Flask, store: Session, owner: User, held: Device, state: str) -> None:
    store.merge(owner).state = state
    store.commit()
    client, answer = knock(app, held)
    assert is_refused(answer)
    assert client.get("/fmo/").location.startswith("/login")


def test_a_locked_account_is_locked_for_passkeys_too(app: Flask, setup_engine: Engine, held: Device, log: Log) -> None:
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE credential SET locked_until = now() + interval '10 minutes'"))
    assert is_refused(knock(app, held)[1])
    assert ("session.refused", "refused", "locked") in log()


def test_where_the_fmo_lets_nobody_in_by_a_password_a_passkey_does_not_either(
    app: Flask, store: Session, owner: User, held: Device, log: Log
) -> None:
    keeper = make.user(store, store.get_one(Fmo, owner.fmo_id), Role.FMO_ADMIN)
    told = {"issuer": "https://id.example", "client_id": "x", "secret": "x", "offered": True, "passwords_off": True}
    provider = make.add(store, SsoProvider(fmo_id=owner.fmo_id, break_glass_id=keeper.id, **told))
    assert is_refused(knock(app, held)[1])
    assert ("session.refused", "refused", "single sign-on only") in log()
    provider.break_glass_id = owner.id
    store.commit()
    assert knock(app, held)[1].location == "/fmo/", "whoever keeps the way in for when the provider is away"


@pytest.mark.parametrize(
    ("why", "standing"),
    [(LOCKED, {"suspended_at": clock.now()}), (LEFT, {"leaves_on": clock.today() - timedelta(days=1)})],
)
def test_who_was_suspended_or_has_left_is_told_after_the_proof(
    app: Flask, store: Session, owner: User, held: Device, why: str, standing: dict[str, Any]
) -> None:
    row = store.merge(owner)
    for name, value in standing.items():
        setattr(row, name, value)
    store.commit()
    client, answer = knock(app, held)
    assert answer.status_code == 422 and TOLD[why][:40] in answer.text
    assert client.get("/fmo/").location.startswith("/login")
    assert is_refused(knock(app, held, signature=b"x")[1]), "nobody else learns it"


def test_too_many_wrong_ones_lock_the_passkeys_without_a_word(app: Flask, owner: User, held: Device) -> None:
    for _ in range(MAX_TRIES):
        assert is_refused(knock(app, held, signature=b"x")[1])
    assert is_refused(knock(app, held)[1])


def test_tries_from_one_address_are_counted_with_those_of_passwords(
    app: Flask, held: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = limits.Limit("sign-in", most=2, within=timedelta(minutes=15))
    monkeypatch.setattr(at_the_door, "FROM_ONE_ADDRESS", few)
    for _ in range(3):
        assert knock(app, held)[1].status_code == 303, "a right one is not counted"
    for _ in range(2):
        assert is_refused(knock(app, held, signature=b"x")[1])
    answer = knock(app, held)[1]
    assert answer.status_code == 429 and TOO_MANY[:40] in answer.text
