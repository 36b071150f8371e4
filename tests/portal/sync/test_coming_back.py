"""Who left an account and comes back by another policy: merged, removed or the agent's own as they were."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.book.models import Policy
from portal.core.scope import Role
from portal.crm import removal
from portal.crm.models import Contact
from portal.extensions import db
from portal.sync import operations
from tests.portal.crm.test_merge import Account, merge
from tests.portal.sync.runs import ACCOUNT, admin_scope, rows, shown, sync, versions
from tests.portal.sync.test_incremental import whole
from tests.portal.sync.test_rehearsal import figures, rehearsed
from tests.support import builders as make
from tests.support.people import acting


@pytest.fixture
def account(app: Flask, store: Session) -> Account:
    return Account(app, store)


def give(account: Account, policy: Policy, npn: str) -> None:
    """As a feed does that moves the policy."""
    with acting(account.app, admin_scope(account.fmo.id)):
        moved = db.session.scalars(select(Policy).where(Policy.id == policy.id)).one()
        moved.writing_npn, moved.batch = npn, make.number()
        db.session.flush()
        operations.release_policies([policy.id])
    account.store.rollback()
    account.store.expire_all()


def make_own(account: Account, contact_id: UUID) -> None:
    account.store.execute(text("UPDATE contact SET agent_owned = true WHERE id = :c"), {"c": contact_id})
    account.store.commit()


def remove(account: Account, contact_id: UUID) -> None:
    with acting(account.app, Role.AGENT_ADMIN, account.fmo, account.business) as scope:
        removal.remove_contact(db.session.scalars(select(Contact).where(Contact.id == contact_id)).one(), by=scope)


def settled(account: Account, engine: Engine) -> None:
    """A look at everything finds nothing to do."""
    before = versions(engine, ACCOUNT)
    whole(account.app, account.store, account.business)
    assert versions(engine, ACCOUNT) == before


@pytest.mark.parametrize("own", [False, True])
def test_a_merge_holds_for_who_comes_by_another_policy(account: Account, setup_engine: Engine, own: bool) -> None:
    one, other = make.member(account.store, account.fmo), make.member(account.store, account.fmo)
    first, gone = account.policy(one), account.policy(other)
    account.sync()
    kept, merged = account.contact_of(one), account.contact_of(other)
    account.pair(kept, merged)
    merge(account.app, account.business, kept, merged)
    if own:
        make_own(account, kept)
    give(account, first, "1002")
    give(account, gone, "1002")

    account.policy(other)
    account.sync()

    assert account.contact_of(other) == kept
    assert [row.id for row in rows(setup_engine, "SELECT id FROM contact WHERE NOT hidden")] == [kept]
    settled(account, setup_engine)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("back", [False, True])
def test_who_was_removed_stays_out_by_whatever_policy(
    account: Account, setup_engine: Engine, own: bool, back: bool
) -> None:
    member = make.member(account.store, account.fmo)
    policy = account.policy(member)
    account.sync()
    contact = account.contact_of(member)
    if own:
        make_own(account, contact)
    remove(account, contact)
    give(account, policy, "1002")
    if back:
        give(account, policy, "1001")
    account.policy(member)
    told = rehearsed(account.app, account.fmo.id, account.business, "1001")

    run = sync(account.app, account.store, account.business)

    assert figures(told) == figures(run)
    assert shown(setup_engine, account.business) == set()
    assert (run.policies, run.added, run.removed_by_agent) == (0, 0, 1 + back)
    assert account.contact_of(member) == contact
    settled(account, setup_engine)
    with acting(account.app, Role.AGENT_ADMIN, account.fmo, account.business) as scope:
        assert removal.restore_contact(removal.contact_or_404(contact), by=scope) == 1 + back
    assert len(shown(setup_engine, account.business)) == 1 + back
    settled(account, setup_engine)


def test_the_agents_own_contact_gets_its_person_back(account: Account, setup_engine: Engine) -> None:
    member = make.member(account.store, account.fmo)
    policy = account.policy(member)
    account.sync()
    contact = account.contact_of(member)
    make_own(account, contact)
    give(account, policy, "1002")
    account.policy(member)

    account.sync()

    assert account.contact_of(member) == contact
    [row] = rows(setup_engine, "SELECT first_name, carried <> '{}' AS told FROM contact")
    assert tuple(row) == (member.first_name, True)
    settled(account, setup_engine)
