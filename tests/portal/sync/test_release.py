"""Taking away: in the same transaction, whole, and nothing more than that."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.book.models import Policy
from portal.businesses.models import Business, BusinessNpn
from portal.core.scope import Login, Role, Scope
from portal.extensions import db
from portal.sync import operations
from tests.portal.sync.runs import admin_scope, rows, shown, sync, versions
from tests.support import builders as make
from tests.support.people import acting


def feed_scope(fmo_id: UUID) -> Scope:
    """A feed's scope: jobs, no Business."""
    return Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo_id, actor_name="Test feed")


def move(policy_id: UUID, npn: str | None) -> int:
    """Give a policy of the book to another writer and tell Policy Sync, as a feed or an admin does."""
    policy = db.session.scalars(select(Policy).where(Policy.id == policy_id)).one()
    policy.writing_npn = npn
    return operations.release_policies([policy_id])


@pytest.fixture(params=["fmo", "jobs"])
def mover(request: pytest.FixtureRequest) -> str:
    """The login that takes away."""
    return str(request.param)


def scope_of(mover: str, fmo_id: UUID) -> Scope:
    return admin_scope(fmo_id) if mover == "fmo" else feed_scope(fmo_id)


def test_a_moved_policy_leaves_at_once(app: Flask, store: Session, setup_engine: Engine, mover: str) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    feed = make.feed_run(store, fmo)
    leaving, staying = (make.member(store, fmo, f"1EG4TE5MK7{index}") for index in range(2))
    gone = make.policy(store, leaving, feed, "1001")
    kept = [make.policy(store, staying, feed, "1001") for _ in range(2)]
    sync(app, store, business)

    with acting(app, scope_of(mover, fmo.id)):
        assert move(gone.id, "1002") == 1
        assert move(kept[0].id, None) == 1

    assert shown(setup_engine, business) == {kept[1].id}
    hidden = rows(setup_engine, "SELECT hidden, carried, mbi, mbi_hash, member_id FROM contact WHERE hidden")
    assert [tuple(row) for row in hidden] == [(True, {}, None, None, None)]
    [still] = rows(setup_engine, "SELECT carried, mbi_hash, member_id FROM contact WHERE NOT hidden")
    assert still.member_id == staying.id and still.mbi_hash == staying.mbi_hash and still.carried["first_name"]
    assert rows(setup_engine, "SELECT member_id FROM contact_source") == [(staying.id,)]
    entries = rows(
        setup_engine,
        "SELECT business_id, subject_ids, member_ids, reason FROM access_entry WHERE action = 'policy.released'",
    )
    assert sorted(tuple(entry) for entry in entries) == sorted(
        [(business.id, [gone.id], [leaving.id], "moved"), (business.id, [kept[0].id], [staying.id], "moved")]
    )


def test_the_agents_own_contact_stays_without_the_carriers_values(
    app: Flask, store: Session, setup_engine: Engine, mover: str
) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    policy = make.policy(store, make.member(store, fmo, "1EG4TE5MK73"), make.feed_run(store, fmo), "1001")
    sync(app, store, business)
    store.execute(text('UPDATE contact SET typed = \'{"first_name": "Bo"}\', agent_owned = true'))
    store.commit()

    with acting(app, scope_of(mover, fmo.id)):
        move(policy.id, "1002")

    [contact] = rows(setup_engine, "SELECT first_name, last_name, email, birth_date, mbi, hidden, carried FROM contact")
    assert tuple(contact) == ("Bo", None, None, None, None, False, {})


def test_a_policy_that_stays_in_the_account_carries_its_new_npn_at_once(
    app: Flask, store: Session, setup_engine: Engine, mover: str
) -> None:
    fmo = make.fmo(store)
    agency = make.agency(store, fmo, "1001")
    business = make.business(store, agency)
    make.business_npn(store, business, make.agent(store, fmo, "1002", agency))
    policy = make.policy(store, make.member(store, fmo), make.feed_run(store, fmo), "1001")
    sync(app, store, business)

    with acting(app, scope_of(mover, fmo.id)):
        assert move(policy.id, "1002") == 0

    assert rows(setup_engine, "SELECT npn, released_at FROM crm_policy") == [("1002", None)]


def test_a_policy_comes_back_to_the_same_contact(app: Flask, store: Session, setup_engine: Engine) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    member = make.member(store, fmo, "1EG4TE5MK73")
    policy = make.policy(store, member, make.feed_run(store, fmo), "1001")
    sync(app, store, business)
    with acting(app, admin_scope(fmo.id)):
        move(policy.id, "1002")
    with acting(app, admin_scope(fmo.id)):
        assert move(policy.id, "1001") == 0

    run = sync(app, store, business)

    assert (run.added, run.updated, run.contacts_new, run.contacts) == (1, 0, 0, 1)
    [contact] = rows(setup_engine, "SELECT hidden, first_name, member_id FROM contact")
    assert tuple(contact) == (False, "Mae", member.id)
    disclosed = rows(setup_engine, "SELECT 1 FROM access_entry WHERE action = 'policy.disclosed'")
    assert len(disclosed) == 2
    assert shown(setup_engine, business) == {policy.id}


def test_an_npn_that_leaves_takes_only_its_own(app: Flask, store: Session, setup_engine: Engine) -> None:
    fmo = make.fmo(store)
    first, second = make.agent(store, fmo, "1001"), make.agent(store, fmo, "1002")
    shared, neighbour = make.business(store, first), make.business(store, second)
    make.business_npn(store, shared, second)
    feed = make.feed_run(store, fmo)
    stays = make.policy(store, make.member(store, fmo), feed, "1001")
    leaves = make.policy(store, make.member(store, fmo), feed, "1002")
    for business in (shared, neighbour):
        sync(app, store, business)

    with acting(app, admin_scope(fmo.id)):
        closed = db.session.scalars(
            select(BusinessNpn).where(BusinessNpn.business_id == shared.id, BusinessNpn.npn == "1002")
        ).one()
        closed.until = datetime.now(UTC)
        assert operations.release_npn(shared.id, "1002") == 1

    assert shown(setup_engine, shared) == {stays.id}
    assert shown(setup_engine, neighbour) == {leaves.id}


def test_a_move_that_fails_takes_nothing_away(app: Flask, store: Session, setup_engine: Engine) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    policy = make.policy(store, make.member(store, fmo), make.feed_run(store, fmo), "1001")
    sync(app, store, business)
    before = versions(setup_engine)

    with pytest.raises(ZeroDivisionError), acting(app, feed_scope(fmo.id)):
        move(policy.id, "1002")
        raise ZeroDivisionError

    assert versions(setup_engine) == before
    assert shown(setup_engine, business) == {policy.id}


def test_every_account_with_the_npn_loses_it(app: Flask, store: Session, setup_engine: Engine, mover: str) -> None:
    fmo, other = make.fmo(store), make.fmo(store)
    first, second = make.agent(store, fmo, "1001"), make.agent(store, fmo, "1003")
    accounts = [make.business(store, first), make.business(store, second)]
    make.business_npn(store, accounts[1], first)
    policy = make.policy(store, make.member(store, fmo), make.feed_run(store, fmo), "1001")
    far = make.business(store, make.agent(store, other, "1001"))
    far_policy = make.policy(store, make.member(store, other), make.feed_run(store, other), "1001")
    for business in (*accounts, far):
        sync(app, store, business)

    with acting(app, scope_of(mover, fmo.id)):
        assert move(policy.id, "1003") == 1
        assert operations.release_policies([far_policy.id]) == 0

    assert [shown(setup_engine, business) for business in accounts] == [set(), {policy.id}]
    assert shown(setup_engine, far) == {far_policy.id}


def test_the_safety_net_of_a_run(app: Flask, store: Session, setup_engine: Engine) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    policy = make.policy(store, make.member(store, fmo), make.feed_run(store, fmo), "1001")
    sync(app, store, business)
    policy.writing_npn = "1002"  # by something that told nobody
    store.commit()

    run = sync(app, store, business)

    assert (run.released, run.policies, run.contacts) == (1, 0, 0)
    assert shown(setup_engine, business) == set()
    assert rows(setup_engine, "SELECT hidden FROM contact") == [(True,)]
    assert store.get_one(Business, (fmo.id, business.id), populate_existing=True).synced_at is not None
