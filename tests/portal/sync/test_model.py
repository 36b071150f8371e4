"""Random books and days against a model in plain Python: each account shows exactly its policies, after every step."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portal.book.models import Policy
from portal.businesses.models import Business, BusinessNpn
from portal.downline.models import Producer
from portal.extensions import db
from portal.identity.models import Fmo
from portal.sync import operations
from tests.portal.sync.runs import admin_scope, rows, shown, sync, versions
from tests.portal.sync.test_release import feed_scope
from tests.support import builders as make
from tests.support.examples import examples
from tests.support.people import acting

NPNS = ("1001", "1002", "1003")
npns = st.sampled_from([*NPNS, None])
# (member, its writer); several policies of one member are common.
books = st.lists(st.tuples(st.integers(0, 4), npns), min_size=2, max_size=8)
account_sets = st.lists(st.sets(st.sampled_from(NPNS), min_size=1), min_size=2, max_size=3)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("sync"), st.integers(0, 3), st.none()),
        st.tuples(st.just("move"), st.integers(0, 7), npns),
        st.tuples(st.just("move"), st.integers(0, 7), npns),
        st.tuples(st.just("leave"), st.integers(0, 3), st.sampled_from(NPNS)),
        st.tuples(st.just("join"), st.integers(0, 3), st.sampled_from(NPNS)),
    ),
    min_size=3,
    max_size=9,
)


@dataclass(slots=True)
class Account:
    """What the model knows of one Business."""

    business: Business
    npns: set[str]
    held: set[UUID] = field(default_factory=set)


@dataclass(slots=True)
class Office:
    """One FMO in the model: who writes each policy, and the accounts."""

    fmo: Fmo
    producers: dict[str, Producer]
    writer: dict[UUID, str | None]
    member: dict[UUID, UUID]
    accounts: list[Account]

    def belongs(self, account: Account) -> set[UUID]:
        """The policies that the account may hold now."""
        return {policy for policy, npn in self.writer.items() if npn in account.npns}

    def take_away(self) -> None:
        """Nothing stays anywhere that does not belong there."""
        for account in self.accounts:
            account.held &= self.belongs(account)


def build(store: Session, book: list[tuple[int, str | None]], sets: list[set[str]]) -> Office:
    """The same in the database and in the model; each Business is provisioned from a record that writes nothing."""
    fmo = make.fmo(store)
    feed = make.feed_run(store, fmo)
    producers = {npn: make.agent(store, fmo, npn) for npn in NPNS}
    people = [make.member(store, fmo) for _ in range(5)]
    policies = [(make.policy(store, people[who], feed, npn), npn) for who, npn in book]
    accounts = []
    for wanted in sets:
        business = make.business(store, make.agency(store, fmo))
        for npn in wanted:
            make.business_npn(store, business, producers[npn])
        accounts.append(Account(business, set(wanted)))
    writer = {policy.id: npn for policy, npn in policies}
    return Office(fmo, producers, writer, {policy.id: policy.member_id for policy, _ in policies}, accounts)


def take(app: Flask, store: Session, office: Office, step: tuple[str, int, str | None]) -> None:
    """One step in the portal and in the model."""
    what, number, npn = step
    account = office.accounts[number % len(office.accounts)]
    if what == "sync":
        sync(app, store, account.business)
        account.held = office.belongs(account)
    elif what == "move":
        move(app, office, sorted(office.writer)[number % len(office.writer)], npn, by_feed=number % 2 == 0)
    elif npn is not None and what == "leave" and npn in account.npns:
        leave(app, office, account, npn)
    elif npn is not None and what == "join" and npn not in account.npns:
        make.business_npn(store, account.business, office.producers[npn])
        account.npns.add(npn)


def move(app: Flask, office: Office, policy_id: UUID, npn: str | None, *, by_feed: bool) -> None:
    scope = feed_scope(office.fmo.id) if by_feed else admin_scope(office.fmo.id)
    with acting(app, scope):
        db.session.scalars(select(Policy).where(Policy.id == policy_id)).one().writing_npn = npn
        operations.release_policies([policy_id])
    office.writer[policy_id] = npn
    office.take_away()


def leave(app: Flask, office: Office, account: Account, npn: str) -> None:
    mine = (BusinessNpn.business_id == account.business.id, BusinessNpn.npn == npn, BusinessNpn.until.is_(None))
    with acting(app, admin_scope(office.fmo.id)):
        db.session.scalars(select(BusinessNpn).where(*mine)).one().until = datetime.now(UTC)
        operations.release_npn(account.business.id, npn)
    account.npns.discard(npn)
    office.take_away()


def check(engine: Engine, office: Office) -> None:
    """Every account is what the model says: policies, the NPNs they stand under, contacts."""
    for account in office.accounts:
        assert shown(engine, account.business) == account.held
        given = {"b": account.business.id}
        copies = rows(
            engine, "SELECT policy_id, npn FROM crm_policy WHERE business_id = :b AND released_at IS NULL", **given
        )
        assert {row.policy_id: row.npn for row in copies} == {policy: office.writer[policy] for policy in account.held}
        people = {office.member[policy] for policy in account.held}
        contacts = rows(engine, "SELECT member_id FROM contact WHERE business_id = :b AND NOT hidden", **given)
        assert sorted(row.member_id for row in contacts) == sorted(people)
        sources = rows(engine, "SELECT member_id FROM contact_source WHERE business_id = :b", **given)
        assert sorted(row.member_id for row in sources) == sorted(people)
        gone = rows(engine, "SELECT 1 FROM contact WHERE business_id = :b AND hidden AND carried <> '{}'", **given)
        assert gone == []


@examples(12)
@given(book=books, sets=account_sets, days=steps, far=books)
def test_every_account_is_what_the_model_says(
    app: Flask,
    store: Session,
    setup_engine: Engine,
    book: list[tuple[int, str | None]],
    sets: list[set[str]],
    days: list[tuple[str, int, str | None]],
    far: list[tuple[int, str | None]],
) -> None:
    office, other = build(store, book, sets), build(store, far, [set(NPNS)])
    take(app, store, other, ("sync", 0, None))
    for number in range(len(office.accounts)):
        take(app, store, office, ("sync", number, None))
    for step in days:
        take(app, store, office, step)
        check(setup_engine, office)
    for number in range(len(office.accounts)):
        take(app, store, office, ("sync", number, None))
    check(setup_engine, office)
    before = versions(setup_engine)
    for number in range(len(office.accounts)):
        take(app, store, office, ("sync", number, None))
    assert versions(setup_engine) == before
    check(setup_engine, other)
