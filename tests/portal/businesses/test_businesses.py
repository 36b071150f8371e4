"""Accounts, their NPNs and their users."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.activities.models import Activity
from portal.businesses import hooks, operations, queries
from portal.businesses.models import Business, BusinessNpn
from portal.compliance.models import AccessEntry
from portal.core import clock
from portal.core.ids import new_id
from portal.core.outbox import Outbox
from portal.core.scope import Role, Scope
from portal.downline import queries as downline
from portal.extensions import db
from portal.identity.models import User
from tests.support import builders as make
from tests.support.people import acting
from tests.support.world import SAME_NPN, World

Acting = Callable[..., AbstractContextManager[Scope]]
ClientFor = Callable[[User | None], FlaskClient]
PERSON: dict[str, Any] = {"first_name": "Dana", "last_name": "Whitfield", "mobile": None, "role": Role.AGENT_ADMIN}


@pytest.fixture
def released() -> Iterator[list[tuple[UUID, str]]]:
    """What the room that copies policies is told about NPNs that left."""
    kept, told = hooks._left[:], []

    def release(business_id: UUID, npn: str) -> int:
        told.append((business_id, npn))
        return 7

    hooks._left[:] = [release]
    yield told
    hooks._left[:] = kept


def test_a_business_starts_with_its_records_npn(world: World, acting_as: Acting, store: Session) -> None:
    agent = make.agent(store, world.summit.fmo, "616")
    with acting_as(world.summit.admin) as by:
        producer = downline.by_id(agent.id)
        assert producer is not None
        made = operations.create_business(
            producer, name="Dana's CRM", time_zone="America/Chicago", state="OH", sync_enabled=False, by=by
        )
        assert made.sync_enabled is False and made.name_key == "danascrm"
        assert [one.npn for one in queries.npns_of(made.id)] == ["616"]
        assert queries.by_producer(agent.id) is made
        with pytest.raises(operations.Refused, match="has an Agent CRM Business already"):
            operations.create_business(
                producer, name="Again", time_zone="America/Chicago", state="OH", sync_enabled=True, by=by
            )
    assert (
        store.scalars(select(AccessEntry).where(AccessEntry.action == "business.create")).one().detail["npn"] == "616"
    )


def test_an_npn_is_in_a_business_once_and_in_two_businesses_said(world: World, acting_as: Acting) -> None:
    with acting_as(world.summit.admin) as by:
        nora, amy = queries.by_id(world.nora.business.id), downline.by_npn(SAME_NPN)
        assert nora is not None and amy is not None
        first = operations.add_npn(nora, amy, by=by)
        assert operations.add_npn(nora, amy, by=by) is first
        assert [one.id for one in queries.other_businesses_with(SAME_NPN, than=nora.id)] == [world.amy.business.id]
        assert world.lou.business.id not in {one.id for one in queries.by_npn(SAME_NPN)}


def test_an_npn_leaves_with_its_policies(
    world: World, acting_as: Acting, released: list[tuple[UUID, str]], store: Session
) -> None:
    harbor = world.harbor.business.id
    with acting_as(world.summit.admin) as by:
        ended = queries.open_npn(harbor, "2002002")
        assert ended is not None
        assert operations.end_npn(ended, by=by) == 7
        assert queries.open_npn(harbor, "2002002") is None
    assert released == [(harbor, "2002002")]
    assert store.scalars(select(BusinessNpn).where(BusinessNpn.id == ended.id)).one().until is not None
    entry = store.scalars(select(AccessEntry).where(AccessEntry.action == "business_npn.end")).one()
    assert entry.detail["released"] == 7


@pytest.mark.parametrize("email", ["amy@summit.example", "AMY@summit.example ", "lou@lakeside.example"])
def test_a_used_address_is_refused_neutrally_also_across_fmos(world: World, acting_as: Acting, email: str) -> None:
    with acting_as(world.summit.admin) as by:
        business = queries.by_id(world.amy.business.id)
        assert business is not None
        with pytest.raises(operations.Refused) as refused:
            operations.add_user(business, email=email, npn="1", by=by, **PERSON)
        assert (refused.value.field, str(refused.value)) == ("email", operations.EMAIL_REFUSED)
        # The transaction lives on.
        assert operations.add_user(business, email="free@summit.example", npn="1", by=by, **PERSON).state == "invited"


def test_two_at_once_with_one_address_make_one_user(app: Flask, world: World, store: Session) -> None:
    barrier, outcomes = threading.Barrier(2), []

    def add(account: Business, admin: User) -> None:
        try:
            with acting(app, admin) as by:
                business = queries.by_id(account.id)
                assert business is not None
                barrier.wait(10)
                operations.add_user(business, email="race@mail.example", npn="1", by=by, **PERSON)
            outcomes.append("added")
        except operations.Refused as refused:
            outcomes.append(str(refused))

    pairs = [(world.amy.business, world.summit.admin), (world.lou.business, world.lakeside.admin)]
    threads = [threading.Thread(target=add, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == sorted(["added", operations.EMAIL_REFUSED])
    assert len(store.scalars(select(User).where(User.email == "race@mail.example")).all()) == 1


def test_an_officers_role_is_no_role_in_a_business(world: World, acting_as: Acting) -> None:
    with acting_as(world.summit.admin) as by, pytest.raises(ValueError, match="fmo_admin"):
        business = queries.by_id(world.amy.business.id)
        assert business is not None
        operations.add_user(business, email="x@y.example", npn="1", by=by, **{**PERSON, "role": Role.FMO_ADMIN})


def test_list_and_record(world: World, client_for: ClientFor) -> None:
    client = client_for(world.summit.admin)
    page = client.get("/fmo/businesses").text
    assert "Qbusinessamy" in page and "Qbusinesslou" not in page
    for typed in ("qbusinessqagency", "2002002"):
        found = client.get("/fmo/businesses", query_string={"q": typed, "sync": "on"}).text
        assert "Qbusinessqagencyharbor" in found and "Qbusinessamy" not in found
    assert "Nothing matches" in client.get("/fmo/businesses?sync=off&sort=-synced").text
    record = client.get(f"/fmo/businesses/{world.harbor.business.id}").text
    for word in (
        "2000002",
        "2001001",
        "2002002",
        "pat@summit.example",
        "Agent – Limited Contacts Access",
        "Log Activity",
    ):
        assert word in record
    panel = client.get(f"/fmo/businesses/of/{world.pat.producer.id}", headers={"HX-Request": "true"}).text
    assert "Qbusinessqagencyharbor" in panel and "<html" not in panel


def test_a_neighbours_business_is_404(world: World, client_for: ClientFor) -> None:
    client = client_for(world.summit.admin)
    ours, theirs = world.amy, world.lou
    for foreign in (theirs.business.id, new_id()):
        assert client.get(f"/fmo/businesses/{foreign}").status_code == 404
        for act in ("invitation", "deactivation", "reactivation"):
            address = f"/fmo/businesses/{foreign}/users/{theirs.admin.id}/{act}"
            assert client.post(address).status_code == 404
    assert client.post(f"/fmo/businesses/{ours.business.id}/users/{theirs.admin.id}/deactivation").status_code == 404
    assert (
        client.post(f"/fmo/businesses/{ours.business.id}/users/{world.nora.admin.id}/deactivation").status_code == 404
    )
    assert client.get(f"/fmo/businesses/of/{theirs.people[0].producer.id}").status_code == 404


def test_removing_an_npn_asks_first_and_is_told(
    world: World, client_for: ClientFor, released: list[tuple[UUID, str]], store: Session
) -> None:
    client, harbor = client_for(world.summit.admin), world.harbor.business
    npn = store.scalars(
        select(BusinessNpn).where(BusinessNpn.business_id == harbor.id, BusinessNpn.npn == "2002002")
    ).one()
    address = f"/fmo/businesses/{harbor.id}/npns/{npn.id}/remove"
    page = client.get(address).text
    assert "Remove this NPN" in page and "at once" in page and "Lee Qagentlee can still sign in" in page
    assert not released
    answer = client.post(address)
    assert "7 policies left the account." in client.get(answer.location).text
    assert client.post(address).status_code == 404  # a second click finds it gone
    assert released == [(harbor.id, "2002002")]
    told = store.scalars(select(Activity).where(Activity.type == "npn_removed")).one()
    assert told.subject_id == harbor.id


def test_of_two_who_remove_an_npn_at_once_the_second_finds_it_done(
    world: World, acting_as: Acting, store: Session
) -> None:
    npn = store.scalars(select(BusinessNpn).where(BusinessNpn.business_id == world.amy.business.id)).one()
    with acting_as(world.summit.admin):
        found = queries.find_npn(npn.business_id, npn.id)
        assert found is not None and operations.hold_npn(found)
        db.session.rollback()
        found = queries.find_npn(npn.business_id, npn.id)
        npn.until = clock.now()
        store.commit()
        assert found is not None and found.until is None and not operations.hold_npn(found)


def test_a_users_state_moves_no_npn(world: World, client_for: ClientFor, store: Session) -> None:
    client, harbor, lee = client_for(world.summit.admin), world.harbor.business, world.lee.user
    base = f"/fmo/businesses/{harbor.id}/users/{lee.id}"
    before = store.scalars(select(BusinessNpn.npn).where(BusinessNpn.until.is_(None))).all()
    assert client.post(f"{base}/deactivation").status_code == 303
    assert client_for(lee).get("/crm/policies").status_code in (302, 303, 401)
    assert client.post(f"{base}/reactivation").status_code == 303
    store.expire_all()
    # No invitation of theirs was ever accepted in this world, so there is no password to come back to.
    assert store.scalars(select(User.state).where(User.id == lee.id)).one() == "invited"
    assert store.scalars(select(BusinessNpn.npn).where(BusinessNpn.until.is_(None))).all() == before


def test_an_invitation_is_sent_again_to_the_invited_only(world: World, client_for: ClientFor, store: Session) -> None:
    client, harbor = client_for(world.summit.admin), world.harbor.business
    new = make.user(store, world.summit.fmo, Role.AGENT_ALL, harbor, state="invited", npn="5")
    for user, jobs in ((world.lee.user, 0), (new, 1)):
        assert client.post(f"/fmo/businesses/{harbor.id}/users/{user.id}/invitation").status_code == 303
        assert len(store.scalars(select(Outbox.job).where(Outbox.job == "send_invitation")).all()) == jobs


def test_the_record_begins_with_its_policy_sync(world: World, client_for: ClientFor) -> None:
    # On a phone the parts stand in this order; where there are two columns the first goes above the timeline.
    page = client_for(world.summit.admin).get(f"/fmo/businesses/{world.harbor.business.id}").text
    places = [page.index(heading) for heading in ("<h2>Policy Sync</h2>", "<h2>NPNs</h2>", "<h2>Users</h2>")]
    assert places == sorted(places)
    assert page.count("<h2>Policy Sync</h2>") == 1


def test_the_headline_shows_the_first_npn_only_while_it_is_one(
    store: Session, world: World, client_for: ClientFor
) -> None:
    agent = make.agent(store, world.summit.fmo, "7731")
    business = make.business(store, agent)
    admin, address = client_for(world.summit.admin), f"/fmo/businesses/{business.id}"
    assert 'aria-label="Copy NPN 7731"' in admin.get(address).text
    store.execute(update(BusinessNpn).where(BusinessNpn.business_id == business.id).values(until=clock.now()))
    store.commit()
    assert 'aria-label="Copy NPN 7731"' not in admin.get(address).text


def test_the_details_of_an_agencys_account_name_its_principal(
    store: Session, world: World, client_for: ClientFor
) -> None:
    agency = make.agency(store, world.summit.fmo, "7741")
    lead = make.agent(store, world.summit.fmo, "7742", agency, is_principal=True)
    business = make.business(store, agency, continuous=True)
    page = client_for(world.summit.admin).get(f"/fmo/businesses/{business.id}").text
    assert "<dt>Principal</dt>" in page and f'href="/fmo/agents/{lead.id}"' in page
    assert "not an NPN of this account" in page and "Continuously" in page
    make.business_npn(store, business, lead)
    assert "not an NPN of this account" not in client_for(world.summit.admin).get(f"/fmo/businesses/{business.id}").text
