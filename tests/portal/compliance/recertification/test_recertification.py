"""Recertifying users' access: everybody is listed, each is decided by another one, and what is signed stays."""

from __future__ import annotations

import io
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from portal.compliance.recertification import operations, people, queries
from portal.compliance.recertification.models import Recertification, RecertificationLine
from portal.core import clock
from portal.core.scope import Role
from portal.identity.models import Invitation, LoginSession, User
from portal.identity.sso.models import SsoProvider
from tests.portal.compliance.alarms.test_alarms import alarms, watch
from tests.portal.compliance.test_access import entries, logged
from tests.support import builders as make
from tests.support.world import Office, World

PAGE = "/compliance/recertification"
Line = RecertificationLine


def quarters(store: Session, office: Office) -> list[Recertification]:
    """The FMO's."""
    store.rollback()
    query = select(Recertification).where(Recertification.fmo_id == office.fmo.id)
    return list(store.scalars(query.execution_options(populate_existing=True)))


def lines(store: Session, found: Recertification) -> dict[str, Line]:
    """By the user's email; of who was withdrawn and is back, the later line."""
    store.rollback()
    query = select(Line).where(Line.recertification_id == found.id).order_by(Line.decision.is_not(None).desc(), Line.id)
    return {one.email: one for one in store.scalars(query.execution_options(populate_existing=True))}


@pytest.fixture
def officer(world: World, client_for: Any) -> Any:
    """The browser of Summit's officer."""
    return client_for(world.summit.compliance)


@pytest.fixture
def second(world: World, store: Session) -> User:
    """Another officer of Summit's."""
    return make.user(store, world.summit.fmo, Role.COMPLIANCE, email="second@summit.example", last_name="Qsecondone")


@pytest.fixture
def begun(world: World, store: Session, second: User, officer: Any) -> Recertification:
    """This quarter's, begun by the first officer."""
    assert officer.post(f"{PAGE}/begin").status_code == 303
    [found] = quarters(store, world.summit)
    return found


def decide(browser: Any, found: Recertification, line: Line, decision: str, note: str = "") -> Any:
    """Send the form of one user."""
    return browser.post(f"{PAGE}/{found.id}/users/{line.id}", data={"decision": decision, "note": note})


def confirm_all(store: Session, found: Recertification, *browsers: Any) -> None:
    """Tick whatever is undecided, in each of the browsers."""
    for browser in browsers:
        open_ones = [str(one.id) for one in lines(store, found).values() if one.decision is None]
        assert browser.post(f"{PAGE}/{found.id}/confirm", data={"user": open_ones}).status_code == 303


def sign(browser: Any, found: Recertification) -> str:
    """Click Sign; the page that follows."""
    return str(browser.post(f"{PAGE}/{found.id}/sign", follow_redirects=True).text)


def test_quarters_are_calendar_quarters() -> None:
    days = {date(2026, 1, 1): "2026-Q1", date(2026, 3, 31): "2026-Q1", date(2026, 4, 1): "2026-Q2"}
    days |= {date(2026, 9, 30): "2026-Q3", date(2026, 12, 31): "2026-Q4"}
    assert {day: queries.quarter_of(day) for day in days} == days


def test_everybody_with_access_is_listed_once_and_nobody_else(
    world: World, store: Session, begun: Recertification, officer: Any
) -> None:
    found = lines(store, begun)
    mine = select(User.email).where(User.fmo_id == world.summit.fmo.id, User.state != "deactivated")
    assert set(found) == set(store.scalars(mine))
    amy, admin = found[world.amy.admin.email], found["admin@summit.example"]
    assert (amy.role, amy.account, amy.npn) == ("agent_admin", world.amy.business.name, world.amy.admin.npn)
    assert (admin.role, admin.account, admin.has_factor) == ("fmo_admin", None, False)
    assert officer.post(f"{PAGE}/begin").status_code == 303, "again"
    assert len(quarters(store, world.summit)) == 1
    shown = officer.get(f"{PAGE}/{begun.id}").text
    assert world.amy.admin.email in shown and "@lakeside.example" not in shown
    user = officer.get(f"{PAGE}/{begun.id}/users/{amy.id}").text
    assert "In their own Business, all of it." in user and "See the account&#39;s contacts and policies" in user
    assert [e.detail["users"] for e in entries(store, world.summit, "recertification.begin")] == [len(found)]


def test_what_becomes_of_an_account_or_the_fmo_is_told_before_somebody_is_withdrawn(
    world: World, store: Session, begun: Recertification, officer: Any
) -> None:
    found = lines(store, begun)
    pat, lee, amy, admin = world.pat.user, world.lee.user, world.amy.admin, world.summit.admin
    make.user(store, world.summit.fmo, Role.FMO_ADMIN, last_name="Qanotheradmin")
    provider = {"issuer": "https://login.summit.example", "client_id": "portal", "offered": True}
    kept = {"passwords_off": True, "break_glass_id": admin.id}
    make.add(store, SsoProvider(fmo_id=world.summit.fmo.id, **provider, **kept))

    def shown(user: User) -> str:
        return str(officer.get(f"{PAGE}/{begun.id}/users/{found[user.email].id}").text)

    assert f"{pat.name} is the last Administrator of {world.harbor.business.name}" in shown(pat)
    assert f"{amy.name} is the only user of {world.amy.business.name}" in shown(amy)
    assert f"{admin.name} keeps the one password" in shown(admin)
    assert "If you withdraw" not in shown(lee)
    assert decide(officer, begun, found[pat.email], "withdrawn", "Left the agency.").status_code == 303, "no more"
    assert "last Administrator" not in shown(pat), "it is done"


def test_who_left_and_who_is_deactivated_has_no_access(world: World, store: Session, officer: Any) -> None:
    world.amy.admin.leaves_on = datetime.now(UTC).date() - timedelta(days=2)
    world.nora.admin.state = "deactivated"
    world.lee.user.suspended_at = datetime.now(UTC)
    store.commit()
    officer.post(f"{PAGE}/begin")
    found = lines(store, quarters(store, world.summit)[0])
    assert world.amy.admin.email not in found and world.nora.admin.email not in found
    assert found[world.lee.user.email].state == "locked", "they may be let in again"


def test_second_factors_are_known_whatever_they_are(world: World, store: Session, officer: Any) -> None:
    from portal.core.crypto import encrypt
    from portal.identity.factors.models import TotpFactor
    from tests.isolation.ground import passkey

    fmo_id, admin = world.summit.fmo.id, world.summit.admin
    make.add(store, passkey(world.amy.admin))
    make.add(store, passkey(world.lou.admin))
    seed = encrypt("JBSWY3DPEHPK3PXP", fmo_id=fmo_id, field="totp_factor.seed")
    make.add(store, TotpFactor(fmo_id=fmo_id, user_id=admin.id, seed=seed))
    officer.post(f"{PAGE}/begin")
    found = lines(store, quarters(store, world.summit)[0])
    assert {email for email, one in found.items() if one.has_factor} == {admin.email, world.amy.admin.email}


def test_ticked_users_are_confirmed_but_not_oneself(
    world: World, store: Session, begun: Recertification, officer: Any, client_for: Any
) -> None:
    before = lines(store, begun)
    own = before[world.summit.compliance.email]
    officer.post(f"{PAGE}/{begun.id}/confirm", data={"user": [str(own.id), str(before["admin@summit.example"].id)]})
    after = lines(store, begun)
    assert [email for email, one in after.items() if one.decision] == ["admin@summit.example"]
    assert after["admin@summit.example"].decided_name == world.summit.compliance.name
    [entry] = entries(store, world.summit, "recertification.confirm")
    assert entry.subject_ids == [world.summit.admin.id]


def test_nobody_certifies_themself_by_any_way(
    world: World, store: Session, begun: Recertification, officer: Any, acting_as: Any
) -> None:
    own = lines(store, begun)[world.summit.compliance.email]
    shown = officer.get(f"{PAGE}/{begun.id}/users/{own.id}").text
    assert "Nobody recertifies themself" in shown and 'name="decision"' not in shown
    for decision in ("confirmed", "withdrawn"):
        refused = decide(officer, begun, own, decision, "I want it so")
        assert refused.status_code == 409 and "Nobody recertifies their own access" in refused.text
    assert lines(store, begun)[own.email].decision is None
    who = {"who": world.summit.compliance.id, "line": own.id}
    words = "decision = 'confirmed', decided_at = now(), decided_by = :who, decided_name = 'x'"
    from portal.extensions import db

    with pytest.raises(IntegrityError, match="nobody_themselves"), acting_as(world.summit.compliance):
        db.session.execute(text(f"UPDATE recertification_line SET {words} WHERE id = :line"), who)
    with pytest.raises(ProgrammingError, match="row-level security"), acting_as(world.summit.compliance):
        other = {**who, "who": world.summit.admin.id}
        db.session.execute(text(f"UPDATE recertification_line SET {words} WHERE id = :line"), other)


def test_it_stays_open_until_another_officer_has_decided_about_the_first(
    world: World, store: Session, begun: Recertification, second: User, officer: Any, client_for: Any
) -> None:
    confirm_all(store, begun, officer)
    assert "Only your own access is left" in sign(officer, begun)
    assert quarters(store, world.summit)[0].signed_at is None
    confirm_all(store, begun, client_for(second))
    assert "It is signed" in sign(officer, begun)
    assert quarters(store, world.summit)[0].signed_by == world.summit.compliance.id


@pytest.mark.parametrize("who", ["staff", "agent", "officer"])
def test_whose_access_is_withdrawn_is_out_at_once(
    who: str, world: World, store: Session, begun: Recertification, second: User, officer: Any, client_for: Any
) -> None:
    person = {"staff": world.summit.staff[Role.FMO_STEWARD], "agent": world.amy.admin, "officer": second}[who]
    browser = client_for(person)
    home = {"staff": "/fmo/", "agent": "/crm/", "officer": "/compliance/"}[who]
    assert browser.get(home).status_code == 200
    invitation = make.add(store, Invitation(fmo_id=person.fmo_id, user_id=person.id, wrong_tries=0))
    line = lines(store, begun)[person.email]
    assert decide(officer, begun, line, "withdrawn").status_code == 422, "without a note"
    assert browser.get(home).status_code == 200
    assert decide(officer, begun, line, "withdrawn", "Left the office in October").status_code == 303
    store.rollback()
    assert store.scalars(select(LoginSession.id).where(LoginSession.user_id == person.id)).all() == []
    assert browser.get(home).status_code == 302 or "/login" in browser.get(home).headers.get("Location", "")
    store.expire_all()
    store.rollback()
    assert store.scalars(select(User.state).where(User.id == person.id)).one() == "deactivated"
    assert store.scalars(select(Invitation.voided_at).where(Invitation.id == invitation.id)).one() is not None
    [entry] = entries(store, world.summit, "recertification.withdraw")
    assert (entry.subject_ids, entry.reason) == ([person.id], "Left the office in October")
    [closed] = entries(store, world.summit, "user.withdrawn")
    assert (closed.actor_id, closed.subject_ids) == (world.summit.compliance.id, [person.id])
    if who == "officer":
        notices = "SELECT what, by_id FROM officer_notice WHERE officer_id = :who AND what = 'deactivated'"
        [told] = store.execute(text(notices), {"who": person.id}).all()
        assert told.by_id == world.summit.compliance.id, "every officer is told"


def test_the_last_administrator_stays(
    world: World, store: Session, begun: Recertification, officer: Any, client_for: Any
) -> None:
    line = lines(store, begun)["admin@summit.example"]
    refused = decide(officer, begun, line, "withdrawn", "Nobody needs an administrator")
    assert refused.status_code == 409 and "last active FMO administrator" in refused.text
    assert "Nobody needs an administrator" in refused.text, "what was typed is kept"
    assert lines(store, begun)["admin@summit.example"].decision is None
    assert client_for(world.summit.admin).get("/fmo/").status_code == 200


def test_of_two_officers_at_once_one_decides(
    world: World, store: Session, begun: Recertification, second: User, officer: Any, client_for: Any
) -> None:
    line = lines(store, begun)[world.amy.admin.email]
    browsers = [officer, client_for(second)]

    def send(number: int) -> int:
        return int(decide(browsers[number], begun, line, "withdrawn", f"Officer {number} says so").status_code)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(send, (0, 1)))
    assert sorted(answers) == [303, 409]
    kept = store.scalars(select(Line.note).where(Line.id == line.id)).one()
    assert kept == f"Officer {answers.index(303)} says so"
    assert len(entries(store, world.summit, "user.withdrawn")) == 1


def test_two_who_begin_at_once_begin_one(world: World, store: Session, second: User, client_for: Any) -> None:
    browsers = [client_for(world.summit.compliance), client_for(second)]
    with ThreadPoolExecutor(2) as pool:
        places = list(pool.map(lambda one: one.post(f"{PAGE}/begin").headers["Location"], browsers))
    assert places[0] == places[1]
    assert len(quarters(store, world.summit)) == 1


def test_who_joined_or_got_another_access_comes_up_before_it_is_signed(
    world: World, store: Session, begun: Recertification, second: User, officer: Any, client_for: Any
) -> None:
    confirm_all(store, begun, officer, client_for(second))
    make.user(store, world.summit.fmo, Role.FMO_STEWARD, email="new@summit.example")
    world.lee.user.role = Role.AGENT_ALL
    world.nora.admin.state = "deactivated"
    store.merge(world.lee.user)
    store.merge(world.nora.admin)
    store.commit()
    assert "2 users are not decided yet" in sign(officer, begun)
    now = lines(store, begun)
    assert {email for email, one in now.items() if one.decision is None} == {"new@summit.example", world.lee.user.email}
    assert now[world.lee.user.email].role == "agent_all"
    assert now[world.nora.admin.email].decision == "confirmed", "as it was decided"
    confirm_all(store, begun, officer)
    assert "It is signed" in sign(officer, begun)


def test_who_is_let_in_again_is_asked_about_anew(
    world: World, store: Session, begun: Recertification, second: User, officer: Any, client_for: Any
) -> None:
    decide(officer, begun, lines(store, begun)[world.amy.admin.email], "withdrawn", "Retired")
    confirm_all(store, begun, officer, client_for(second))
    store.execute(text("UPDATE portal_user SET state = 'active' WHERE id = :id"), {"id": world.amy.admin.id})
    store.commit()
    assert "1 user is not decided yet" in sign(officer, begun)
    both = select(Line.decision).where(Line.recertification_id == begun.id, Line.user_id == world.amy.admin.id)
    store.rollback()
    assert set(store.scalars(both)) == {"withdrawn", None}
    shown = officer.post(f"{PAGE}/{begun.id}/renew", follow_redirects=True).text
    assert "Nobody has joined" in shown


@pytest.fixture
def signed(
    world: World, store: Session, begun: Recertification, second: User, officer: Any, client_for: Any
) -> Recertification:
    """The quarter, decided and signed, Amy's access withdrawn."""
    decide(officer, begun, lines(store, begun)[world.amy.admin.email], "withdrawn", "Retired")
    confirm_all(store, begun, officer, client_for(second))
    sign(officer, begun)
    [found] = quarters(store, world.summit)
    assert found.signed_at is not None
    return found


def test_what_is_signed_stays(
    signed: Recertification, world: World, store: Session, officer: Any, acting_as: Any
) -> None:
    from portal.extensions import db

    line = lines(store, signed)["admin@summit.example"]
    assert decide(officer, signed, line, "withdrawn", "Changed my mind").status_code == 409
    for path in ("confirm", "renew", "sign"):
        shown = officer.post(f"{PAGE}/{signed.id}/{path}", data={"user": str(line.id)}, follow_redirects=True).text
        assert operations.SIGNED in shown
    for change in ("recertification SET renewed_at = now()", "recertification_line SET note = 'x'"):
        with pytest.raises(ProgrammingError, match="stays"), acting_as(world.summit.compliance):
            db.session.execute(text(f"UPDATE {change}"))
    with pytest.raises(ProgrammingError, match="permission denied"), acting_as(world.summit.compliance):
        db.session.execute(text("DELETE FROM recertification_line"))


def test_the_signature_holds_and_finds_what_was_changed(
    signed: Recertification, store: Session, setup_engine: Engine, officer: Any
) -> None:
    place = f"{PAGE}/{signed.id}/print"
    assert "The signature holds: this is what was signed." in officer.get(place).text
    with setup_engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        wrong = "UPDATE recertification_line SET decision = 'confirmed' WHERE decision = 'withdrawn'"
        connection.execute(text(wrong))
    assert "The signature does not hold" in officer.get(place).text


def test_what_is_signed_is_verified_without_the_portal(signed: Recertification, officer: Any, tmp_path: Path) -> None:
    made = officer.get(f"{PAGE}/{signed.id}/signed.zip")
    assert made.content_type == "application/zip"
    with ZipFile(io.BytesIO(made.data)) as pack:
        pack.extractall(tmp_path)
    told = json.loads((tmp_path / "statement.json").read_text())
    assert told["quarter"] == signed.quarter and "withdrawn" in {user["decision"] for user in told["users"]}
    command = "openssl pkeyutl -verify -rawin -pubin -inkey public-key.pem -in statement.json -sigfile signature.bin"
    assert command in (tmp_path / "README.txt").read_text()
    try:
        done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("openssl is not here")
    assert done.returncode == 0, done.stderr
    (tmp_path / "statement.json").write_text(
        (tmp_path / "statement.json").read_text().replace("withdrawn", "confirmed")
    )
    assert subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_the_file_of_users_is_logged_and_runs_nothing(
    world: World, store: Session, begun: Recertification, officer: Any
) -> None:
    make.user(store, world.summit.fmo, Role.FMO_STEWARD, first_name="=cmd()", email="x@summit.example")
    officer.post(f"{PAGE}/{begun.id}/renew")
    body = officer.get(f"{PAGE}/{begun.id}/users.csv").text
    assert world.amy.business.name in body and "'=cmd()" in body and "Agent – Administrator" in body
    [entry] = entries(store, world.summit, "recertification.export")
    assert entry.detail["count"] == len(lines(store, begun))
    assert officer.get(f"{PAGE}/{begun.id}/signed.zip").headers["Location"] == f"{PAGE}/{begun.id}"


def test_another_fmos_is_none(begun: Recertification, world: World, store: Session, client_for: Any) -> None:
    other = client_for(world.lakeside.compliance)
    assert "No quarter recertified yet" in other.get(PAGE).text
    line = lines(store, begun)["admin@summit.example"]
    other.post(f"{PAGE}/begin")
    [own] = quarters(store, world.lakeside)
    for path in (f"{begun.id}", f"{begun.id}/print", f"{begun.id}/users/{line.id}", f"{own.id}/users/{line.id}"):
        assert other.get(f"{PAGE}/{path}").status_code == 404
    assert decide(other, begun, line, "withdrawn", "Not mine").status_code == 404
    assert decide(other, own, line, "withdrawn", "Not mine").status_code == 404
    other.post(f"{PAGE}/{own.id}/confirm", data={"user": str(line.id)})
    assert lines(store, begun)["admin@summit.example"].decision is None
    assert client_for(world.summit.admin).get("/fmo/").status_code == 200


def test_of_two_officers_who_withdraw_each_other_one_stays(
    app: Flask, world: World, acting_as: Any, store: Session, second: User
) -> None:
    with acting_as(second) as by:
        second.state = "deactivated"  # by the first one, while this request was waiting
        store.commit()
        with pytest.raises(people.NotWithdrawn, match="Your own access was closed"):
            people.withdraw(world.summit.compliance.id, by)
    store.refresh(world.summit.compliance)
    assert world.summit.compliance.state == "active"


def test_a_withdrawal_reaches_no_user_of_another_fmo(app: Flask, world: World, acting_as: Any, store: Session) -> None:
    with acting_as(world.lakeside.compliance) as by, pytest.raises(people.NotWithdrawn, match="no such user"):
        people.withdraw(world.amy.admin.id, by)
    store.expire_all()
    assert store.scalars(select(User.state).where(User.id == world.amy.admin.id)).one() == "active"


@pytest.mark.parametrize("who", ["admin", "amy"])
def test_it_is_the_officers(who: str, begun: Recertification, world: World, client_for: Any) -> None:
    person = {"admin": world.summit.admin, "amy": world.amy.admin}[who]
    assert client_for(person).get(PAGE).status_code == 404
    assert client_for(person).get(f"{PAGE}/{begun.id}").status_code == 404
    assert client_for(person).post(f"{PAGE}/{begun.id}/sign").status_code == 404


def test_the_home_tells_how_far_it_is(world: World, officer: Any, store: Session, second: User) -> None:
    assert "is not recertified yet" in officer.get("/compliance/").text
    officer.post(f"{PAGE}/begin")
    assert "waits for your decisions" in officer.get("/compliance/").text


def test_a_month_into_a_quarter_it_is_alarming_until_it_is_signed(
    begun: Recertification, second: User, world: World, store: Session, officer: Any, client_for: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    quarter = begun.quarter
    today = datetime.now(UTC)
    first = date(today.year, today.month - (today.month - 1) % 3, 1)
    day = datetime(first.year, first.month, 1, 12, tzinfo=UTC)
    days = [29]
    monkeypatch.setattr(clock, "local", lambda value: day + timedelta(days=days[0]))
    logged(store, world.summit, at=today - timedelta(days=31))
    watch(world.summit)
    assert alarms(store, world.summit, "recertification_late") == []
    days[0] = 30
    watch(world.summit)
    [raised] = alarms(store, world.summit, "recertification_late")
    assert raised.facts == {"quarter": quarter}
    watch(world.lakeside)
    assert alarms(store, world.lakeside, "recertification_late") == [], "its log is younger than a month"
    monkeypatch.undo()
    confirm_all(store, begun, officer, client_for(second))
    sign(officer, begun)
    watch(world.summit)
    assert alarms(store, world.summit, "recertification_late")[0].over_at is not None


def test_a_thousand_users_are_listed_in_few_statements(
    world: World, store: Session, setup_engine: Engine, app: Flask, officer: Any
) -> None:
    many = (
        "INSERT INTO portal_user (fmo_id, id, email, first_name, last_name, role, state)"
        " SELECT :fmo, gen_random_uuid(), 'many' || n || '@summit.example', 'Many', 'Number' || n, 'fmo_support',"
        " 'active'"
        " FROM generate_series(1, 1000) n"
    )
    store.execute(text(many), {"fmo": world.summit.fmo.id})
    store.commit()
    asked: list[str] = []

    def count(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        officer.post(f"{PAGE}/begin")
        [found] = quarters(store, world.summit)
        assert "1–50 of 1,0" in officer.get(f"{PAGE}/{found.id}").text
        assert "Number777" in officer.get(f"{PAGE}/{found.id}?who=number777").text
        assert officer.get(f"{PAGE}/{found.id}/print").text.count("<tr>") > 1000
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    assert len(asked) < 100, "not a statement a user"
