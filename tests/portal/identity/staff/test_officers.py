"""Compliance officers: only one another may touch them, and every one of them hears of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from portal.compliance.models import AccessEntry
from portal.config import Settings
from portal.core.ids import new_id
from portal.core.outbox import Outbox
from portal.core.scope import Role
from portal.identity import accounts
from portal.identity.models import Fmo, User
from portal.identity.staff.models import OfficerNotice
from tasks import jobs
from tests.support import builders as make
from tests.support.web import Browser, body_of

Client = Callable[[User | None], Browser]
PASSWORD = "quiet lantern over the bay"


@pytest.fixture
def fmo(store: Session) -> Fmo:
    return make.fmo(store, "summit")


@pytest.fixture
def officer(store: Session, fmo: Fmo) -> User:
    return make.user(store, fmo, Role.COMPLIANCE, first_name="Olive", last_name="First")


@pytest.fixture
def second(store: Session, fmo: Fmo) -> User:
    return make.user(store, fmo, Role.COMPLIANCE, first_name="Otis", last_name="Second")


def _now(store: Session, user: User) -> User:
    store.expire_all()
    return store.get_one(User, (user.fmo_id, user.id))


def _notices(store: Session) -> list[OfficerNotice]:
    store.expire_all()
    return list(store.scalars(select(OfficerNotice).order_by(OfficerNotice.id)))


def _mails(settings: Settings) -> dict[str, str]:
    found = {}
    for path in sorted((settings.data / "outbox").glob("*.eml")):
        words = path.read_text()
        to = next(line for line in words.splitlines() if line.startswith("To: "))
        found[to.removeprefix("To: ")] = words
        Path(path).unlink()
    return found


def test_officer_adds_another_and_every_one_is_told(
    store: Session, settings: Settings, officer: User, second: User, client_for: Client
) -> None:
    _mails(settings)
    sent = {"first_name": "Ona", "last_name": "Third", "email": "ona@office.example"}
    assert client_for(officer).post("/compliance/officers/new", data=sent).status_code == 303
    made = store.scalars(select(User).where(User.last_name == "Third")).one()
    assert (made.role, made.state) == (Role.COMPLIANCE, "invited")
    notice = _notices(store)[0]
    assert (notice.officer_id, notice.what, notice.by_id) == (made.id, "added", officer.id)
    assert {row.job for row in store.scalars(select(Outbox))} == {"send_invitation", "tell_officers"}
    jobs.tell_officers(str(notice.fmo_id), str(notice.id))
    jobs.tell_officers(str(notice.fmo_id), str(notice.id))  # a job may run twice
    mails = _mails(settings)
    assert set(mails) == {officer.email, second.email, made.email}
    assert all("Ona Third was added" in words and "Olive First" in words for words in mails.values())
    assert "Ona Third was added" in body_of(client_for(second).get("/compliance/"))
    assert "officer.told" in set(store.scalars(select(AccessEntry.action)))


@pytest.mark.parametrize(
    ("change", "state", "what"),
    [("deactivate", "active", "deactivated"), ("password", "active", "invited"), ("lock", "active", "locked"),
     ("reactivate", "deactivated", "invited"), ("factor", "active", "factor")],
)  # fmt: skip
def test_change_of_an_officer_is_told_and_logged(
    store: Session, fmo: Fmo, officer: User, client_for: Client, change: str, state: str, what: str
) -> None:
    other = make.user(store, fmo, Role.COMPLIANCE, state=state)
    answer = client_for(officer).post(f"/compliance/officers/{other.id}/{change}")
    assert answer.status_code == 303
    assert [(one.officer_id, one.what, one.by_id) for one in _notices(store)] == [(other.id, what, officer.id)]
    action = {"password": "staff.reset", "factor": "factor.reset"}.get(change, f"staff.{change}")
    assert action in set(store.scalars(select(AccessEntry.action)))


@pytest.mark.parametrize("change", ["deactivate", "password", "lock"])
def test_officer_does_not_decide_about_themselves(
    store: Session, officer: User, second: User, client_for: Client, change: str
) -> None:
    assert second.state == "active"
    answer = client_for(officer).post(f"/compliance/officers/{officer.id}/{change}", follow_redirects=True)
    assert "You cannot change your own role or access" in body_of(answer)
    assert _now(store, officer).state == "active" and _notices(store) == []


def test_officer_reaches_no_staff_and_no_other_fmo(store: Session, fmo: Fmo, officer: User, client_for: Client) -> None:
    staff = make.user(store, fmo, Role.FMO_STEWARD)
    foreign = make.user(store, make.fmo(store), Role.COMPLIANCE)
    browser = client_for(officer)
    for person in (staff, foreign):
        assert browser.get(f"/compliance/officers/{person.id}").status_code == 404
        assert browser.post(f"/compliance/officers/{person.id}/deactivate").status_code == 404
        assert _now(store, person).state == "active"
    assert foreign.last_name not in body_of(browser.get("/compliance/officers"))


def test_operators_changes_are_told_too(app: Flask, store: Session, fmo: Fmo, officer: User) -> None:
    with app.app_context():
        accounts.add_officer("summit", "new@summit.example", Role.COMPLIANCE, "Nia", "New", PASSWORD)
        accounts.reset_password("new@summit.example", PASSWORD + " again")
        accounts.reset_factor("new@summit.example", "lost telephone")
        accounts.deactivate("new@summit.example")
    assert [(one.what, one.by_id) for one in _notices(store)] == [
        ("added", None), ("password", None), ("factor", None), ("deactivated", None),
    ]  # fmt: skip
    assert officer.state == "active"


def test_first_officer_has_nobody_to_tell(app: Flask, store: Session, fmo: Fmo) -> None:
    with app.app_context():
        accounts.add_officer("summit", "first@summit.example", Role.COMPLIANCE, "Nia", "New", PASSWORD)
    assert _notices(store) == []
    assert store.scalars(select(Outbox)).all() == []


def test_operator_is_warned_before_the_last_administrator_goes(app: Flask, store: Session, fmo: Fmo) -> None:
    admin = make.user(store, fmo, Role.FMO_ADMIN)
    with app.app_context(), pytest.raises(accounts.AccountError, match="last active administrator"):
        accounts.deactivate(admin.email)
    assert _now(store, admin).state == "active"
    with app.app_context():
        accounts.deactivate(admin.email, even_last=True)
    assert _now(store, admin).state == "deactivated"


def test_commands_know_the_staff_and_the_last_one(app: Flask, store: Session, fmo: Fmo) -> None:
    admin = make.user(store, fmo, Role.FMO_ADMIN)
    runner = app.test_cli_runner()
    names = ["--first-name", "A", "--last-name", "B"]
    made = runner.invoke(args=["user", "add", "s@summit.example", "--fmo", "summit", "--role", "fmo_steward", *names])
    assert made.exit_code == 0, made.output
    stopped = runner.invoke(args=["user", "deactivate", admin.email])
    assert stopped.exit_code == 1 and "--yes-last" in stopped.output
    assert runner.invoke(args=["user", "deactivate", admin.email, "--yes-last"]).exit_code == 0


def test_database_lets_officers_write_officers_alone(
    store: Session, settings: Settings, fmo: Fmo, officer: User, second: User
) -> None:
    staff = make.user(store, fmo, Role.FMO_STEWARD)
    engine = create_engine(settings.database_url_for("compliance"))
    assert _change(engine, officer, staff, "state = 'deactivated'") == 0, "a row that is not theirs is not there"
    assert _change(engine, officer, second, "state = 'deactivated'") == 1
    for whom, change in ((officer, "state = 'deactivated'"), (second, "role = 'fmo_admin'"), (second, "npn = '1'")):
        with pytest.raises(ProgrammingError):
            _change(engine, officer, whom, change)
    with engine.connect() as work, pytest.raises(ProgrammingError, match="row-level security"):
        _begin(work, officer)
        insert = "INSERT INTO invitation (fmo_id, id, user_id, wrong_tries) VALUES (:fmo, :id, :user, 0)"
        work.execute(text(insert), {"fmo": fmo.id, "id": new_id(), "user": staff.id})
    engine.dispose()


def _change(engine: Engine, by: User, whom: User, change: str) -> int:
    with engine.connect() as work:
        _begin(work, by)
        return work.execute(text(f"UPDATE portal_user SET {change} WHERE id = :id"), {"id": whom.id}).rowcount


def _begin(work: Connection, by: User) -> None:
    for name, value in (("fmo_id", by.fmo_id), ("actor_id", by.id), ("role", "compliance")):
        work.execute(text("SELECT set_config(:n, :v, true)"), {"n": f"portal.{name}", "v": str(value)})
