"""The list of contacts and a contact's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from portal.businesses.models import Business
from portal.core import clock
from portal.core.crypto import keyed_hash
from portal.core.ids import new_id
from portal.crm.ages import add_months, age, born_turning_65
from portal.crm.models import Contact, CrmPolicy, Note
from portal.identity.models import User
from tests.portal.crm.people import counted, entries, words
from tests.support import crm_builders as crm
from tests.support.web import Browser
from tests.support.world import World

Client = Callable[[User | None], Browser]


def test_the_list_shows_what_an_agent_looks_for(store: Session, world: World, client_for: Client) -> None:
    page = words(client_for(world.amy.admin).get("/crm/contacts"))
    assert "Qlastamy, Qfirstamy" in page
    assert "qmailamy@mail.example" in page
    assert "17 May 1950" in page
    assert "Changed" in page
    assert "Desk Summit at Summit Benefits" in page
    (seen,) = entries(store, "contact.list")
    assert world.amy.people[0].contact.id in seen.subject_ids
    assert world.amy.people[0].member.id in seen.member_ids


def test_a_list_tells_a_father_from_his_son(store: Session, world: World, client_for: Client) -> None:
    for first, suffix in (("Zed", "Sr"), ("Zed", "Jr")):
        name = {"first_name": first, "middle_name": "Quill", "last_name": "Zimmer", "suffix": suffix}
        crm.contact(store, world.amy.business, None, **name)
    page = words(client_for(world.amy.admin).get("/crm/contacts"))
    assert "Zimmer, Zed Q., Sr" in page and "Zimmer, Zed Q., Jr" in page


def test_freshness_is_told(store: Session, world: World, client_for: Client) -> None:
    browser = client_for(world.amy.admin)
    for address in ("/crm/contacts", "/crm/policies", f"/crm/contacts/{world.amy.people[0].contact.id}"):
        assert "Never synced" in words(browser.get(address))
    business = store.get_one(Business, (world.summit.fmo.id, world.amy.business.id))
    business.carrier_data_of, business.synced_at = date(2026, 11, 3), datetime(2026, 11, 5, 9, tzinfo=UTC)
    store.commit()
    for address in ("/crm/contacts", "/crm/policies", f"/crm/contacts/{world.amy.people[0].contact.id}"):
        assert "Carrier data of 3 Nov 2026 , synced 5 Nov 2026" in words(browser.get(address))


def test_filters_and_sorts(store: Session, world: World, client_for: Client) -> None:
    soon, lately = born_turning_65(clock.today(), months=6)[0], born_turning_65(clock.today(), months=-3)[1]
    business = world.amy.business
    crm.contact(store, business, None, last_name="Soonly", birth_date=soon.isoformat(), state="OH")
    crm.contact(store, business, None, last_name="Latelow", birth_date=lately.isoformat(), email="l@mail.example")
    browser = client_for(world.amy.admin)

    def listed(query: str) -> str:
        return words(browser.get(f"/crm/contacts?{query}")).split("Something missing")[0]

    assert "Soonly" in listed("turns65=next6")
    assert "Latelow" not in listed("turns65=next6")
    assert "Latelow" in listed("turns65=last3")
    assert "Soonly" not in listed("turns65=last3")
    assert "Soonly" in listed("state=OH")
    assert "Latelow" not in listed("state=OH")
    assert "Soonly" in listed("email=none")
    assert "Latelow" not in listed("email=none")
    assert "Qlastamy" in listed("status=active")
    assert "Soonly" not in listed("status=active")
    youngest_first = listed("sort=-born")
    assert youngest_first.index("Soonly") < youngest_first.index("Latelow") < youngest_first.index("Qlastamy")


@pytest.mark.parametrize(
    "typed",
    ["qlastam", "QLASTAMY, Qfirst", "qfirstamy qlast", "qfirstamy", "QP-A", "(614) 555-0123", "1EG4-TE5-MK01"],
)
def test_search_is_posted_and_leaves_no_name_in_the_address(
    store: Session, world: World, client_for: Client, typed: str
) -> None:
    contact = store.get_one(Contact, (world.amy.business.id, world.amy.people[0].contact.id))
    contact.typed = {"phone": "+16145550123"}
    copy = store.get_one(CrmPolicy, (world.amy.business.id, world.amy.people[0].crm_policy.id))
    copy.policy_number, copy.number_key = "QPA 7", "QPA7"
    contact.mbi_hash = _hash(world, "1EG4TE5MK01")
    crm.contact(store, world.amy.business, None, last_name="Other")
    store.commit()
    typed = "qpa-7" if typed == "QP-A" else typed
    browser = client_for(world.amy.admin)
    answer = browser.post("/crm/contacts/search?state=", data={"q": typed})
    assert answer.status_code == 303
    assert answer.location.startswith("/crm/contacts?")
    assert typed.lower() not in answer.location.lower()
    page = words(browser.get(answer.location))
    assert "Qlastamy" in page
    assert "Other, Own" not in page
    assert "Nothing matches" in words(client_for(world.pat.user).get(answer.location))  # somebody else's token


def test_an_odd_search_finds_nothing_and_fails_nowhere(world: World, client_for: Client) -> None:
    browser = client_for(world.amy.admin)
    for typed in ("'; --", "Zoë", "\x00 9", "9" * 300, "%"):
        for place in ("contacts", "policies"):
            answer = browser.post(f"/crm/{place}/search", data={"q": typed}, follow_redirects=True)
            assert "Nothing matches" in words(answer)


def test_a_thousand_contacts_take_few_statements(app: Flask, store: Session, world: World, client_for: Client) -> None:
    owned = crm.owned_by(world.amy.business)
    store.add_all(
        Contact(**owned, id=new_id(), typed={"last_name": f"Many{n:04}", "first_name": "Al"}, carried={})
        for n in range(1000)
    )
    store.commit()
    browser = client_for(world.amy.admin)
    browser.get("/crm/contacts")
    with counted(app) as statements:
        page = words(browser.get("/crm/contacts?page=3"))
    assert "101–150 of 1,002" in page
    assert len(statements) <= 6, statements


def test_a_thousand_policies_take_few_statements(app: Flask, store: Session, world: World, client_for: Client) -> None:
    person = world.amy.people[0]
    copy = {
        key: getattr(person.crm_policy, key)
        for key in ("member_id", "contact_id", "npn", "carrier", "sort_key", "status", "effective_date", "as_of")
    }
    hashes = {"content_hash": "x", "added_run_id": new_id(), "changed_run_id": new_id()}
    store.add_all(
        CrmPolicy(**crm.owned_by(world.amy.business), **copy, **hashes, policy_id=new_id(), number_key=f"N{n:04}")
        for n in range(1000)
    )
    store.commit()
    browser = client_for(world.amy.admin)
    with counted(app) as statements:
        page = words(browser.get("/crm/policies?sort=-number&page=2"))
    assert "51–100 of 1,001" in page
    assert len(statements) <= 6, statements


def test_what_the_agent_typed_stands_over_the_carriers_value(store: Session, world: World, client_for: Client) -> None:
    browser, contact = client_for(world.amy.admin), world.amy.people[0].contact
    form = _form(contact, email="new@mail.example", city="Dayton", phone="614 555 0199", state="ohio")
    saved = browser.post(f"/crm/contacts/{contact.id}/edit", data=form, follow_redirects=True)
    page = words(saved)
    assert "new@mail.example Entered here. The carrier says qmailamy@mail.example." in page
    assert "(614) 555-0199" in page
    store.expire_all()
    kept = store.get_one(Contact, (world.amy.business.id, contact.id))
    assert kept.typed == {
        "email": "new@mail.example",
        "city": "Dayton",
        "phone": "+16145550199",
        "state": "OH",
    }
    assert kept.carried["email"] == "qmailamy@mail.example"
    assert kept.agent_owned
    (entry,) = entries(store, "contact.edit")
    assert sorted(entry.fields) == ["city", "email", "phone", "state"]
    assert "Dayton" not in str(entry.detail)
    again = browser.post(f"/crm/contacts/{contact.id}/edit", data=_form(kept, email=""), follow_redirects=True)
    assert "Entered here. The carrier says qmail" not in words(again)


def test_an_edit_that_changes_nothing_makes_nothing_the_agents_own(
    store: Session, world: World, client_for: Client
) -> None:
    contact = world.lee.contact
    contact_phone = {"phone": "614-555-0123"}
    row = store.get_one(Contact, (world.harbor.business.id, contact.id))
    row.carried = {**row.carried, "phone": "+16145550123"}
    store.commit()
    browser = client_for(world.ali)
    browser.post(f"/crm/contacts/{contact.id}/edit", data=_form(row, **contact_phone))
    store.expire_all()
    assert not row.agent_owned
    assert row.typed == {}


def test_refused_edits_keep_what_was_typed(store: Session, world: World, client_for: Client) -> None:
    browser, contact = client_for(world.amy.admin), world.amy.people[0].contact
    wrong = _form(contact, email="nonsense", phone="12", zip="ABC", state="Nowhere", birth_date="2199-01-01")
    answer = browser.post(f"/crm/contacts/{contact.id}/edit", data=wrong)
    assert answer.status_code == 422
    page = words(answer)
    for message in ("Enter an e-mail address", "area code", "five digits", "two letters", "between 1900 and today"):
        assert message in page
    assert 'value="nonsense"' in answer.text
    stale = _form(contact, city="Dayton") | {"seen": "2020-01-01T00:00:00+00:00"}
    answer = browser.post(f"/crm/contacts/{contact.id}/edit", data=stale)
    assert answer.status_code == 422
    assert "Nothing was saved" in words(answer)


def test_notes_are_kept_with_author_and_newest_first(store: Session, world: World, client_for: Client) -> None:
    browser, contact = client_for(world.lee.user), world.lee.contact
    for body in ("First call", "Second call"):
        page = words(browser.post(f"/crm/contacts/{contact.id}/notes", data={"body": body}, follow_redirects=True))
    assert page.index("Second call") < page.index("First call")
    assert "Lee Qagentlee" in page
    assert browser.post(f"/crm/contacts/{contact.id}/notes", data={"body": "  "}).status_code == 422
    store.expire_all()
    assert store.get_one(Contact, (world.harbor.business.id, contact.id)).agent_owned
    notes = store.query(Note).where(Note.contact_id == contact.id).all()
    assert {note.author_id for note in notes} == {world.lee.user.id}
    first, _ = entries(store, "note.add")
    assert world.lee.member.id in first.member_ids
    assert "First call" not in str(first.detail)
    assert "Second call" in words(client_for(world.ali).get(f"/crm/contacts/{contact.id}"))


def test_a_revealed_number_is_logged_with_the_member(store: Session, world: World, client_for: Client) -> None:
    browser, person = client_for(world.amy.admin), world.amy.people[0]
    shown = browser.get(f"/crm/contacts/{person.contact.id}")
    assert "1EG4TE5MK" not in shown.text
    assert "Reveal" in words(shown)
    assert entries(store, "mbi.reveal") == []
    fragment = browser.post(f"/crm/contacts/{person.contact.id}/mbi", htmx=True)
    assert "1EG4TE5MK" in fragment.text
    assert "<html" not in fragment.text
    whole = browser.post(f"/crm/contacts/{person.contact.id}/mbi")
    assert "1EG4TE5MK" in whole.text
    assert "Policies" in words(whole)
    for entry in entries(store, "mbi.reveal"):
        assert entry.fields == ["mbi"]
        assert entry.subject_ids == [person.contact.id]
        assert entry.member_ids == [person.member.id]
    assert len(entries(store, "mbi.reveal")) == 2


def test_the_carriers_value_can_be_taken_back(store: Session, world: World, client_for: Client) -> None:
    row = store.get_one(Contact, (world.amy.business.id, world.amy.people[0].contact.id))
    row.typed = {"email": "typed@mail.example", "city": "Dayton"}
    store.commit()
    browser, address = client_for(world.amy.admin), f"/crm/contacts/{row.id}"
    page = browser.post(f"{address}/carrier-value", data={"field": "email"}, follow_redirects=True)
    assert "typed@mail.example" not in page.text
    assert "qmailamy@mail.example" in page.text
    browser.post(f"{address}/carrier-value", data={"field": "city"})  # no carrier said one: what was typed stays
    browser.post(f"{address}/carrier-value", data={"field": "npn"})
    store.expire_all()
    assert row.typed == {"city": "Dayton"}
    assert [entry.fields for entry in entries(store, "contact.edit")] == [["email"]]


def test_a_possible_duplicate_is_told_to_whole_account_users(store: Session, world: World, client_for: Client) -> None:
    twin = crm.contact(store, world.harbor.business, None, last_name="Twinned", first_name="Al")
    crm.possible_duplicate(store, twin, world.lee.contact)
    address = f"/crm/contacts/{world.lee.contact.id}"
    assert "This may be the same person as Al Twinned ." in words(client_for(world.ali).get(address))
    assert "Twinned" not in client_for(world.lee.user).get(address).text


def test_a_number_of_an_account_is_revealed_to_nobody_else(store: Session, world: World, client_for: Client) -> None:
    address = f"/crm/contacts/{world.amy.people[0].contact.id}/mbi"
    for user in (world.summit.admin, world.lakeside.admin, world.nora.admin, world.summit.compliance):
        answer = client_for(user).post(address)
        assert answer.status_code == 404
        assert "1EG4TE5MK" not in answer.text
    assert entries(store, "mbi.reveal") == []


def test_ages() -> None:
    assert age(date(1960, 2, 29), date(2025, 2, 28)) == 64
    assert age(date(1960, 2, 29), date(2025, 3, 1)) == 65
    assert add_months(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert add_months(date(2026, 1, 31), -2) == date(2025, 11, 30)
    first, last = born_turning_65(date(2026, 11, 22), months=6)
    assert (first, last) == (date(1961, 11, 23), date(1962, 5, 22))
    assert born_turning_65(date(2026, 11, 22), months=-3) == (date(1961, 8, 23), date(1961, 11, 22))
    assert first - born_turning_65(date(2026, 11, 22), months=-3)[1] == timedelta(days=1)


def _hash(world: World, mbi: str) -> str:
    return keyed_hash(mbi, fmo_id=world.summit.fmo.id, field="mbi")


def _form(contact: Contact, **changed: str) -> dict[str, str]:
    fields = ("first_name", "last_name", "email", "city", "zip", "gender")
    shown = {field: getattr(contact, field) or "" for field in fields}
    born = contact.birth_date.isoformat() if contact.birth_date else ""
    return {**shown, "birth_date": born, "seen": contact.updated_at.isoformat(), **changed}
