"""Agents and runs, merges and releases at the same moment: each waits for the other, and nothing falls between."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portal.book.models import Policy
from portal.core.scope import Role
from portal.crm import removal
from portal.crm.duplicates import merging
from portal.crm.models import Contact
from portal.extensions import db
from portal.sync import operations
from portal.sync.operations import planning
from tests.portal.crm.test_merge import Account, merge, pair_of
from tests.portal.sync.runs import admin_scope, rows, shown
from tests.portal.sync.test_coming_back import give, settled
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
