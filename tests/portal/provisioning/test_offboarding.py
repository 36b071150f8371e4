"""Off-boarding: all of it at once, a list of what it did, and nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.activities.models import Activity
from portal.businesses import hooks
from portal.businesses import queries as accounts
from portal.businesses.models import Business, BusinessNpn
from portal.compliance.models import AccessEntry
from portal.core import clock
from portal.core.ids import new_id
from portal.core.scope import Role, Scope
from portal.crm.models import CrmPolicy
from portal.downline import queries as downline
from portal.downline.models import Producer
from portal.identity.models import Invitation, LoginSession, User
from portal.provisioning.operations import moving, offboarding
from tests.portal.crm.people import words
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.people import acting
from tests.support.world import World

Acting = Callable[..., AbstractContextManager[Scope]]
ClientFor = Callable[[User | None], FlaskClient]
NPN = "2002002"  # Lee's
PASSWORD = "quiet lantern over the bay"


def _address(world: World) -> str:
    return f"/fmo/off-board/agent/{world.lee.producer.id}"


def _form(**given: str) -> dict[str, str]:
    return {"reason": "Left the agency", "access": "now", "inactive": "y", **given}


def _lee(store: Session, world: World) -> User:
    store.expire_all()
    return store.get_one(User, (world.lee.user.fmo_id, world.lee.user.id))


@pytest.fixture
def in_two(world: World, store: Session) -> World:
    """Lee's NPN is in Nora's account too, with a copy of the policy and a user who was only invited."""
    make.business_npn(store, world.nora.business, world.lee.producer)
    crm.synced(store, world.nora.business, world.lee.policy, world.lee.member)
    invited = make.user(store, world.summit.fmo, Role.AGENT_LIMITED, world.nora.business, npn=NPN, state="invited")
    token = new_id().hex
    make.add(store, Invitation(fmo_id=invited.fmo_id, user_id=invited.id, token_hash=token, wrong_tries=0))
    return world


def test_the_page_says_what_will_end(in_two: World, client_for: ClientFor) -> None:
    admin = client_for(in_two.summit.admin)
    assert _address(in_two) in admin.get(f"/fmo/agents/{in_two.lee.producer.id}").text
    page = admin.get(_address(in_two)).text
    for word in ("Qbusinessqagencyharbor", "Qbusinessnora", "Lee Qagentlee", "Its other NPNs stay", "Reason"):
        assert word in page
    assert "Qbusinessamy" not in page


def test_an_account_that_would_be_left_without_an_administrator_is_told(world: World, client_for: ClientFor) -> None:
    admin = client_for(world.summit.admin)
    told = "Nobody who stays is its Administrator"
    assert told in admin.get(f"/fmo/off-board/agent/{world.pat.producer.id}").text
    assert told not in admin.get(_address(world)).text
    assert told not in admin.get(f"/fmo/off-board/agent/{world.amy.people[0].producer.id}").text


def test_everything_ends_together_and_is_listed(in_two: World, client_for: ClientFor, store: Session) -> None:
    admin, pat, nora = (client_for(one) for one in (in_two.summit.admin, in_two.pat.user, in_two.nora.admin))
    lee = client_for(in_two.lee.user)
    assert lee.get("/crm/contacts").status_code == 200
    for client in (pat, nora):
        assert "Qlastlee" in client.get("/crm/contacts").text
    answer = admin.post(_address(in_two), data=_form())
    assert answer.status_code == 303
    listed = admin.get(answer.location).text
    for sentence in (
        "1 policy left it at once",
        "Lee Qagentlee (Qbusinessqagencyharbor",
        "1 session was ended, 1 open invitation made void",
        "The record is marked inactive",
        "Left the agency",
    ):
        assert sentence in listed, sentence
    assert listed.count("can no longer sign in") == 2
    for client in (pat, nora):
        assert "Qlastlee" not in client.get("/crm/contacts").text
    assert lee.get("/crm/contacts").status_code == 303
    store.expire_all()
    assert {*store.scalars(select(BusinessNpn.until.is_(None)).where(BusinessNpn.npn == NPN))} == {False}
    copies = store.scalars(select(CrmPolicy).where(CrmPolicy.npn == NPN)).all()
    assert len(copies) == 2 and all(one.released_reason == "npn_left" for one in copies)
    assert {*store.scalars(select(User.state).where(User.npn == NPN))} == {"deactivated"}
    assert store.scalars(select(LoginSession).where(LoginSession.user_id == in_two.lee.user.id)).all() == []
    assert {*store.scalars(select(Invitation.voided_at.is_(None)))} == {False}
    assert store.get_one(Producer, (in_two.lee.producer.fmo_id, in_two.lee.producer.id)).active is False
    # Whose accounts go on, go on.
    assert store.get_one(Business, (in_two.nora.business.fmo_id, in_two.nora.business.id)).sync_enabled is True
    logged = select(Activity).where(Activity.subject_id == in_two.lee.producer.id).order_by(Activity.at, Activity.id)
    entry = store.scalars(logged).all()[-1]
    assert (entry.type, entry.body, entry.fields["sessions"]) == (offboarding.OFFBOARD, "Left the agency", 1)


def test_the_list_is_the_detail_on_every_timeline(in_two: World, client_for: ClientFor, store: Session) -> None:
    admin = client_for(in_two.summit.admin)
    first = admin.post(_address(in_two), data=_form()).location
    assert first in admin.get(f"/fmo/agents/{in_two.lee.producer.id}").text
    logged = store.scalars(
        select(Activity).where(Activity.type == offboarding.OFFBOARD, Activity.subject_kind == "business")
    ).all()
    assert {one.subject_id for one in logged} == {in_two.harbor.business.id, in_two.nora.business.id}
    for one in logged:
        fragment = admin.get(f"/fmo/off-boardings/{one.id}", headers={"HX-Request": "true"}).text
        assert "1 policy left it at once" in fragment and "<html" not in fragment


def test_pressing_twice_does_nothing_twice(in_two: World, client_for: ClientFor, store: Session) -> None:
    admin = client_for(in_two.summit.admin)
    assert "/off-boardings/" in admin.post(_address(in_two), data=_form()).location
    counted = len(store.scalars(select(AccessEntry.id).where(AccessEntry.action != "producer.read")).all())
    again = admin.post(_address(in_two), data=_form())
    assert "/off-boardings/" not in again.location
    assert "nothing was left to do" in admin.get(again.location).text
    changed = store.scalars(select(AccessEntry).where(AccessEntry.action != "producer.read")).all()
    assert len(changed) == counted
    assert len(store.scalars(select(Activity).where(Activity.type == offboarding.OFFBOARD)).all()) == 3


def test_two_at_once_do_it_once(app: Flask, in_two: World, store: Session) -> None:
    barrier, outcomes = threading.Barrier(2), []

    def work() -> None:
        with acting(app, in_two.summit.admin) as by:
            producer = downline.by_id(in_two.lee.producer.id)
            assert producer is not None
            barrier.wait(20)
            done = offboarding.off_board(producer, reason="Left", until=None, inactive=True, by=by)
        outcomes.append(done[0].policies if done else None)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes, key=str) == [2, None]
    assert len(store.scalars(select(AccessEntry).where(AccessEntry.action == "business_npn.end")).all()) == 2


def test_a_move_waits_for_an_off_boarding_and_is_told(
    app: Flask, world: World, store: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each would wait for what the other has, and one of them would be ended."""
    began, end_npns = threading.Event(), offboarding._end_npns
    outcomes: list[str] = []

    def slowly(*given: Any) -> Any:
        began.set()
        mover.join(1.5)
        return end_npns(*given)

    def move() -> None:
        assert began.wait(20)
        try:
            with acting(app, world.summit.admin) as by:
                producer, two = downline.by_id(world.lee.producer.id), (world.harbor.business, world.nora.business)
                ends = [accounts.by_id(one.id) for one in two]
                moving.move(
                    producer=producer, origin=ends[0], target=ends[1],  # type: ignore[arg-type]  # they are there
                    role=Role.AGENT_LIMITED, reason=None, sync_now=False, by=by,
                )  # fmt: skip
        except moving.Gone:
            outcomes.append("gone")

    monkeypatch.setattr(offboarding, "_end_npns", slowly)
    mover = threading.Thread(target=move)
    mover.start()
    with acting(app, world.summit.admin) as by:
        producer = downline.by_id(world.lee.producer.id)
        assert producer is not None and offboarding.off_board(producer, reason="Left", until=None, inactive=True, by=by)
    mover.join(60)
    assert outcomes == ["gone"]
    assert store.scalars(select(BusinessNpn).where(BusinessNpn.npn == NPN, BusinessNpn.until.is_(None))).all() == []


def test_nothing_is_done_by_half(in_two: World, app: Flask, store: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the last step fails")

    monkeypatch.setattr(offboarding, "edit_producer", fail)
    with pytest.raises(RuntimeError, match="the last step"), acting(app, in_two.summit.admin) as by:
        producer = downline.by_id(in_two.lee.producer.id)
        assert producer is not None
        offboarding.off_board(producer, reason="Left", until=None, inactive=True, by=by)
    assert _lee(store, in_two).state == "active"
    assert {*store.scalars(select(BusinessNpn.until.is_(None)).where(BusinessNpn.npn == NPN))} == {True}
    assert {*store.scalars(select(CrmPolicy.released_at.is_(None)).where(CrmPolicy.npn == NPN))} == {True}


def test_a_sign_in_may_stay_open_to_a_day_and_ends_after_it(
    world: World, client_for: ClientFor, store: Session
) -> None:
    until = clock.today() + timedelta(days=3)
    admin, ali = client_for(world.summit.admin), world.ali
    make.password(store, world.lee.user, PASSWORD)
    answer = admin.post(_address(world), data=_form(access="until", until=until.isoformat()))
    assert f"can sign in until {until.day} {until:%b %Y}" in words(admin.get(answer.location))
    user = _lee(store, world)
    assert (user.state, user.leaves_on) == ("active", until)
    lee = client_for(None)
    signed_in = lee.post("/login", data={"email": user.email, "password": PASSWORD})
    assert signed_in.status_code == 303
    home = lee.get("/crm/").text
    assert "The last day on which you can sign in" in home and "/crm/export" in home
    assert "The last day on which you can sign in" not in client_for(ali).get("/crm/").text
    page = lee.get("/crm/contacts")
    assert page.status_code == 200 and "Qlastlee" not in page.text and "Qlastpat" not in page.text
    assert "signs in until" in admin.get(f"/fmo/businesses/{world.harbor.business.id}").text
    # The day passes, in the middle of a session.
    user.leaves_on = clock.today() - timedelta(days=1)
    store.commit()
    ended = lee.get("/crm/contacts")
    assert ended.status_code == 303 and "has ended" in lee.get(ended.location).text
    refused = client_for(None).post("/login", data={"email": user.email, "password": PASSWORD})
    assert refused.status_code == 422 and "has ended" in refused.text
    assert client_for(ali).get("/crm/contacts").status_code == 200


def test_who_leaves_a_shared_account_sees_their_own_part_until_then(
    world: World, client_for: ClientFor, store: Session
) -> None:
    lee = _lee(store, world)
    lee.role = Role.AGENT_ADMIN
    store.commit()
    until = (clock.today() + timedelta(days=3)).isoformat()
    assert (
        client_for(world.summit.admin).post(_address(world), data=_form(access="until", until=until)).status_code == 303
    )
    again = _lee(store, world)
    assert again.role is Role.AGENT_LIMITED
    assert "Qlastpat" not in client_for(again).get("/crm/contacts").text


def test_who_leaves_an_account_of_their_own_keeps_seeing_what_is_left_of_it(
    world: World, client_for: ClientFor, store: Session
) -> None:
    until = (clock.today() + timedelta(days=3)).isoformat()
    amy = world.amy.people[0]
    own = crm.contact(store, world.amy.business, None, last_name="Qtypedwork")
    own.agent_owned = True
    store.get_one(Business, (world.amy.business.fmo_id, world.amy.business.id)).continuous = True
    store.commit()
    address = f"/fmo/off-board/agent/{amy.producer.id}"
    assert client_for(world.summit.admin).post(address, data=_form(access="until", until=until)).status_code == 303
    store.expire_all()
    user = store.get_one(User, (amy.user.fmo_id, amy.user.id))
    business = store.get_one(Business, (world.amy.business.fmo_id, world.amy.business.id))
    assert (user.role, business.sync_enabled, business.continuous) == (Role.AGENT_ADMIN, False, False)
    page = client_for(user).get("/crm/contacts").text
    assert "Qtypedwork" in page and "Qlastamy" not in page


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reason": " "}, "Say why this agent leaves"),
        ({"access": "until", "until": ""}, "Choose a last day"),
        ({"access": "until", "until": "2020-01-01"}, "Choose a last day"),
        ({"access": "until", "until": "2999-01-01"}, "Choose a last day"),
        ({"access": "until", "until": "soon"}, "Enter a date such as"),
        ({"access": ""}, "Choose what becomes"),
    ],
)
def test_a_form_that_says_too_little_ends_nothing(
    world: World, client_for: ClientFor, store: Session, given: dict[str, str], said: str
) -> None:
    answer = client_for(world.summit.admin).post(_address(world), data=_form(**given))
    assert answer.status_code == 422 and said in answer.text
    assert _lee(store, world).state == "active"
    assert store.scalars(select(BusinessNpn.until).where(BusinessNpn.npn == NPN)).one() is None


def test_reactivating_lets_in_again_and_gives_no_policy_back(
    world: World, client_for: ClientFor, store: Session
) -> None:
    admin = client_for(world.summit.admin)
    _lee(store, world).last_sign_in_at = clock.now()
    store.commit()
    admin.post(_address(world), data=_form())
    admin.post(f"/fmo/businesses/{world.harbor.business.id}/users/{world.lee.user.id}/reactivation")
    again = _lee(store, world)
    assert (again.state, again.leaves_on) == ("active", None)
    assert "Qlastlee" not in client_for(again).get("/crm/contacts").text


def test_the_release_is_part_of_it(world: World, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    def release(business_id: UUID, npn: str) -> int:
        told.append((business_id, npn))
        return 9

    monkeypatch.setattr(hooks, "_left", [release])
    answer = client_for(world.summit.admin).post(_address(world), data=_form())
    assert told == [(world.harbor.business.id, NPN)]
    assert "9 policies left it at once" in client_for(world.summit.admin).get(answer.location).text
