"""A passkey is added for an answer to what this session was asked, from here, by a device that knew its owner."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from webauthn.helpers import bytes_to_base64url as b64

from portal.core.ids import new_id
from portal.core.scope import Role
from portal.identity.models import User
from portal.identity.origin import Origin
from portal.identity.passkeys import challenges, operations
from portal.identity.passkeys.models import Passkey
from portal.identity.passkeys.operations.registering import MOST, NOT_TAKEN, TOO_LATE, TOO_MANY, Refused
from portal.identity.passkeys.queries import passkeys_of
from tests.portal.identity.passkeys.conftest import Log, add, device
from tests.support import builders as make

pytestmark = pytest.mark.usefixtures("at_work")


def test_what_the_device_made_is_kept_and_logged(admin: User, log: Log) -> None:
    held = device()
    add(admin, held, "Work laptop")
    (key,) = passkeys_of(admin)
    assert (key.name, key.credential_id, key.user_id, key.fmo_id) == (
        "Work laptop", held.credential_id, admin.id, admin.fmo_id,
    )  # fmt: skip
    assert (key.sign_count, key.transports, key.is_synced, key.used_at) == (1, ["internal"], False, None)
    assert log() == [("passkey.add", "done", None)]


def test_what_the_device_is_asked_for(admin: User) -> None:
    held = device()
    add(admin, held)
    asked = json.loads(operations.ask_for_new(admin, new_id()))
    assert asked["rp"]["id"] == "localhost" and asked["rp"]["name"].endswith(" Benefits")
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["attestation"] == "none"
    assert [one["id"] for one in asked["excludeCredentials"]] == [b64(held.credential_id)]


def test_the_device_keeps_no_name_of_the_user(admin: User) -> None:
    held = device()
    add(admin, held)
    assert held.user_handle == admin.id.bytes


@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:8000"},
        {"rp_id": "evil.example"},
        {"crossOrigin": True},
    ],
)
def test_an_answer_from_elsewhere_adds_nothing(admin: User, log: Log, lies: dict[str, Any]) -> None:
    session_id = new_id()
    answer = device().make(operations.ask_for_new(admin, session_id), **lies)
    with pytest.raises(Refused, match=NOT_TAKEN[:30]):
        operations.add(admin, session_id, Origin(), answer=answer, name="Laptop")
    assert passkeys_of(admin) == []
    assert [entry[:2] for entry in log()] == [("passkey.refused", "refused")]


def test_a_device_that_does_not_know_its_owner_adds_nothing(admin: User) -> None:
    with pytest.raises(Refused):
        add(admin, device(knows_owner=False))
    assert passkeys_of(admin) == []


@pytest.mark.parametrize(
    "answer",
    ["", "{}", "[]", "null", "[" * 5000, '{"id":"a","rawId":"a","type":"public-key","response":{}}', "\x00", "1e999"],
)
def test_an_answer_that_is_none_adds_nothing(admin: User, answer: str) -> None:
    session_id = new_id()
    operations.ask_for_new(admin, session_id)
    with pytest.raises(Refused):
        operations.add(admin, session_id, Origin(), answer=answer, name="Laptop")


def test_a_question_is_answered_once(admin: User) -> None:
    session_id = new_id()
    asked = operations.ask_for_new(admin, session_id)
    operations.add(admin, session_id, Origin(), answer=device().make(asked), name="Laptop")
    with pytest.raises(Refused, match=TOO_LATE[:30]):
        operations.add(admin, session_id, Origin(), answer=device().make(asked), name="Another")


def test_a_question_is_good_for_five_minutes(admin: User, setup_engine: Engine) -> None:
    session_id = new_id()
    answer = device().make(operations.ask_for_new(admin, session_id))
    assert timedelta(minutes=5) == challenges.GOOD_FOR
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE passkey_challenge SET expires_at = expires_at - interval '5 minutes 1 second'"))
    with pytest.raises(Refused, match=TOO_LATE[:30]):
        operations.add(admin, session_id, Origin(), answer=answer, name="Laptop")


def test_a_question_of_another_session_or_user_is_none(admin: User, store: Session) -> None:
    other, session_id = make.user(store, make.fmo(store), Role.FMO_ADMIN), new_id()
    answer = device().make(operations.ask_for_new(admin, session_id))
    with pytest.raises(Refused, match=TOO_LATE[:30]):
        operations.add(admin, new_id(), Origin(), answer=answer, name="Laptop")
    with pytest.raises(Refused, match=TOO_LATE[:30]):
        operations.add(other, session_id, Origin(), answer=answer, name="Laptop")


def test_a_passkey_belongs_to_one_user_of_one_fmo(admin: User, store: Session) -> None:
    held, other = device(), make.user(store, make.fmo(store), Role.FMO_ADMIN)
    add(admin, held)
    with pytest.raises(Refused, match=NOT_TAKEN[:30]):
        add(other, held)
    with pytest.raises(Refused, match=NOT_TAKEN[:30]):
        add(admin, held)
    assert passkeys_of(other) == [] and len(passkeys_of(admin)) == 1


def test_a_password_alone_adds_the_first_factor_and_no_further_one(admin: User) -> None:
    first, second = new_id(), new_id()
    asked = [operations.ask_for_new(admin, session_id) for session_id in (first, second)]
    operations.add(admin, first, Origin(), answer=device().make(asked[0]), name="Laptop", only_first=True)
    with pytest.raises(Refused, match=TOO_LATE[:30]):
        operations.add(admin, second, Origin(), answer=device().make(asked[1]), name="Theirs", only_first=True)
    assert len(passkeys_of(admin)) == 1


def test_an_account_holds_so_many(admin: User, store: Session) -> None:
    for number in range(MOST):
        make.add(store, _planted(admin, bytes([number])))
    with pytest.raises(Refused, match=TOO_MANY[:20]):
        operations.ask_for_new(admin, new_id())


def _planted(user: User, credential_id: bytes) -> Passkey:
    held = {"credential_id": credential_id, "public_key": b"x", "sign_count": 0, "is_synced": False, "name": "x"}
    return Passkey(fmo_id=user.fmo_id, user_id=user.id, **held)
