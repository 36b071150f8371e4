"""The users page: who adds, changes and closes whom, and what is refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.compliance.models import AccessEntry
from portal.core import clock
from portal.core.ids import new_id
from portal.core.outbox import Outbox
from portal.core.scope import Role
from portal.identity.factors.models import TotpFactor
from portal.identity.models import Fmo, User
from portal.identity.sso.models import SsoProvider
from portal.identity.staff import operations
from tests.support import builders as make
from tests.support.people import acting, scope_of_user
from tests.support.web import Browser, body_of

Client = Callable[[User | None], Browser]


@pytest.fixture
def fmo(store: Session) -> Fmo:
    return make.fmo(store)


@pytest.fixture
def admin(store: Session, fmo: Fmo) -> User:
    return make.user(store, fmo, Role.FMO_ADMIN, first_name="Ada", last_name="First")


@pytest.fixture
def manager(store: Session, fmo: Fmo) -> User:
    return make.user(store, fmo, Role.FMO_USERS, first_name="Uma", last_name="Users")


def _now(store: Session, user: User) -> User:
    store.expire_all()
    return store.get_one(User, (user.fmo_id, user.id))


def _actions(store: Session) -> list[str]:
    return list(store.scalars(select(AccessEntry.action).order_by(AccessEntry.id)))


def _new(role: Role, email: str = "new@office.example") -> dict[str, str]:
    return {"first_name": "Nia", "last_name": "New", "email": email, "role": role.value}


def test_list_shows_staff_and_officers_with_what_they_are(store: Session, admin: User, client_for: Client) -> None:
    fmo = store.get_one(Fmo, admin.fmo_id)
    make.user(store, fmo, Role.FMO_STEWARD, last_name="Locked")
    make.user(store, fmo, Role.COMPLIANCE, last_name="Watcher")
    make.user(store, make.fmo(store), Role.FMO_ADMIN, last_name="Elsewhere")
    body = body_of(client_for(admin).get("/fmo/users"))
    assert "Watcher" in body and "Data steward" in body and "Elsewhere" not in body
    assert "/compliance/officers" not in body


def test_new_person_is_invited_by_mail(store: Session, manager: User, client_for: Client) -> None:
    answer = client_for(manager).post("/fmo/users/new", data=_new(Role.FMO_STEWARD, " Nia@Office.Example "))
    assert answer.status_code == 303
    made = store.scalars(select(User).where(User.last_name == "New")).one()
    assert (made.email, made.role, made.state) == ("nia@office.example", Role.FMO_STEWARD, "invited")
    assert [row.job for row in store.scalars(select(Outbox))] == ["send_invitation"]
    assert "staff.add" in _actions(store)


def test_what_is_too_long_is_refused_in_the_words_of_the_portal(admin: User, client_for: Client) -> None:
    typed = _new(Role.FMO_STEWARD) | {"first_name": "x" * 101, "role": "?"}
    long = client_for(admin).post("/fmo/users/new", data=typed)
    assert long.status_code == 422 and "Use at most 100 characters." in long.text
    assert "This is not one of the choices." in long.text
    assert "Field cannot" not in long.text and "Not a valid" not in long.text


def test_no_role_is_given_by_a_slip(store: Session, admin: User, client_for: Client) -> None:
    client = client_for(admin)
    first = client.get("/fmo/users/new").text.split("<option", 2)[1]
    assert 'value=""' in first and "Choose a role" in first
    refused = client.post("/fmo/users/new", data=_new(Role.FMO_SUPPORT) | {"role": ""})
    assert refused.status_code == 422 and "Choose the role." in refused.text
    assert "<title>Error: Add a user" in refused.text
    assert store.scalars(select(User).where(User.email == "new@office.example")).all() == []


@pytest.mark.parametrize("role", [Role.FMO_ADMIN, Role.COMPLIANCE, Role.AGENT_ADMIN])
def test_user_administrator_makes_nobody_above(store: Session, manager: User, client_for: Client, role: Role) -> None:
    assert client_for(manager).post("/fmo/users/new", data=_new(role)).status_code == 422
    assert store.scalars(select(User).where(User.last_name == "New")).all() == []


def test_administrator_makes_administrators_and_no_officers(store: Session, admin: User, client_for: Client) -> None:
    browser = client_for(admin)
    assert browser.post("/fmo/users/new", data=_new(Role.FMO_ADMIN)).status_code == 303
    assert browser.post("/fmo/users/new", data=_new(Role.COMPLIANCE, "b@office.example")).status_code == 422


def test_address_in_use_anywhere_is_refused_in_neutral_words(store: Session, admin: User, client_for: Client) -> None:
    other = make.user(store, make.fmo(store), Role.FMO_ADMIN)
    answer = client_for(admin).post("/fmo/users/new", data=_new(Role.FMO_USERS, other.email))
    assert answer.status_code == 422 and operations.EMAIL_REFUSED in body_of(answer)


ASKED = [("lock", "Lock out"), ("deactivate", "Deactivate"), ("password", "Reset password"), ("factor", "Reset")]


@pytest.mark.parametrize(("change", "label"), ASKED)
def test_what_takes_something_away_is_asked_first(
    store: Session, fmo: Fmo, manager: User, client_for: Client, change: str, label: str
) -> None:
    steward = make.user(store, fmo, Role.FMO_STEWARD, first_name="Stella", last_name="Ward")
    store.add(TotpFactor(fmo_id=fmo.id, id=new_id(), user_id=steward.id, seed="x", last_step=0))
    store.commit()
    client, address = client_for(manager), f"/fmo/users/{steward.id}/{change}"
    person = client.get(f"/fmo/users/{steward.id}").text
    assert f'action="{address}"' not in person and f'href="{address}"' in person
    asked = client.get(address)
    assert asked.status_code == 200 and "signed out everywhere" in body_of(asked) and "Stella Ward" in body_of(asked)
    assert f'action="{address}"' in asked.text and label in asked.text
    now = _now(store, steward)
    assert (now.state, now.suspended_at) == ("active", None), "asking changes nothing"


def test_what_cannot_be_done_is_said_instead_of_asked(
    store: Session, fmo: Fmo, admin: User, manager: User, client_for: Client
) -> None:
    make.user(store, fmo, Role.FMO_ADMIN, suspended_at=clock.now())
    steward = make.user(store, fmo, Role.FMO_STEWARD, state="deactivated")
    invited = make.user(store, fmo, Role.FMO_ADMIN, state="invited")
    by_admin, by_manager = client_for(admin), client_for(manager)
    for client, user, says in (
        (by_manager, admin, operations.ADMINS),
        (by_admin, admin, operations.YOURSELF),
        (by_admin, steward, "is deactivated already."),
    ):
        asked = client.get(f"/fmo/users/{user.id}/deactivate")
        assert says in body_of(asked) and '/deactivate"' not in asked.text
    assert f'/{invited.id}/deactivate"' in by_admin.get(f"/fmo/users/{invited.id}/deactivate").text
    assert by_admin.get(f"/fmo/users/{steward.id}/reactivate").location == f"/fmo/users/{steward.id}"
    assert by_admin.get(f"/fmo/users/{steward.id}/erase").status_code == 404


@pytest.mark.parametrize("off", [True, False])
def test_who_keeps_the_one_password_is_named_before_their_access_changes(
    store: Session, fmo: Fmo, admin: User, client_for: Client, off: bool
) -> None:
    keeper = make.user(store, fmo, Role.FMO_ADMIN, first_name="Kim", last_name="Keeper")
    provider = {"issuer": "https://login.summit.example", "client_id": "portal", "offered": True}
    make.add(store, SsoProvider(fmo_id=fmo.id, passwords_off=off, break_glass_id=keeper.id, **provider))
    client = client_for(admin)
    assert ("keeps the one that works" in client.get(f"/fmo/users/{keeper.id}").text) is off
    for change in ("lock", "deactivate", "password"):
        asked = body_of(client.get(f"/fmo/users/{keeper.id}/{change}"))
        assert ("Kim Keeper keeps the one password" in asked) is off
    assert "keeps the one" not in body_of(client_for(keeper).get(f"/fmo/users/{admin.id}/lock"))
    assert client.post(f"/fmo/users/{keeper.id}/deactivate").status_code == 303, "a warning, no more"
    assert _now(store, keeper).state == "deactivated"


CHANGES = [
    ("lock", "active", lambda u: u.suspended_at is not None),
    ("deactivate", "active", lambda u: u.state == "deactivated"),
    ("password", "active", lambda u: u.state == "invited"),
    ("reactivate", "deactivated", lambda u: u.state == "invited"),
    ("invitation", "invited", lambda u: u.state == "invited"),
]


@pytest.mark.parametrize(("change", "state", "done"), CHANGES)
def test_change_is_made_logged_and_ends_sessions(
    store: Session, fmo: Fmo, manager: User, client_for: Client, change: str, state: str, done: Callable[[User], bool]
) -> None:
    steward = make.user(store, fmo, Role.FMO_STEWARD, state=state)
    theirs = client_for(steward)
    answer = client_for(manager).post(f"/fmo/users/{steward.id}/{change}")
    assert answer.status_code == 303 and done(_now(store, steward))
    assert any(action.startswith(("staff.", "invitation.")) for action in _actions(store))
    if change in ("lock", "deactivate", "password"):
        assert theirs.get("/fmo/").status_code == 303


def test_locked_out_person_is_told_so_and_let_in_again(
    store: Session, fmo: Fmo, admin: User, client_for: Client
) -> None:
    steward = make.user(store, fmo, Role.FMO_STEWARD)
    client_for(admin).post(f"/fmo/users/{steward.id}/lock")
    assert "locked" in body_of(client_for(steward).get("/fmo/", follow_redirects=True))
    client_for(admin).post(f"/fmo/users/{steward.id}/unlock")
    assert client_for(_now(store, steward)).get("/fmo/").status_code == 200


def test_role_change_holds_at_the_next_sign_in(store: Session, fmo: Fmo, admin: User, client_for: Client) -> None:
    support = make.user(store, fmo, Role.FMO_SUPPORT)
    theirs = client_for(support)
    answer = client_for(admin).post(f"/fmo/users/{support.id}/role", data={"role": "fmo_steward"})
    assert answer.status_code == 303 and _now(store, support).role is Role.FMO_STEWARD
    assert theirs.get("/fmo/").status_code == 303
    assert "staff.role" in _actions(store)


def test_second_factor_is_taken_away(store: Session, fmo: Fmo, manager: User, client_for: Client) -> None:
    steward = make.user(store, fmo, Role.FMO_STEWARD)
    theirs = client_for(steward)
    store.add(TotpFactor(fmo_id=fmo.id, id=new_id(), user_id=steward.id, seed="x", last_step=0))
    store.commit()
    assert "Reset second factor" in body_of(client_for(manager).get(f"/fmo/users/{steward.id}"))
    answer = client_for(manager).post(f"/fmo/users/{steward.id}/factor")
    assert answer.status_code == 303 and store.scalars(select(TotpFactor)).all() == []
    assert theirs.get("/fmo/").status_code == 303


@pytest.mark.parametrize("change", ["lock", "deactivate", "password", "role", "factor"])
def test_nobody_decides_about_themselves(store: Session, admin: User, client_for: Client, change: str) -> None:
    make.user(store, store.get_one(Fmo, admin.fmo_id), Role.FMO_ADMIN)
    browser = client_for(admin)
    sent = browser.post(f"/fmo/users/{admin.id}/{change}", data={"role": "fmo_users"}, follow_redirects=True)
    assert operations.YOURSELF in body_of(sent)
    now = _now(store, admin)
    assert (now.state, now.role, now.suspended_at) == ("active", Role.FMO_ADMIN, None)
    refused = store.scalars(select(AccessEntry).where(AccessEntry.action == "staff.refused")).one()
    assert (refused.outcome, refused.subject_ids) == ("refused", [admin.id])


@pytest.mark.parametrize("change", ["lock", "deactivate", "password", "role", "factor"])
def test_user_administrator_touches_no_administrator(
    store: Session, admin: User, manager: User, client_for: Client, change: str
) -> None:
    make.user(store, store.get_one(Fmo, admin.fmo_id), Role.FMO_ADMIN)
    address = f"/fmo/users/{admin.id}/{change}"
    sent = client_for(manager).post(address, data={"role": "fmo_support"}, follow_redirects=True)
    assert operations.ADMINS in body_of(sent)
    assert _now(store, admin).state == "active" and _now(store, admin).role is Role.FMO_ADMIN


@pytest.mark.parametrize("change", ["lock", "deactivate", "password", "invitation", "factor"])
def test_no_staff_touches_an_officer(store: Session, admin: User, client_for: Client, change: str) -> None:
    officer = make.user(store, store.get_one(Fmo, admin.fmo_id), Role.COMPLIANCE)
    assert client_for(admin).post(f"/fmo/users/{officer.id}/{change}").status_code == 404
    assert client_for(admin).get(f"/fmo/users/{officer.id}").status_code == 404
    assert _now(store, officer).state == "active"


@pytest.mark.parametrize("role", [Role.FMO_SUPPORT, Role.FMO_STEWARD, Role.COMPLIANCE])
def test_page_is_for_who_looks_after_users(store: Session, fmo: Fmo, client_for: Client, role: Role) -> None:
    someone = make.user(store, fmo, role)
    other = make.user(store, fmo, Role.FMO_STEWARD)
    browser = client_for(someone)
    assert browser.get("/fmo/users").status_code == 404
    assert browser.post(f"/fmo/users/{other.id}/deactivate").status_code == 404
    assert _now(store, other).state == "active"


@pytest.mark.parametrize("change", [operations.lock, operations.deactivate, operations.reset_password])
def test_last_administrator_stays(
    app: Flask, store: Session, fmo: Fmo, admin: User, change: Callable[..., str]
) -> None:
    other = make.user(store, fmo, Role.FMO_ADMIN, state="deactivated")  # whose request was under way
    invited = make.user(store, fmo, Role.FMO_ADMIN, state="invited")
    assert invited.state == "invited"
    with pytest.raises(operations.Refused, match="last active"), acting(app, scope_of_user(other)) as by:
        change(_attached(admin), by=by)
    assert _now(store, admin).state == "active"


def _attached(user: User) -> User:
    from portal.identity.staff import queries

    found = queries.find(user.id, queries.OWN_ROLES, to_change=True)
    assert found is not None
    return found


@pytest.mark.parametrize("change", ["deactivate", "lock", "role"])
def test_two_administrators_cannot_take_each_other_out_at_once(
    app: Flask, store: Session, fmo: Fmo, admin: User, client_for: Client, change: str
) -> None:
    other = make.user(store, fmo, Role.FMO_ADMIN)
    together, answers = Barrier(2), []

    def take_out(mine: Browser, whom: User) -> None:
        together.wait()
        answers.append(mine.post(f"/fmo/users/{whom.id}/{change}", data={"role": "fmo_support"}))

    pairs = [(client_for(admin), other), (client_for(other), admin)]
    threads = [Thread(target=take_out, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left = [one for one in (_now(store, admin), _now(store, other)) if one.role is Role.FMO_ADMIN]
    assert [one for one in left if one.state == "active" and one.suspended_at is None], "one of them stays"
