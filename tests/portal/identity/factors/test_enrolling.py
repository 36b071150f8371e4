"""Setting up, replacing and losing a factor."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage

import pyotp
import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.core import clock
from portal.core.scope import Login, Role, Scope
from portal.identity import accounts
from portal.identity.factors import operations, recovery
from portal.identity.factors.mail import SAYS, tell_change
from portal.identity.models import User
from portal.identity.origin import Origin
from portal.identity.passkeys.models import Passkey
from tasks.jobs import system_scope
from tests.portal.identity.factors.conftest import Person, signing_in
from tests.support import builders as make
from tests.support.people import acting
from tests.support.web import Browser, browser

Equip = Callable[[User], Person]
_CODE = re.compile(r"<li>(\d-\w{4}-\w{4}-\w{4})</li>")


def seed_on(page: TestResponse) -> str:
    """The key that the page offers to type."""
    found = re.search(r'class="mono secret">([A-Z2-7 ]+)<', page.text)
    assert found and "<svg" in page.text
    return found[1].replace(" ", "")


def enrol(client: Browser, address: str) -> list[str]:
    """Set up an app at `address`; the recovery codes of the answer."""
    seed = seed_on(client.get(address))
    return _CODE.findall(client.post(address, data={"code": pyotp.TOTP(seed).now()}).text)


@pytest.mark.usefixtures("required")
def test_an_officer_sets_one_up_and_is_in(app: Flask, admin: User, setup_engine: Engine) -> None:
    client = signing_in(app, admin)
    page = client.get("/login/enrol")
    seed = seed_on(page)
    assert seed_on(client.get("/login/enrol")) == seed, "the picture stays the same until it is confirmed"
    assert client.post("/login/enrol", data={"code": "12"}).status_code == 422
    shown = client.post("/login/enrol", data={"code": pyotp.TOTP(seed).now()})
    codes = _CODE.findall(shown.text)
    assert len(set(codes)) == recovery.COUNT and 'href="/fmo/"' in shown.text
    assert client.get("/fmo/").status_code == 200
    with setup_engine.connect() as connection:
        stored = str(connection.execute(text("SELECT * FROM totp_factor")).all())
        stored += str(connection.execute(text("SELECT * FROM recovery_code")).all())
        stored += str(connection.execute(text("SELECT data FROM login_session")).all())
        stored += str(connection.execute(text("SELECT detail FROM access_entry")).all())
    assert seed not in stored and not [code for code in codes if recovery.canonical(code) in stored]


@pytest.mark.usefixtures("required")
def test_a_recovery_code_works_once(app: Flask, admin: User) -> None:
    first, *_ = enrol(signing_in(app, admin), "/login/enrol")
    for number, expected in ((1, "/fmo/"), (2, None)):
        client = signing_in(app, admin)
        answer = client.post("/login/second", data={"proof_recovery": f" {first.lower().replace('-', ' ')} "})
        assert answer.location == expected, number
        assert ("9 of 10 are left" in client.get("/fmo/", follow_redirects=True).text) == (number == 1)
    assert "9 of 10 left" in browser(app, admin).get("/account/security").text


@pytest.mark.usefixtures("required")
def test_the_code_that_set_it_up_is_used_up(app: Flask, admin: User) -> None:
    client = signing_in(app, admin)
    code = pyotp.TOTP(seed_on(client.get("/login/enrol"))).now()
    client.post("/login/enrol", data={"code": code})
    assert signing_in(app, admin).post("/login/second", data={"proof_code": code}).status_code == 422


def test_every_other_session_ends_and_a_mail_says_so(app: Flask, agent: User, setup_engine: Engine) -> None:
    here, there = browser(app, agent), browser(app, agent)
    between = signing_in(app, agent)
    assert len(enrol(here, "/account/security/app")) == recovery.COUNT
    assert here.get("/crm/").status_code == 200
    assert there.get("/crm/").location.startswith("/login")
    assert between.get("/crm/").location.startswith("/login")
    with setup_engine.connect() as connection:
        sent = connection.execute(text("SELECT job, args FROM outbox")).all()
    assert [(job, args[1:]) for job, args in sent] == [("tell_factor_change", [str(agent.id), "added"])]


@pytest.mark.parametrize("what", sorted(SAYS))
def test_the_mail_names_no_secret(app: Flask, agent: User, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    sent: list[EmailMessage] = []
    monkeypatch.setattr("portal.identity.factors.mail.deliver", sent.append)
    with acting(app, system_scope(str(agent.fmo_id))):
        tell_change(agent.id, what, tries=0)
    assert [str(mail["To"]) for mail in sent] == [agent.email]
    assert SAYS[what].split(".")[0] in sent[0].get_content().replace("\n", " ")


def test_a_mail_that_fails_is_ordered_again_and_not_for_ever(
    app: Flask, agent: User, monkeypatch: pytest.MonkeyPatch, setup_engine: Engine
) -> None:
    def away(message: object) -> None:
        raise OSError

    monkeypatch.setattr("portal.identity.factors.mail.deliver", away)
    for tries in (0, 8):
        with acting(app, system_scope(str(agent.fmo_id))):
            tell_change(agent.id, "added", tries=tries)
    with setup_engine.connect() as connection:
        assert [args[3] for args in connection.execute(text("SELECT args FROM outbox")).scalars()] == ["1"]


def test_replacing_ends_the_old_app(app: Flask, agent: User, equipped: Equip) -> None:
    old = equipped(agent)
    assert len(enrol(browser(app, agent), "/account/security/app")) == recovery.COUNT
    client = signing_in(app, agent)
    assert client.post("/login/second", data={"proof_code": old.code()}).status_code == 422


@pytest.mark.usefixtures("required")
def test_the_last_factor_stays_where_one_is_demanded(app: Flask, admin: User, equipped: Equip) -> None:
    person = equipped(admin)
    client = browser(app, admin)
    assert "It cannot be removed" in client.get("/account/security").text
    client.post("/account/security/app/remove")
    assert "only second factor" in client.get("/account/security").text
    assert signing_in(app, admin).post("/login/second", data={"proof_code": person.code()}).location == "/fmo/"


def test_it_is_removed_with_its_recovery_codes_where_none_is_demanded(
    app: Flask, agent: User, setup_engine: Engine
) -> None:
    client = browser(app, agent)
    enrol(client, "/account/security/app")
    assert client.post("/account/security/app/remove").location == "/account/security"
    assert "Set up an app" in client.get("/account/security").text
    with setup_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM recovery_code")).scalar_one() == 0
    assert signing_in(app, agent).answer.location == "/crm/"  # type: ignore[attr-defined]


def test_new_recovery_codes_end_the_old_ones(app: Flask, agent: User) -> None:
    client = browser(app, agent)
    old = enrol(client, "/account/security/app")
    new = _CODE.findall(client.post("/account/security/codes").text)
    assert len(new) == recovery.COUNT and not set(old) & set(new)
    assert signing_in(app, agent).post("/login/second", data={"proof_recovery": old[0]}).status_code == 422
    assert signing_in(app, agent).post("/login/second", data={"proof_recovery": new[0]}).location == "/crm/"


def test_nobody_without_a_factor_makes_recovery_codes(app: Flask, agent: User, setup_engine: Engine) -> None:
    assert browser(app, agent).post("/account/security/codes").location == "/account/security"
    with setup_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM recovery_code")).scalar_one() == 0


def test_the_file_holds_the_codes_and_nothing_else(app: Flask, agent: User) -> None:
    sent = {"shown": ["3-HKWM-92PD-VXQT", "<script>", "=1+1", "x" * 13]}
    answer = browser(app, agent).post("/account/security/codes.txt", data=sent)
    assert answer.text == "3-HKWM-92PD-VXQT\r\n"
    assert answer.headers["Content-Type"].startswith("text/plain") and "attachment" in str(answer.headers)


def test_a_lost_factor_is_reset_and_every_session_ends(
    app: Flask, admin: User, equipped: Equip, store: Session, setup_engine: Engine
) -> None:
    equipped(admin)
    client = browser(app, admin)
    with app.app_context():
        assert accounts.reset_factor(admin.email, "phone lost") == 1
    assert client.get("/fmo/").location.startswith("/login")
    assert signing_in(app, admin).answer.location == "/fmo/"  # type: ignore[attr-defined]  # relaxed: none is demanded
    with setup_engine.connect() as connection:
        logged = text("SELECT reason, detail->'kinds', subject_ids FROM access_entry WHERE action = 'factor.reset'")
        assert connection.execute(logged).one() == ("phone lost", ["totp"], [admin.id])
        assert connection.execute(text("SELECT args[3] FROM outbox")).scalars().all() == ["reset"]


def test_nobody_resets_a_user_of_another_fmo(app: Flask, admin: User, equipped: Equip, store: Session) -> None:
    equipped(admin)
    other = make.fmo(store)
    by = Scope(login=Login.FMO, role=Role.FMO_ADMIN, fmo_id=other.id, actor_name="Somebody else")
    with app.app_context(), pytest.raises(LookupError):
        operations.reset(admin.id, by)


def test_two_windows_that_set_up_an_app_make_one(app: Flask, agent: User) -> None:
    seeds = [pyotp.random_base32(), pyotp.random_base32()]
    with app.app_context():
        done = [operations.add_totp(agent, seed, pyotp.TOTP(seed).at(clock.now()), Origin()) for seed in seeds]
    assert done == [True, False]


def test_no_app_is_set_up_beside_a_passkey_that_came_in_this_moment(app: Flask, agent: User, store: Session) -> None:
    held = {"credential_id": b"key", "public_key": b"key", "sign_count": 0, "transports": [], "is_synced": False}
    make.add(store, Passkey(fmo_id=agent.fmo_id, user_id=agent.id, name="Key", **held))
    seed = pyotp.random_base32()
    with app.test_request_context():
        assert not operations.add_totp(agent, seed, pyotp.TOTP(seed).at(clock.now()), Origin())
        assert operations.add_totp(agent, seed, pyotp.TOTP(seed).at(clock.now()), Origin(), replace=True), (
            "who is in may"
        )
