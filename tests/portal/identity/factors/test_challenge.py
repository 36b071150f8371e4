"""Between the factors: nobody is in, one code is one sign-in, and wrong ones are counted by the database."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.identity.factors import operations
from portal.identity.factors.operations import MAX_TRIES, Outcome
from portal.identity.factors.views.proving import WRONG
from portal.identity.models import Fmo, User
from portal.identity.origin import Origin
from portal.identity.standing import TOLD, TRIES
from tests.portal.identity.factors.conftest import PASSWORD, Person, signing_in
from tests.support.web import browser

pytestmark = pytest.mark.usefixtures("required")
GIVEN_UP = f"/login?because={TRIES}"
Equip = Callable[[User], Person]


def actions(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT action, outcome FROM access_entry ORDER BY at, id"))
        return [(row[0], row[1]) for row in found]


def test_password_then_code_leads_home_and_where_one_wanted_to_go(app: Flask, admin: User, equipped: Equip) -> None:
    person = equipped(admin)
    client = browser(app, None)
    sent = {"email": admin.email, "password": PASSWORD, "next": "/fmo/policies"}
    assert client.post("/login", data=sent).location == "/login/second"
    client.csrf_token = None
    between = client.get_cookie("portal_session")
    answer = client.post("/login/second", data={"proof_code": f" {person.code()[:3]} {person.code()[3:]} "})
    assert (answer.status_code, answer.location) == (303, "/fmo/policies")
    after = client.get_cookie("portal_session")
    assert between and after and between.value != after.value, "the token is renewed at each step"
    stale = browser(app, None)
    stale.set_cookie("portal_session", between.value)
    assert stale.get("/login/second").location == "/login"
    assert client.get("/fmo/policies").status_code == 200


def test_half_way_is_logged_and_the_session_begins_with_the_second(
    app: Flask, admin: User, equipped: Equip, setup_engine: Engine
) -> None:
    person = equipped(admin)
    client = signing_in(app, admin)
    assert actions(setup_engine) == [("session.half_way", "done")]
    client.post("/login/second", data={"proof_code": person.code()})
    assert [name for name, _ in actions(setup_engine)] == ["session.half_way", "factor.prove", "session.start"]


def test_a_wrong_or_old_code_is_told_so(app: Flask, admin: User, equipped: Equip) -> None:
    person = equipped(admin)
    client = signing_in(app, admin)
    for code in ("000000" if person.code() != "000000" else "111111", person.code(-3), person.code(3), "12"):
        answer = client.post("/login/second", data={"proof_code": code})
        assert answer.status_code == 422 and WRONG["totp"] in answer.text
    assert client.get("/fmo/").location.startswith("/login")


def test_one_code_is_one_sign_in_also_in_parallel(app: Flask, admin: User, equipped: Equip) -> None:
    person = equipped(admin)
    code, outcomes = person.code(), []
    start = threading.Barrier(20)

    def use() -> None:
        with app.app_context():
            start.wait()
            check = operations.code_is_right(admin, code)
            outcomes.append(operations.attempt(admin, "totp", check, Origin(), at="second"))

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(Outcome.RIGHT) == 1 and len(outcomes) == 20


def test_the_step_itself_is_taken_once(app: Flask, admin: User, equipped: Equip) -> None:
    # Without the count's lock before it, the conditional update alone must hold.
    person = equipped(admin)
    check = operations.code_is_right(admin, person.code())
    with app.app_context():
        for expected in (True, False):
            with operations.as_user(admin, Origin()) as work:
                assert check(work) is expected


def test_too_many_wrong_codes_end_every_half_way_session(
    app: Flask, admin: User, equipped: Equip, setup_engine: Engine
) -> None:
    person = equipped(admin)
    first, second = signing_in(app, admin), signing_in(app, admin)
    for _ in range(MAX_TRIES - 1):
        assert first.post("/login/second", data={"proof_code": "x"}).status_code == 422
    answer = second.post("/login/second", data={"proof_code": "x"})
    assert answer.location == GIVEN_UP
    assert TOLD[TRIES] in second.get(GIVEN_UP).text
    for client in (first, second):
        assert client.get("/login/second").location == "/login"
    assert ("factor.refused", "refused") in actions(setup_engine)
    again = signing_in(app, admin)
    locked = again.post("/login/second", data={"proof_code": person.code()})
    assert locked.location == GIVEN_UP, "even for the right code"


def test_an_officer_without_a_factor_must_set_one_up(app: Flask, admin: User) -> None:
    client = signing_in(app, admin)
    assert client.answer.location == "/login/enrol"  # type: ignore[attr-defined]
    assert client.get("/login/second").location == "/login/enrol"
    assert client.get("/fmo/").location.startswith("/login")


def test_one_proved_factor_is_not_enough_to_add_another(app: Flask, admin: User, equipped: Equip) -> None:
    equipped(admin)
    client = signing_in(app, admin)
    assert client.get("/login/enrol").location == "/login/second"
    assert client.post("/login/enrol", data={"code": "000000"}).location == "/login/second"


def test_start_over_ends_it(app: Flask, admin: User, equipped: Equip) -> None:
    equipped(admin)
    client = signing_in(app, admin)
    assert client.post("/login/start-over").location == "/login"
    assert client.get("/login/second").location == "/login"


def test_somebody_deactivated_between_the_factors_is_out(
    app: Flask, admin: User, equipped: Equip, store: Session
) -> None:
    person = equipped(admin)
    client = signing_in(app, admin)
    store.merge(admin).state = "deactivated"
    store.commit()
    assert client.post("/login/second", data={"proof_code": person.code()}).location == "/login"


@pytest.mark.parametrize("switched_off", [True, False])
def test_the_fmo_decides_for_agents_and_not_for_officers(
    app: Flask, agent: User, admin: User, store: Session, switched_off: bool
) -> None:
    for user in (agent, admin):
        fmo = store.get_one(Fmo, user.fmo_id)
        fmo.rules = {"second_factor_agents": not switched_off}
    store.commit()
    assert signing_in(app, agent).answer.location == ("/crm/" if switched_off else "/login/enrol")  # type: ignore[attr-defined]
    assert signing_in(app, admin).answer.location == "/login/enrol"  # type: ignore[attr-defined]


def test_who_set_one_up_is_asked_though_nobody_has_to(app: Flask, agent: User, equipped: Equip, store: Session) -> None:
    equipped(agent)
    store.get_one(Fmo, agent.fmo_id).rules = {"second_factor_agents": False}
    store.commit()
    assert signing_in(app, agent).answer.location == "/login/second"  # type: ignore[attr-defined]
