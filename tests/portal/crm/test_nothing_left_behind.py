"""What still tells of a carrier's values once they have left the account: nothing, on any page, form, pair or key."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portal.compliance.models import AccessEntry
from portal.crm.duplicates.finding import find_duplicates
from portal.crm.models import Contact, PossibleDuplicate
from portal.identity.models import User
from tests.portal.crm.people import entries, words
from tests.portal.crm.test_leaving import take_away
from tests.portal.crm.test_merge import Account, merge
from tests.portal.sync.runs import job_scope, rows
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.people import acting
from tests.support.web import Browser
from tests.support.world import World

Client = Callable[[User | None], Browser]


def test_a_possible_duplicate_goes_with_what_it_told(
    app: Flask, store: Session, world: World, client_for: Client
) -> None:
    (amy,) = world.amy.people
    own = crm.contact(store, world.amy.business, None, first_name="Typed", last_name="Twin")
    contact = store.get_one(Contact, (amy.contact.business_id, amy.contact.id))
    crm.note(store, contact, world.amy.admin, "Calls on Mondays")
    contact.agent_owned = True
    store.commit()
    crm.possible_duplicate(store, contact, own)
    browser = client_for(world.amy.admin)
    assert "Same name and birth date" in browser.get("/crm/duplicates").text
    take_away(app, store, amy)
    for address in ("/crm/duplicates", f"/crm/contacts/{contact.id}", f"/crm/contacts/{own.id}"):
        text = words(browser.get(address))
        assert "Same name" not in text and "same person" not in text, address
    left = words(browser.get(f"/crm/contacts/{contact.id}"))
    assert "Unnamed contact" in left and "Its name was the carriers' and left the account" in left
    assert "Its name was the carriers'" in words(browser.get("/crm/contacts"))
    mine = PossibleDuplicate.business_id == contact.business_id  # the world's other accounts have pairs of their own
    assert store.scalars(select(PossibleDuplicate).where(mine)).all() == []
    with acting(app, job_scope(world.amy.business)):
        assert find_duplicates(world.amy.business.id).pairs == 0


@pytest.mark.parametrize("field", ["nothing", "phone"])
def test_a_form_that_was_open_shows_and_keeps_nothing_of_it(
    app: Flask, store: Session, world: World, client_for: Client, field: str
) -> None:
    (amy,) = world.amy.people
    contact = store.get_one(Contact, (amy.contact.business_id, amy.contact.id))
    contact.typed, contact.agent_owned = {"city": "Lima"}, True
    store.commit()
    browser, address = client_for(world.amy.admin), f"/crm/contacts/{contact.id}/edit"
    sent = _filled(browser.get(address).text)
    name = sent["last_name"]
    assert name == "Qlastamy" and sent["city"] == "Lima"
    mine = {"phone": "614 555-0177"} if field == "phone" else {}
    take_away(app, store, amy)
    again = browser.post(address, data={**sent, **mine})
    assert again.status_code == 422 and "Nothing was saved" in again.text
    now = _filled(again.text)
    assert (now["last_name"], now["first_name"], now["city"]) == ("", "", "Lima")
    assert now["phone"] == mine.get("phone", ""), "what the person wrote themselves stays"
    assert name not in again.text
    done = browser.post(address, data={**now, "first_name": "My", "last_name": "Client"})
    assert done.status_code == 303
    kept = store.get_one(Contact, (contact.business_id, contact.id), populate_existing=True)
    told = {"first_name": "My", "last_name": "Client", "city": "Lima"}
    assert kept.typed == told | ({"phone": "+16145550177"} if mine else {})


def _filled(page: str) -> dict[str, str]:
    """The fields of the form on a page, as a browser would send them back."""
    form = page.split("<main", 1)[-1]
    inputs = re.findall(r"<input\b[^>]*>", form)
    found = {}
    for one in inputs:
        name, value = re.search(r'name="([^"]+)"', one), re.search(r'value="([^"]*)"', one)
        if name and 'type="search"' not in one:
            found[name[1]] = value[1] if value else ""
    found.pop("csrf_token", None)
    return found


def test_a_merged_contact_is_not_known_by_who_left(app: Flask, store: Session, setup_engine: Engine) -> None:
    account = Account(app, store)
    stays = make.member(store, account.fmo, "1EG4TE5MK73", first_name="Gary", last_name="Lambert")
    goes = make.member(store, account.fmo, "2EG4TE5MK74", first_name="Kate", last_name="Duffy")
    account.policy(stays)
    gone = account.policy(goes)
    account.sync()
    kept, merged = account.contact_of(stays), account.contact_of(goes)
    account.pair(kept, merged)
    merge(app, account.business, kept, merged)
    keys = "SELECT value FROM contact_key WHERE contact_id = :c"
    assert any("duffy" in row.value for row in rows(setup_engine, keys, c=kept))
    account.move(gone, "1002")
    with acting(app, job_scope(account.business)):
        find_duplicates(account.business.id)
    left = {row.value for row in rows(setup_engine, keys, c=kept)}
    assert left and goes.mbi_hash not in left and not any("duffy" in value for value in left)
    assert stays.mbi_hash in left and any("lambert" in value for value in left)


def test_an_export_names_whom_its_notes_are_about(store: Session, world: World, client_for: Client) -> None:
    (amy,) = world.amy.people
    crm.note(store, amy.contact, world.amy.admin, "Calls on Mondays")
    assert client_for(world.amy.admin).post("/crm/export").status_code == 200
    entry: AccessEntry = entries(store, "contact.export")[-1]
    assert amy.contact.id in entry.subject_ids and amy.member.id in entry.member_ids
