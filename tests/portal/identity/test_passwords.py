"""Passwords: taken whole, refused where anybody could guess them, hashed anew when the parameters grow."""

from __future__ import annotations

import time

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy.orm import Session

from portal.core.scope import Role
from portal.identity import passwords
from portal.identity.models import Credential
from portal.identity.weakness import COMMON, CONTEXT, weakness
from tests.support import builders as make
from tests.support.web import browser

ABOUT = [
    "Pat",
    "Qworthington",
    "pat.qworthington@harbor.example",
    "8812034",
    "Summit Senior Benefits",
    "Harbor Insurance",
]


@pytest.mark.parametrize(
    "password",
    ["password12345", "Password1234!", "qwertyuiop12", "asdfghjkl;'1", "1q2w3e4r5t6y", "letmeinletmein", "iloveyou2023",
     "123456789012", "aaaaaaaaaaaaaaaa", "abcdefghijklm", "P@ssw0rd" * 9, "trustno1trustno1", "4" * 1000],
)  # fmt: skip
def test_what_everybody_uses_is_refused(password: str) -> None:
    assert weakness(password, about=ABOUT) == COMMON or weakness(password, about=ABOUT) == CONTEXT


@pytest.mark.parametrize(
    "password",
    ["Qworthington-2026", "qworthington2026!", "QW0RTH1NGT0N 99!", "pat.qworthington@harbor.example",
     "SummitSeniorBenefits", "Summit Senior Benefits 2026!", "8812034 8812034", "Harbor-Insurance-1",
     "agentportal 2026!", "5umm1t 53n10r!!"],
)  # fmt: skip
def test_words_of_the_context_are_refused(password: str) -> None:
    assert weakness(password, about=ABOUT) is not None


def test_a_name_inside_a_long_password_is_no_fault() -> None:
    assert weakness("Pat walks seven grey dogs at dawn", about=ABOUT) is None
    assert weakness("an agent of quiet copper kettles", about=ABOUT) is None


@pytest.mark.parametrize(
    "password",
    ["quiet lantern over the bay", "x7!Qv$2m@Lw9", "тихий фонарь над заливом", "静かな湾の上の灯籠が光る夜",
     "   grün & schief 3 Mäuse"],
)  # fmt: skip
def test_words_in_a_row_and_other_scripts_are_taken(password: str) -> None:
    assert weakness(password, about=ABOUT) is None


def test_length_alone_counts_no_character_of_a_kind() -> None:
    assert "12 characters" in (weakness("elevenchars") or "")
    assert "1,000" in (weakness("quiet lantern " * 80) or "")


def test_a_thousand_characters_are_looked_at_in_no_time_and_hashed_whole() -> None:
    long = "".join(f"{number:x}-Lantern " for number in range(200))[:1000]
    began = time.monotonic()
    assert weakness(long, about=ABOUT) is None
    weakness(("@4a3e1i!|0o5s$7t+" * 60)[:1000], about=ABOUT)
    assert time.monotonic() - began < 5
    stored = passwords.hash_password(long)
    assert passwords.matches(stored, long)
    assert not passwords.matches(stored, long[:-1]), "the last character counts"


def test_one_password_typed_on_two_systems_is_the_same() -> None:
    composed, apart = "caf\u00e9 terrace at noon", "cafe\u0301 terrace at noon"
    assert passwords.matches(passwords.hash_password(composed), apart)


def test_the_hash_grows_with_its_parameters_at_the_next_sign_in(app: Flask, store: Session) -> None:
    user = make.user(store, make.fmo(store), Role.FMO_ADMIN)
    password = "quiet lantern over the bay"
    small = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(password)
    row = make.add(store, Credential(fmo_id=user.fmo_id, id=user.id, password_hash=small))
    assert passwords.outgrown(small)
    browser(app, None).post("/login", data={"email": user.email, "password": "wrong"})
    store.refresh(row)
    assert row.password_hash == small, "only the right password can be hashed anew"
    assert browser(app, None).post("/login", data={"email": user.email, "password": password}).status_code == 303
    store.refresh(row)
    assert row.password_hash != small and not passwords.outgrown(row.password_hash)
    assert passwords.matches(row.password_hash, password)
