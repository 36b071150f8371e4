"""It adds up, whatever the book is made of; and each account's difference is explained."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from portal.book.models import Policy
from portal.businesses.models import Business
from portal.core.scope import Role
from portal.crm.models import Contact
from portal.downline.models import Producer
from portal.identity.models import User
from portal.sync.sums.statements import count, strays
from portal.sync.sums.tally import Account, Sum, Tally
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.examples import examples
from tests.support.people import acting
from tests.support.world import World

# Three of the downline, of whom accounts may have some, and one of nobody's.
NPNS = ("1001", "1002", "1003", "9009")
COPY = ("none", "living", "released", "removed")
books = st.lists(
    st.tuples(st.sampled_from([*NPNS, None]), st.lists(st.sampled_from(COPY), min_size=3, max_size=3)), max_size=9
)
account_sets = st.lists(st.sets(st.sampled_from(NPNS[:3])), min_size=3, max_size=3)


def tally(app: Flask, fmo_id: UUID) -> Tally:
    with acting(app, Role.FMO_ADMIN, fmo_id):
        return count(fmo_id)


@examples(25)
@given(book=books, sets=account_sets)
def test_every_policy_stands_in_exactly_one_part(
    app: Flask, store: Session, book: list[tuple[str | None, list[str]]], sets: list[set[str]]
) -> None:
    fmo = make.fmo(store)
    feed, person = make.feed_run(store, fmo), make.member(store, fmo)
    producers = {npn: make.agent(store, fmo, npn) for npn in NPNS[:3]}
    accounts = [_account(store, make.business(store, make.agency(store, fmo)), wanted, producers) for wanted in sets]
    people = [crm.contact(store, one) for one in accounts]
    states: list[tuple[str | None, list[str]]] = []
    for npn, wanted in book:
        policy = make.policy(store, person, feed, npn)
        # As the portal keeps it: a copy that lives stands under an NPN of its account.
        held = [
            "released" if state != "none" and npn not in own else state for state, own in zip(wanted, sets, strict=True)
        ]
        for state, one, contact in zip(held, accounts, people, strict=True):
            _copy(store, one, policy, contact, state if npn else "none")
        states.append((npn, held if npn else ["none"] * 3))
    found = tally(app, fmo.id)
    assert found.sum() == _model(states, sets)
    assert found.sum().holds and found.sum().parts == len(book)
    for number, own, line in zip(range(3), sets, found.by_account(account.id for account in accounts), strict=True):
        mine = [held[number] for npn, held in states if npn in own]
        assert line == Account(accounts[number].id, len(mine), mine.count("living"), mine.count("removed"), 0)


def _account(store: Session, business: Business, wanted: set[str], producers: dict[str, Producer]) -> Business:
    for npn in wanted:
        make.business_npn(store, business, producers[npn])
    return business


def _copy(store: Session, business: Business, policy: Policy, contact: Contact, state: str) -> None:
    now = datetime.now(UTC)
    values = {"living": {}, "released": {"released_at": now}, "removed": {"removed_at": now}}.get(state)
    if values is not None:
        crm.crm_policy(store, business, policy, contact, **values)


def _model(states: list[tuple[str | None, list[str]]], sets: list[set[str]]) -> Sum:
    """The same in plain Python."""
    served = set().union(*sets)
    parts = dict.fromkeys(
        ("accounts", "waiting", "gone", "without", "outside", "unattributed", "several", "removed"), 0
    )
    for npn, held in states:
        living = held.count("living")
        removed = "removed" in held
        parts["several"] += living > 1
        parts["removed"] += removed
        parts["gone"] += removed and not living
        if living:
            parts["accounts"] += 1
        elif npn is None:
            parts["unattributed"] += 1
        elif npn in served:
            parts["waiting"] += 1
        else:
            parts["without" if npn in NPNS[:3] else "outside"] += 1
    return Sum(**parts, book=len(states), astray=0)


def test_a_copy_that_does_not_belong_is_told(app: Flask, store: Session, world: World) -> None:
    nora = world.nora.people[0]
    nora.crm_policy = store.merge(nora.crm_policy)
    nora.crm_policy.npn = "1234567"
    store.commit()
    found = tally(app, world.summit.fmo.id)
    assert found.sum().astray == 1 and not found.sum().holds
    (line,) = found.by_account([world.nora.business.id])
    assert (line.astray, line.difference) == (1, 0)


def test_a_copy_under_another_npn_than_its_policys_is_told(
    app: Flask, store: Session, world: World, client_for: Callable[[User], FlaskClient]
) -> None:
    client = client_for(world.summit.admin)
    assert "each stands under the NPN that wrote its policy" in client.get("/fmo/sums?check=yes").text
    policy = store.merge(world.pat.policy)
    policy.writing_npn = world.lee.producer.npn  # behind the portal's back: nothing handed the copy over
    store.commit()
    with acting(app, Role.FMO_ADMIN, world.summit.fmo):
        assert strays(world.summit.fmo.id) == 1
    assert not tally(app, world.summit.fmo.id).sum().holds
    assert "1 copies do not stand under" in client.get("/fmo/sums?check=yes").text


def test_a_policy_of_a_removed_person_is_explained(app: Flask, store: Session, world: World) -> None:
    amy = world.amy.people[0]
    make.policy(store, amy.member, world.summit.feed_run, amy.producer.npn)
    before = tally(app, world.summit.fmo.id).by_account([world.amy.business.id])[0]
    assert (before.difference, before.removed, before.waiting) == (1, 0, 1)
    amy.contact = store.merge(amy.contact)
    amy.contact.removed_at = datetime.now(UTC)
    store.commit()
    after = tally(app, world.summit.fmo.id).by_account([world.amy.business.id])[0]
    assert (after.difference, after.removed, after.waiting) == (1, 1, 0)


def test_the_page_shows_the_equation_and_what_explains_the_difference(
    store: Session, world: World, client_for: Callable[[User], FlaskClient]
) -> None:
    office, client = world.summit, client_for(world.summit.admin)
    make.policy(store, world.nora.people[0].member, office.feed_run, world.nora.people[0].producer.npn)
    page = client.get("/fmo/sums").text
    assert "Equal to the book" in page and "waiting for the first run" in page
    assert page.index(world.nora.business.name) < page.index(world.amy.business.name), "the largest difference first"
    assert world.lakeside.accounts[0].business.name not in page
    by_name = client.get("/fmo/sums?sort=name").text
    assert by_name.index(world.amy.business.name) < by_name.index(world.nora.business.name)
    business = store.merge(world.nora.business)
    business.sync_enabled = False
    store.commit()
    assert "1 not copied: Policy Sync is not enabled" in client.get("/fmo/sums").text
    business.sync_enabled = True
    crm.sync_run(store, business, status="failed", requested_at=datetime.now(UTC))
    assert "1 not copied: the run of" in client.get("/fmo/sums").text


def test_a_part_is_listed_by_npn(store: Session, world: World, client_for: Callable[[User], FlaskClient]) -> None:
    client = client_for(world.summit.admin)
    for npn, times in (("4040404", 2), ("5050505", 1)):
        for _ in range(times):
            make.policy(store, world.summit.stray, world.summit.feed_run, npn)
    page = client.get("/fmo/sums/npns?part=outside").text
    assert page.index("4040404") < page.index("5050505") and world.amy.people[0].producer.npn not in page
    assert "This part of the sum is empty" in client.get("/fmo/sums/npns?part=several").text


def test_the_page_needs_few_statements(world: World, store: Session, client_for: Callable[[User], FlaskClient]) -> None:
    from tests.portal.sync.test_why_not import statements

    client = client_for(world.summit.admin)
    client.get("/fmo/sums")
    with statements() as few:
        client.get("/fmo/sums")
    for _ in range(5):
        make.business(store, make.agent(store, world.summit.fmo))
    with statements() as many:
        client.get("/fmo/sums")
    assert len(many) == len(few) <= 16
