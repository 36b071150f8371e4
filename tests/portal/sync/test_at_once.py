"""Agents and runs, merges and releases at the same moment: each waits for the other, and nothing falls between."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.book.models import Policy
from portal.businesses import operations as businesses
from portal.businesses.models import BusinessNpn
from portal.core.scope import Role, Scope
from portal.crm import removal
from portal.crm.duplicates import merging
from portal.crm.duplicates.models import ContactMerge
from portal.crm.models import Contact
from portal.extensions import db
from portal.sync import operations
from portal.sync.operations import planning
from portal.sync.statements import account as held_account
from portal.sync.statements import locks
from tests.portal.crm.test_merge import Account, merge, pair_of, undo
from tests.portal.sync.runs import admin_scope, rows, shown, sync
from tests.portal.sync.test_coming_back import give, settled
from tests.portal.sync.test_rehearsal import rehearsed
from tests.portal.sync.test_release import feed_scope
from tests.portal.sync.test_release import move as moved
from tests.support import builders as make
from tests.support.people import acting


@pytest.fixture
def account(app: Flask, store: Session) -> Account:
    return Account(app, store)


def test_a_release_waits_for_a_merge(account: Account, setup_engine: Engine) -> None:
    """One of two policies leaves while their contact is being merged: the other keeps its person's values."""
    one, other = make.member(account.store, account.fmo), make.member(account.store, account.fmo)
    account.policy(one)
    gone, stays = account.policy(other), account.policy(other)
    account.sync()
    kept, merged = account.contact_of(one), account.contact_of(other)
    account.pair(kept, merged)
    with acting(account.app, Role.AGENT_ADMIN, account.fmo, account.business) as scope:
        people = [db.session.scalars(select(Contact).where(Contact.id == c)).one() for c in (kept, merged)]
        merging.merge(pair_of(*people), *people, by=scope)
        release = threading.Thread(target=lambda: give(account, gone, "1002"))
        release.start()
        release.join(0.7)
        assert release.is_alive()
    release.join(10)

    assert stays.id in shown(setup_engine, account.business)
    assert gone.id not in shown(setup_engine, account.business)
    sources = rows(setup_engine, "SELECT contact_id, member_id FROM contact_source")
    assert {row.member_id: row.contact_id for row in sources} == {one.id: kept, other.id: kept}
    settled(account, setup_engine)


def test_nobody_merges_into_an_account_that_is_losing_policies(account: Account, setup_engine: Engine) -> None:
    """Else each would wait for the other's rows, and one of them would be ended."""
    one, other = make.member(account.store, account.fmo), make.member(account.store, account.fmo)
    account.policy(one)
    gone = account.policy(other)
    account.sync()
    kept, merged = account.contact_of(one), account.contact_of(other)
    account.pair(kept, merged)
    with acting(account.app, admin_scope(account.fmo.id)):
        db.session.scalars(select(Policy).where(Policy.id == gone.id)).one().writing_npn = "1002"
        operations.release_policies([gone.id])
        with ThreadPoolExecutor(1) as pool:
            pool.submit(merge_busily, account, kept, merged).result(10)
    assert [row.id for row in rows(setup_engine, "SELECT id FROM contact WHERE NOT hidden")] == [kept]


def merge_busily(account: Account, kept: UUID, merged: UUID) -> None:
    with pytest.raises(merging.Busy):
        merge(account.app, account.business, kept, merged)


def test_of_two_who_decide_at_once_one_does(account: Account, setup_engine: Engine) -> None:
    """Both have the page before them; the second one's click finds two contacts that are one already."""
    one, other = make.member(account.store, account.fmo), make.member(account.store, account.fmo)
    for member in (one, other):
        account.policy(member)
    account.sync()
    first, second = account.contact_of(one), account.contact_of(other)
    account.pair(first, second)
    with ThreadPoolExecutor(1) as pool:
        with acting(account.app, Role.AGENT_ADMIN, account.fmo, account.business) as scope:
            kept, merged = (db.session.scalars(select(Contact).where(Contact.id == c)).one() for c in (second, first))
            pair = pair_of(kept, merged)
            merge_id = pool.submit(merge, account.app, account.business, first, second).result(10)
            with pytest.raises(merging.Decided):
                merging.merge(pair, kept, merged, by=scope)
            with pytest.raises(merging.Decided):
                merging.not_the_same(pair, by=scope)
        assert [row.id for row in rows(setup_engine, "SELECT id FROM contact WHERE NOT hidden")] == [first]
        with acting(account.app, Role.AGENT_ADMIN, account.fmo, account.business) as scope:
            made = db.session.scalars(select(ContactMerge).where(ContactMerge.id == merge_id)).one()
            assert merging.merges_of(first)
            pool.submit(undo, account.app, account.business, merge_id).result(10)
            with pytest.raises(merging.NotLast):
                merging.undo(made, by=scope)
    assert len(rows(setup_engine, "SELECT id FROM contact WHERE NOT hidden")) == 2
    settled(account, setup_engine)


def test_a_merge_taken_back_after_a_release_keeps_nothing_of_the_carrier(
    account: Account, setup_engine: Engine
) -> None:
    one, other = make.member(account.store, account.fmo), make.member(account.store, account.fmo)
    account.policy(one)
    gone = account.policy(other)
    account.sync()
    kept, merged = account.contact_of(one), account.contact_of(other)
    account.pair(kept, merged)
    account.store.execute(
        text('UPDATE contact SET agent_owned = true, dismissed = \'{"phone": "555-0123"}\' WHERE id = :c'),
        {"c": merged},
    )
    account.store.commit()
    merge_id = merge(account.app, account.business, kept, merged)
    give(account, gone, "1002")
    undo(account.app, account.business, merge_id)
    [row] = rows(setup_engine, "SELECT hidden, carried, dismissed, mbi_hash FROM contact WHERE id = :c", c=merged)
    assert tuple(row) == (False, {}, {}, None)
    assert rows(setup_engine, "SELECT 1 FROM contact_key WHERE contact_id = :c", c=merged) == []


def test_a_removal_waits_for_a_run(account: Account, setup_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that a run is bringing goes along with the contact that the agent removes meanwhile."""
    member = make.member(account.store, account.fmo)
    account.policy(member)
    account.sync()
    contact = account.contact_of(member)
    account.policy(member)
    make_plan = planning.make
    removing: list[threading.Thread] = []

    def remove() -> None:
        with acting(account.app, Role.AGENT_ADMIN, account.fmo, account.business) as scope:
            removal.remove_contact(db.session.scalars(select(Contact).where(Contact.id == contact)).one(), by=scope)

    def slowly(*given: object, **named: object) -> object:
        found = make_plan(*given, **named)  # type: ignore[arg-type]  # as it was called
        removing.append(threading.Thread(target=remove))
        removing[0].start()
        removing[0].join(0.7)
        return found

    monkeypatch.setattr(planning, "make", slowly)
    account.sync()
    removing[0].join(10)
    monkeypatch.undo()

    assert shown(setup_engine, account.business) == set()
    settled(account, setup_engine)


def test_a_rehearsal_sees_one_moment(account: Account, setup_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is over while the rehearsal counts is as if it had not begun."""
    for _ in range(3):
        account.policy(make.member(account.store, account.fmo))
    held = held_account.held
    ran: list[bool] = []

    def slowly(*given: Any) -> Any:
        found = held(*given)
        if not ran:
            ran.append(True)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(account.sync).result(20)
        return found

    monkeypatch.setattr(held_account, "held", slowly)
    told = rehearsed(account.app, account.fmo.id, account.business, "1001")

    assert ran and (told.added, told.unchanged, told.released, told.contacts) == (3, 0, 0, 3)
    settled(account, setup_engine)


def test_an_npn_that_ends_during_a_run_waits_for_it(
    account: Account, setup_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is ended for the other's sake: the run succeeds, and what it brought leaves at once."""
    account.policy(make.member(account.store, account.fmo))
    make_plan = planning.make
    ending: list[Future[None]] = []

    def end_npn() -> None:
        with acting(account.app, admin_scope(account.fmo.id)) as scope:
            query = select(BusinessNpn).where(BusinessNpn.business_id == account.business.id)
            assert businesses.end_npn(db.session.scalars(query.with_for_update()).one(), by=scope) == 1

    with ThreadPoolExecutor(1) as pool:

        def slowly(*given: Any, **named: Any) -> Any:
            ending.append(pool.submit(end_npn))
            wait(ending, 0.7)
            return make_plan(*given, **named)

        monkeypatch.setattr(planning, "make", slowly)
        run = sync(account.app, account.store, account.business)
        ending[0].result(10)

    assert run.added == 1
    assert shown(setup_engine, account.business) == set()


def test_an_npn_that_joins_during_a_run_and_ends_again_waits_for_nothing_of_it(
    account: Account, setup_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run does not hold it, so it must not follow it either: whoever ends it waits for the run."""
    policy = account.policy(make.member(account.store, account.fmo))
    second = make.agent(account.store, account.fmo, "1002")
    make.policy(account.store, make.member(account.store, account.fmo), account.feed, "1002")
    share, make_plan = locks.share_writers, planning.make
    ending: list[Future[None]] = []

    def joined(fmo_id: UUID) -> None:
        make.business_npn(account.store, account.business, second)
        share(fmo_id)

    def end_npn() -> None:
        with acting(account.app, admin_scope(account.fmo.id)) as scope:
            query = select(BusinessNpn).where(BusinessNpn.npn == "1002").with_for_update()
            assert businesses.end_npn(db.session.scalars(query).one(), by=scope) == 0

    with ThreadPoolExecutor(1) as pool:

        def slowly(*given: Any, **named: Any) -> Any:
            ending.append(pool.submit(end_npn))
            wait(ending, 0.7)
            return make_plan(*given, **named)

        monkeypatch.setattr(locks, "share_writers", joined)
        monkeypatch.setattr(planning, "make", slowly)
        run = sync(account.app, account.store, account.business)
        ending[0].result(10)

    assert run.added == 1
    assert shown(setup_engine, account.business) == {policy.id}


def test_a_feed_waits_for_the_longest_run_and_a_person_is_told(account: Account, setup_engine: Engine) -> None:
    policy = account.policy(make.member(account.store, account.fmo))
    account.sync()
    share = "SELECT pg_advisory_xact_lock_shared(hashtextextended('portal.writers:' || CAST(:fmo AS text), 0))"

    def move(who: Scope) -> int:
        with acting(account.app, who):
            db.session.execute(text("SET LOCAL lock_timeout = '300ms'"))
            return moved(policy.id, "1002")

    with ThreadPoolExecutor(1) as pool:
        with setup_engine.begin() as run:
            run.execute(text(share), {"fmo": str(account.fmo.id)})
            with pytest.raises(OperationalError):
                move(admin_scope(account.fmo.id))
            feed = pool.submit(move, feed_scope(account.fmo.id))
            wait([feed], timeout=1)
            assert not feed.done()
        assert feed.result(timeout=20) == 1
    assert shown(setup_engine, account.business) == set()
