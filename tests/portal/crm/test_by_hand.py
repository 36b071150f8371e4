"""Two contacts that a person brings together: ticked in the list or found by a search, merged and taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core.scope import Role
from portal.crm.duplicates.models import ContactMerge
from portal.crm.models import Contact
from portal.identity.models import User
from tests.portal.crm.people import words
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.web import Browser
from tests.support.world import World

Client = Callable[[User | None], Browser]


@pytest.fixture
def other(store: Session, world: World) -> Contact:
    """Somebody whom no rule would find: another name, nothing in common."""
    return crm.contact(store, world.amy.business, None, first_name="Wanda", last_name="Formerly")


def test_ticked_merged_and_taken_back(store: Session, world: World, client_for: Client, other: Contact) -> None:
    browser, synced = client_for(world.amy.admin), world.amy.people[0].contact
    crm.note(store, other, world.amy.admin, "Has married")
    assert f'name="contact" value="{other.id}"' in browser.get("/crm/contacts").text
    went = browser.post("/crm/contacts/together", data={"contact": [str(synced.id), str(other.id)]})
    address = went.headers["Location"]
    page = words(browser.get(address))
    assert "Brought together by you" in page and "Not the same person" not in page and "Formerly" in page
    assert browser.post(address).status_code == 422
    done = browser.post(address, data={"keep": str(synced.id)})
    assert done.headers["Location"] == f"/crm/contacts/{synced.id}"
    assert "Has married" in words(browser.get(done.headers["Location"]))
    made = store.scalars(select(ContactMerge)).one()
    assert made.pair_id is None
    assert browser.post(f"/crm/merges/{made.id}/undo").status_code == 303
    assert "Has married" in words(browser.get(f"/crm/contacts/{other.id}"))


@pytest.mark.parametrize("ticked", [0, 1, 3])
def test_it_takes_two(store: Session, world: World, client_for: Client, other: Contact, ticked: int) -> None:
    third = crm.contact(store, world.amy.business)
    ids = [str(one.id) for one in (world.amy.people[0].contact, other, third)][:ticked]
    browser = client_for(world.amy.admin)
    assert browser.post("/crm/contacts/together", data={"contact": ids}).headers["Location"] == "/crm/contacts"
    assert "Tick the two contacts that are one person" in browser.get("/crm/contacts").text


def test_the_other_one_is_found_by_name(store: Session, world: World, client_for: Client, other: Contact) -> None:
    browser, synced = client_for(world.amy.admin), world.amy.people[0].contact
    address = f"/crm/contacts/{synced.id}/merge"
    assert address in browser.get(f"/crm/contacts/{synced.id}").text
    went = browser.post(address, data={"q": "Formerly"}).headers["Location"]
    assert "Formerly" not in went
    assert f"/crm/contacts/{synced.id}/compare?other={other.id}" in browser.get(went).text
    assert "No other contact" in words(browser.get(browser.post(address, data={"q": "Qlastamy"}).headers["Location"]))


def test_a_pair_that_is_known_is_decided_on_its_own_page(
    store: Session, world: World, client_for: Client, other: Contact
) -> None:
    pair = crm.possible_duplicate(store, other, world.amy.people[0].contact)
    browser = client_for(world.amy.admin)
    address = f"/crm/contacts/{pair.other_id}/compare?other={other.id}"
    for _ in range(2):
        assert browser.get(address).headers["Location"] == f"/crm/duplicates/{pair.id}"
        browser.post(f"/crm/duplicates/{pair.id}/different")
    browser.post(address, data={"keep": str(other.id)})
    assert store.scalars(select(ContactMerge)).all() == []


def test_only_an_administrators_own_contacts(store: Session, world: World, client_for: Client, other: Contact) -> None:
    every = client_for(make.user(store, world.summit.fmo, Role.AGENT_ALL, world.amy.business))
    assert every.get(f"/crm/contacts/{other.id}/merge").status_code == 404
    assert "together" not in every.get("/crm/contacts").text
    browser, stranger = client_for(world.amy.admin), world.nora.people[0].contact
    address = f"/crm/contacts/{other.id}/compare?other={stranger.id}"
    assert browser.get(address).status_code == browser.post(address).status_code == 404
    ids = [str(other.id), str(stranger.id)]
    assert browser.post("/crm/contacts/together", data={"contact": ids}).status_code == 404
    address = f"/crm/contacts/{other.id}/compare?other={world.amy.people[0].contact.id}"
    assert browser.post(address, data={"keep": str(stranger.id)}).status_code == 404
