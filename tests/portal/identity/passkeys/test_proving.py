"""What an answer proves: only that the device of this user signed what this session was asked for, just now, here."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from webauthn.helpers import bytes_to_base64url as b64

from portal.core.ids import new_id
from portal.core.scope import Role
from portal.identity.factors.operations import Outcome, attempt
from portal.identity.models import User
from portal.identity.origin import Origin
from portal.identity.passkeys import operations
from portal.identity.passkeys.challenges import Purpose
from portal.identity.passkeys.operations.proving import COPIED, NO_CHALLENGE, UNKNOWN
from portal.identity.passkeys.queries import passkeys_of
from tests.portal.identity.passkeys.conftest import Log, add, device
from tests.support import builders as make
from tests.support.authenticator import Device

pytestmark = pytest.mark.usefixtures("at_work")
SECOND = Purpose.SECOND


def prove(user: User, held: Device, purpose: Purpose = SECOND, **lies: Any) -> bool:
    """Ask and answer within one session."""
    session_id = new_id()
    answer = held.sign(operations.ask(session_id, purpose, user), **lies)
    return judged(session_id, user, answer, purpose)


def judged(session_id: UUID, user: User, answer: str, purpose: Purpose = SECOND) -> bool:
    check = operations.passkey_is_right(user, session_id, purpose, answer)
    return attempt(user, "passkey", check, Origin(), at=purpose.value) is Outcome.RIGHT


def refusals(log: Log) -> list[str | None]:
    return [why for action, outcome, why in log() if (action, outcome) == ("passkey.refused", "refused")]


@pytest.fixture
def held(admin: User) -> Device:
    """The admin's device, with a passkey in it."""
    made = device()
    add(admin, made)
    return made


def test_the_users_device_proves_and_the_count_is_kept(admin: User, held: Device) -> None:
    for used in (2, 3):
        assert prove(admin, held)
        (key,) = passkeys_of(admin)
        assert key.sign_count == used and key.used_at is not None


def test_a_user_is_asked_for_their_own_keys_and_for_a_finger_or_a_pin(admin: User, held: Device) -> None:
    asked = json.loads(operations.ask(new_id(), SECOND, admin))
    assert [one["id"] for one in asked["allowCredentials"]] == [b64(held.credential_id)]
    assert (asked["userVerification"], asked["rpId"]) == ("required", "localhost")
    assert len(asked["challenge"]) >= 43
    assert json.loads(operations.ask(new_id(), Purpose.SIGN_IN, None))["allowCredentials"] == []


@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "http://localhost:8000\x00"},
        {"rp_id": "evil.example"},
        {"type": "webauthn.create"},
        {"crossOrigin": True},
        {"challenge": b64(bytes(32))},
        {"signature": b"forged"},
        {"user_handle": bytes(16)},
    ],
)
def test_a_forged_answer_or_one_from_elsewhere_proves_nothing(
    admin: User, held: Device, log: Log, lies: dict[str, Any]
) -> None:
    assert not prove(admin, held, **lies)
    (key,) = passkeys_of(admin)
    assert (key.sign_count, key.doubted_at) == (1, None), "what is not signed changes nothing"
    assert len(refusals(log)) == 1


def test_a_device_that_does_not_know_its_owner_proves_nothing(admin: User, held: Device) -> None:
    held.knows_owner = False
    assert not prove(admin, held)


def test_an_answer_counts_once(admin: User, held: Device, log: Log) -> None:
    session_id = new_id()
    answer = held.sign(operations.ask(session_id, SECOND, admin))
    assert judged(session_id, admin, answer)
    assert not judged(session_id, admin, answer)
    assert refusals(log) == [NO_CHALLENGE]


def test_a_refused_answer_uses_the_question_up(admin: User, held: Device) -> None:
    session_id = new_id()
    asked = operations.ask(session_id, SECOND, admin)
    assert not judged(session_id, admin, held.sign(asked, signature=b"forged"))
    assert not judged(session_id, admin, held.sign(asked))


def test_of_two_answers_at_the_same_moment_one_counts(app: Flask, admin: User) -> None:
    synced, session_id = device(counts=False), new_id()
    add(admin, synced)
    answer = synced.sign(operations.ask(session_id, SECOND, admin))
    found: list[bool] = []
    together = threading.Barrier(8)

    def answering() -> None:
        with app.app_context():
            together.wait()
            found.append(judged(session_id, admin, answer))

    threads = [threading.Thread(target=answering) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(True) == 1 and len(found) == 8


def test_a_question_is_for_one_session_one_purpose_and_five_minutes(
    admin: User, held: Device, setup_engine: Engine
) -> None:
    session_id = new_id()
    answer = held.sign(operations.ask(session_id, SECOND, admin))
    assert not judged(new_id(), admin, answer)
    assert not judged(session_id, admin, answer, Purpose.STEP_UP)
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE passkey_challenge SET expires_at = expires_at - interval '5 minutes 1 second'"))
    assert not judged(session_id, admin, answer)


def test_a_neighbours_passkey_proves_nothing(admin: User, held: Device, store: Session, log: Log) -> None:
    other = make.user(store, make.fmo(store), Role.FMO_ADMIN)
    add(other, device())
    assert not prove(other, held)
    assert refusals(log) == [UNKNOWN]


def test_a_copy_is_found_out_and_neither_is_taken_any_more(admin: User, held: Device, log: Log) -> None:
    copy = replace(held)
    assert prove(admin, held)
    assert not prove(admin, copy), "its count stands where the other's stood before"
    (key,) = passkeys_of(admin)
    assert key.doubted_at is not None
    assert not prove(admin, held)
    assert refusals(log) == [COPIED, COPIED]
    assert [entry[0] for entry in log()].count("passkey.doubt") == 1
    assert json.loads(operations.ask(new_id(), SECOND, admin))["allowCredentials"] == []


def test_nobody_can_make_a_count_look_wrong_without_the_key(admin: User, held: Device) -> None:
    forger = replace(held, key=device().key, used=0)
    held.used = 40
    assert prove(admin, held)
    assert not prove(admin, forger)
    assert prove(admin, held), "it still works: nothing was signed"


def test_a_synced_passkey_counts_nothing_and_goes_on_working(admin: User) -> None:
    synced = device(counts=False)
    add(admin, synced)
    assert prove(admin, synced) and prove(admin, synced)
    assert passkeys_of(admin)[0].is_synced


def test_one_that_counted_may_not_stop_counting(admin: User, held: Device) -> None:
    held.counts = False
    assert not prove(admin, held)


def test_a_removed_passkey_proves_nothing(admin: User, held: Device, log: Log) -> None:
    (key,) = passkeys_of(admin)
    session_id = new_id()
    asked = operations.ask(session_id, SECOND, admin)
    assert operations.remove(admin, key.id, Origin()) == "Laptop"
    assert not judged(session_id, admin, held.sign(asked))
    assert ("passkey.remove", "done", None) in log()


def test_only_the_owner_renames_and_removes(admin: User, held: Device, store: Session) -> None:
    (key,) = passkeys_of(admin)
    colleague = make.user(store, _fmo_of(store, admin), Role.FMO_ADMIN)
    for who in (colleague, make.user(store, make.fmo(store), Role.FMO_ADMIN)):
        with pytest.raises(operations.NoSuchPasskey):
            operations.rename(who, key.id, "Mine now", Origin())
        with pytest.raises(operations.NoSuchPasskey):
            operations.remove(who, key.id, Origin())
    operations.rename(admin, key.id, "Blue key", Origin())
    assert passkeys_of(admin)[0].name == "Blue key"


def _fmo_of(store: Session, user: User) -> Any:
    from portal.identity.models import Fmo

    return store.get_one(Fmo, user.fmo_id)
