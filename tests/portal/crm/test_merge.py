"""Merging two contacts and taking it back, by the operations and with real runs of Policy Sync in between."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.book.models import Member, Policy
from portal.businesses.models import Business
from portal.core.scope import Role
from portal.crm.duplicates import merging
from portal.crm.duplicates.finding import Sought, find_duplicates
from portal.crm.duplicates.models import ContactMerge
from portal.crm.duplicates.statements import moving
from portal.crm.models import Contact, PossibleDuplicate
from portal.extensions import db
from portal.sync import operations
from tests.portal.sync.runs import admin_scope, job_scope, rows, sync
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.examples import examples
from tests.support.people import acting
from tests.support.world import World

STATE = {
    "contact": "id, typed, carried, brought, first_name, last_name, phone, email, mbi_hash, typed_mbi_hash, member_id,"
    " hidden, agent_owned, made_by, merged_into, removed_at",
    "contact_source": "member_id, contact_id, carried, rung",
    "contact_key": "contact_id, kind, value",
    "crm_policy": "policy_id, contact_id, npn, released_at, removed_at",
    "note": "id, contact_id, body",
    "possible_duplicate": "contact_id, other_id, decision, decided_at",
}


def state(engine: Engine) -> dict[str, list[str]]:
    """All that an account is, as text."""
    return {
        table: sorted(
            json.dumps([str(value) for value in row]) for row in rows(engine, f"SELECT {columns} FROM {table}")
        )
        for table, columns in STATE.items()
    }


def pair_of(one: Contact, other: Contact) -> PossibleDuplicate:
    ids = sorted((one.id, other.id))
    found = select(PossibleDuplicate).where(
        PossibleDuplicate.contact_id == ids[0], PossibleDuplicate.other_id == ids[1]
    )
    return db.session.scalars(found).one()


def merge(app: Flask, business: Business, kept: UUID, merged: UUID) -> UUID:
    """Merge as the account's Administrator; the id of the merge."""
    with acting(app, Role.AGENT_ADMIN, business.fmo_id, business) as scope:
        one, other = (db.session.scalars(select(Contact).where(Contact.id == c)).one() for c in (kept, merged))
        return merging.merge(pair_of(one, other), one, other, by=scope).id


def undo(app: Flask, business: Business, merge_id: UUID) -> None:
    with acting(app, Role.AGENT_ADMIN, business.fmo_id, business) as scope:
        made = db.session.scalars(select(ContactMerge).where(ContactMerge.id == merge_id)).one()
        merging.undo(made, by=scope)


class Account:
    """A Business of one agent, with the book's people in it."""

    def __init__(self, app: Flask, store: Session) -> None:
        self.app, self.store = app, store
        self.fmo = make.fmo(store)
        self.business = make.business(store, make.agent(store, self.fmo, "1001"))
        self.feed = make.feed_run(store, self.fmo)

    def policy(self, member: Member, npn: str = "1001", **values: Any) -> Policy:
        return make.policy(self.store, member, self.feed, npn, **values)

    def sync(self) -> None:
        sync(self.app, self.store, self.business)

    def look(self) -> Sought:
        with acting(self.app, job_scope(self.business)):
            return find_duplicates(self.business.id)

    def contact_of(self, member: Member) -> UUID:
        query = "SELECT contact_id FROM contact_source WHERE member_id = :m AND business_id = :b"
        with self.store.get_bind().connect() as connection:  # type: ignore[union-attr]  # an engine
            return UUID(str(connection.execute(text(query), {"m": member.id, "b": self.business.id}).scalar_one()))

    def move(self, policy: Policy, npn: str) -> None:
        """Another agent wrote it, says the book by now."""
        with acting(self.app, admin_scope(self.fmo.id)):
            db.session.scalars(select(Policy).where(Policy.id == policy.id)).one().writing_npn = npn
            db.session.flush()
            operations.release_policies([policy.id])

    def pair(self, one: UUID, other: UUID) -> None:
        first, second = sorted((one, other))
        owned = crm.owned_by(self.business)
        make.add(self.store, PossibleDuplicate(**owned, contact_id=first, other_id=second, reason="Alike"))


@pytest.fixture
def account(app: Flask, store: Session) -> Account:
    return Account(app, store)


def test_a_merge_keeps_both_and_a_later_sync_respects_it(account: Account, setup_engine: Engine) -> None:
    app, store = account.app, account.store
    one, other = make.member(store, account.fmo, "1EG4TE5MK71"), make.member(store, account.fmo)
    account.policy(one)
    account.policy(other)
    account.sync()
    kept, merged = account.contact_of(one), account.contact_of(other)
    account.pair(kept, merged)
    merge(app, account.business, kept, merged)

    assert account.contact_of(other) == kept
    [hidden] = rows(setup_engine, "SELECT id, merged_into, carried FROM contact WHERE hidden")
    assert (hidden.id, hidden.merged_into, hidden.carried) == (merged, kept, {})
    before = state(setup_engine)
    account.sync()
    assert state(setup_engine) == before  # nothing unhidden, no key given back
    other.phone, other.as_of = "555-0177", other.as_of.replace(year=2027)
    fresh = account.policy(other, content_hash="new")
    account.sync()
    held = rows(setup_engine, "SELECT contact_id FROM crm_policy WHERE policy_id = :p", p=fresh.id)
    assert [row.contact_id for row in held] == [kept]
    assert [row.id for row in rows(setup_engine, "SELECT id FROM contact WHERE hidden")] == [merged]
    keys = rows(setup_engine, "SELECT 1 FROM contact_key WHERE contact_id = :c", c=merged)
    assert keys == []


def test_who_matches_either_goes_to_the_kept_one_and_stays_there(account: Account, setup_engine: Engine) -> None:
    app, store = account.app, account.store
    one, other = make.member(store, account.fmo, "1EG4TE5MK71"), make.member(store, account.fmo, "1EG4TE5MK72")
    other.birth_date = one.birth_date
    account.policy(one)
    account.policy(other)
    account.sync()
    kept, merged = account.contact_of(one), account.contact_of(other)
    account.pair(kept, merged)
    before = state(setup_engine)
    merge_id = merge(app, account.business, kept, merged)
    again = make.member(store, account.fmo, "1EG4TE5MK72", birth_date=other.birth_date)
    account.policy(again)
    account.sync()
    assert account.contact_of(again) == kept
    undo(app, account.business, merge_id)
    assert account.contact_of(again) == kept and account.contact_of(other) == merged
    copies = rows(setup_engine, "SELECT member_id, contact_id FROM crm_policy")
    assert {row.member_id: row.contact_id for row in copies} == {one.id: kept, other.id: merged, again.id: kept}
    after = state(setup_engine)
    theirs = {line for line in before["contact_key"] if str(merged) in line}
    assert theirs <= set(after["contact_key"])


def test_who_is_known_by_what_was_typed_goes_to_the_kept_one(account: Account, setup_engine: Engine) -> None:
    app, store = account.app, account.store
    member = make.member(store, account.fmo, "1EG4TE5MK71")
    account.policy(member)
    account.sync()
    kept = account.contact_of(member)
    known = {"first_name": "Bo", "last_name": "Quill", "birth_date": str(member.birth_date), "zip": "43999"}
    typed = crm.contact(store, account.business, None, **known)
    account.pair(kept, typed.id)
    before = state(setup_engine)
    merge_id = merge(app, account.business, kept, typed.id)
    undo(app, account.business, merge_id)
    assert state(setup_engine) == before
    merge_id = merge(app, account.business, kept, typed.id)
    fresh = make.member(store, account.fmo, first_name="Bo", last_name="Quill", zip="43999")
    fresh.birth_date = member.birth_date
    store.commit()
    account.policy(fresh)
    account.sync()
    assert account.contact_of(fresh) == kept


def test_a_release_in_between_does_not_come_back(account: Account, setup_engine: Engine) -> None:
    app, store = account.app, account.store
    one, other = make.member(store, account.fmo), make.member(store, account.fmo)
    account.policy(one)
    gone = account.policy(other)
    account.sync()
    kept, merged = account.contact_of(one), account.contact_of(other)
    account.pair(kept, merged)
    merge_id = merge(app, account.business, kept, merged)
    account.move(gone, "1002")
    undo(app, account.business, merge_id)
    [contact] = rows(setup_engine, "SELECT hidden, carried, merged_into FROM contact WHERE id = :c", c=merged)
    assert (contact.hidden, contact.carried, contact.merged_into) == (True, {}, None)
    [copy] = rows(setup_engine, "SELECT contact_id FROM crm_policy WHERE policy_id = :p", p=gone.id)
    assert copy.contact_id == merged  # whose it is again, should it ever come back
    store.rollback()
    again = store.get_one(Policy, (account.fmo.id, gone.id), populate_existing=True)
    again.writing_npn, again.batch = "1001", again.batch + 1_000
    store.commit()
    account.sync()
    assert account.contact_of(other) == merged
    assert rows(setup_engine, "SELECT 1 FROM contact WHERE hidden") == []


def test_what_was_typed_of_the_merged_one_outlives_the_carriers_values(account: Account, setup_engine: Engine) -> None:
    app, store = account.app, account.store
    member = make.member(store, account.fmo, first_name="Ray", last_name="Vance", phone="+16145550101")
    gone = account.policy(member)
    account.sync()
    kept = account.contact_of(member)
    own = crm.contact(store, account.business, None, first_name="Raymond", last_name="Vance", phone="+16145550102")
    account.pair(kept, own.id)
    before = state(setup_engine)
    merge_id = merge(app, account.business, kept, own.id)
    [shown] = rows(setup_engine, "SELECT first_name, phone FROM contact WHERE id = :c", c=kept)
    assert (shown.first_name, shown.phone) == ("Ray", "+16145550101"), "what the kept one shows stays"
    undo(app, account.business, merge_id)
    after = state(setup_engine)
    assert {table: after[table] for table in after if table != "possible_duplicate"} == {
        table: before[table] for table in before if table != "possible_duplicate"
    }
    merge(app, account.business, kept, own.id)
    account.move(gone, "1002")
    [shown] = rows(setup_engine, "SELECT first_name, last_name, phone, hidden FROM contact WHERE id = :c", c=kept)
    assert tuple(shown) == ("Raymond", "Vance", "+16145550102", False), "the agent's own words are left, not a blank"


def test_a_chain_is_taken_back_from_its_end(account: Account, setup_engine: Engine) -> None:
    app, store = account.app, account.store
    members = [make.member(store, account.fmo) for _ in range(3)]
    for member in members:
        account.policy(member)
    account.sync()
    a, b, c = map(account.contact_of, members)
    account.pair(a, b)
    account.pair(b, c)
    before = state(setup_engine)
    first = merge(app, account.business, b, a)
    between = state(setup_engine)
    second = merge(app, account.business, c, b)
    assert {row.id: row.merged_into for row in rows(setup_engine, "SELECT id, merged_into FROM contact")} == {
        a: c, b: c, c: None,
    }  # fmt: skip
    with pytest.raises(merging.NotLast):
        undo(app, account.business, first)
    undo(app, account.business, second)
    assert state(setup_engine) == between
    with pytest.raises(merging.NotLast):
        undo(app, account.business, second)
    undo(app, account.business, first)
    assert state(setup_engine) == before


def test_what_merged_contacts_show_is_seen_by_the_operation_alone(
    app: Flask, store: Session, world: World, setup_engine: Engine
) -> None:
    person, business = world.pat, world.harbor.business
    released = {"released_at": datetime.now(UTC)}
    writer = person.producer.npn
    policy = make.policy(store, person.member, world.summit.feed_run, writer)
    crm.crm_policy(store, business, policy, person.contact, **released)
    made = crm.contact_merge(store, person.contact, person.user)
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE contact SET hidden = true WHERE id = :id"), {"id": person.contact.id})
    gone = text("SELECT count(*) FROM crm_policy WHERE released_at IS NOT NULL")
    with acting(app, person.user) as scope:
        held = db.session.scalars(select(ContactMerge).where(ContactMerge.id == made.id)).one()
        with pytest.raises(merging.NotLast):
            merging.undo(held, by=scope)
        assert db.session.execute(gone).scalar_one() == 0, "the page that tells of it sees nothing more either"
    with acting(app, world.lee.user):
        moving.see_merged(True)
        assert db.session.execute(gone).scalar_one() == 0, "a Limited user gains nothing by it"
        hidden = text("SELECT count(*) FROM contact WHERE hidden")
        assert db.session.execute(hidden).scalar_one() == 0


def test_while_a_run_adds_contacts_nobody_merges(account: Account, setup_engine: Engine) -> None:
    store = account.store
    one, other = crm.contact(store, account.business), crm.contact(store, account.business)
    account.pair(one.id, other.id)
    lock = "SELECT pg_advisory_xact_lock(hashtextextended('portal.contacts:' || CAST(:b AS text), 0))"
    with setup_engine.begin() as connection:
        connection.execute(text(lock), {"b": str(account.business.id)})
        with pytest.raises(merging.Busy):
            merge(account.app, account.business, one.id, other.id)


def test_pairs_that_were_decided_do_not_come_back(account: Account, setup_engine: Engine) -> None:
    app, store = account.app, account.store
    same = {"first_name": "Dana", "last_name": "Quill", "birth_date": "1950-05-17"}
    one, other = (crm.contact(store, account.business, None, **same) for _ in range(2))
    bill = crm.contact(store, account.business, None, **{**same, "first_name": "Dayna"})
    assert account.look() == Sought(3, 3, 0)
    assert account.look() == Sought(3, 0, 0)
    with acting(app, Role.AGENT_ALL, account.fmo, account.business) as scope:
        merging.not_the_same(pair_of(bill, other), by=scope)
    assert account.look() == Sought(2, 0, 0)
    merge(app, account.business, one.id, other.id)
    assert account.look() == Sought(0, 0, 1)  # what holds for the merged one holds for the kept one
    bill = store.get_one(Contact, (account.business.id, bill.id), populate_existing=True)
    bill.typed = {**bill.typed, "first_name": "Zelda"}
    store.commit()
    assert account.look() == Sought(0, 0, 0)


words = st.sampled_from(["", "Dana", "Quill"])
typed = st.fixed_dictionaries({"first_name": words, "phone": st.sampled_from(["", "+16145550101", "+16145550102"])})
sides = st.tuples(typed, st.booleans(), st.integers(0, 2), st.booleans())  # typed, synced, notes, mbi typed


@examples(8)
@given(sides, sides, sides)
def test_undone_merges_leave_everything_as_it_was(
    app: Flask, store: Session, setup_engine: Engine, one: Any, other: Any, third: Any
) -> None:
    account = Account(app, store)
    author = make.user(store, account.fmo, Role.AGENT_ADMIN, account.business)
    ids = [_side(account, author, side) for side in (one, other, third)]
    account.pair(ids[0], ids[1])
    account.pair(ids[0], ids[2])
    before = state(setup_engine)
    first = merge(app, account.business, ids[0], ids[1])
    second = merge(app, account.business, ids[2], ids[0])
    hidden = rows(setup_engine, "SELECT id FROM contact WHERE hidden AND business_id = :b", b=account.business.id)
    assert {row.id for row in hidden} == {ids[0], ids[1]}
    undo(app, account.business, second)
    undo(app, account.business, first)
    assert state(setup_engine) == before


def _side(account: Account, author: Any, side: Any) -> UUID:
    values, synced, notes, mbi = side
    known = {name: value for name, value in values.items() if value}
    member = make.member(account.store, account.fmo) if synced else None
    contact = crm.contact(
        account.store, account.business, member, **(known if member else {"last_name": "Own", **known})
    )
    contact.agent_owned = contact.agent_owned or bool(known or notes or not synced or mbi)
    if mbi:
        contact.typed_mbi, contact.typed_mbi_hash = "ciphertext", f"hash of {contact.id}"
    account.store.commit()
    if member:
        crm.crm_policy(account.store, account.business, account.policy(member), contact)
        with acting(account.app, Role.AGENT_ADMIN, account.business.fmo_id, account.business):
            moving.tell_keys(contact.id, contact.id)
    for number in range(notes):
        crm.note(account.store, contact, author, f"note {number}")
    return contact.id
