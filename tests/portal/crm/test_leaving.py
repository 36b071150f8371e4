"""What left the account, what its people removed, left aside or take along."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.book.models import Member, Policy
from portal.crm.models import Contact, ContactKey, CrmPolicy, LeftPolicy
from portal.identity import rules
from portal.identity.models import Fmo, User
from portal.sync import operations
from tests.portal.crm.people import entries, words
from tests.portal.sync.runs import admin_scope, shown, sync
from tests.support import crm_builders as crm
from tests.support.people import acting
from tests.support.web import Browser
from tests.support.world import Person, World

Client = Callable[[User | None], Browser]


def take_away(app: Flask, store: Session, person: Person, npn: str | None = "1003003") -> None:
    """Give the person's policy to another writer."""
    policy = store.get_one(Policy, (person.policy.fmo_id, person.policy.id), populate_existing=True)
    policy.writing_npn = npn
    store.commit()
    with acting(app, admin_scope(policy.fmo_id)):
        operations.release_policies([policy.id])
    store.expire_all()


def test_what_left_is_told_with_its_reason_and_each_look_is_logged(
    app: Flask, store: Session, world: World, client_for: Client
) -> None:
    (amy,) = world.amy.people
    take_away(app, store, amy)
    browser = client_for(world.amy.admin)
    page = words(browser.get("/crm/left"))
    assert "Qlastamy, Qfirstamy" in page
    assert "name another agent" in page
    assert str(amy.policy.policy_number) not in page
    (seen,) = entries(store, "left_policy.list")
    assert seen.member_ids == [amy.member.id]
    assert "1 policy left your account" in words(browser.get("/crm/"))
    for other in (world.nora.admin, world.lou.admin, world.pat.user):
        assert "Qlastamy" not in client_for(other).get("/crm/left").text


def test_a_limited_user_is_told_of_the_own_npn_only(
    app: Flask, store: Session, world: World, client_for: Client
) -> None:
    for person in world.harbor.people:
        take_away(app, store, person)
    lee = words(client_for(world.lee.user).get("/crm/left"))
    assert "Qlastlee" in lee and "Qlastpat" not in lee
    pat = words(client_for(world.pat.user).get("/crm/left"))
    assert "Qlastlee" in pat and "Qlastpat" in pat


def test_it_is_told_for_ninety_days_and_where_the_fmo_allows_it(
    app: Flask, store: Session, world: World, client_for: Client
) -> None:
    (amy,) = world.amy.people
    crm.left_policy(store, amy.crm_policy, last_name="Recent", left_at=datetime.now(UTC) - timedelta(days=89))
    crm.left_policy(store, amy.crm_policy, last_name="Bygone", left_at=datetime.now(UTC) - timedelta(days=91))
    browser = client_for(world.amy.admin)
    page = words(browser.get("/crm/left"))
    assert "Recent" in page and "Bygone" not in page
    assert "No longer in your account" in words(browser.get("/crm/policies"))
    kept = {rule.name: str(rule.default) for rule in rules.declared() if not isinstance(rule.default, bool)}
    client_for(world.summit.admin).post("/fmo/settings", data=kept)  # a tick that is not sent is taken away
    assert browser.get("/crm/left").status_code == 404
    assert "No longer in your account" not in words(browser.get("/crm/policies"))
    store.expire_all()
    assert store.get_one(Fmo, world.summit.fmo.id).rules["tell_left"] is False
    assert entries(store, "fmo.rules")


def test_what_came_back_has_not_left(app: Flask, store: Session, world: World, client_for: Client) -> None:
    (amy,) = world.amy.people
    take_away(app, store, amy)
    take_away(app, store, amy, amy.producer.npn)
    sync(app, store, world.amy.business)
    assert "Qlastamy" not in words(client_for(world.amy.admin).get("/crm/left"))


def test_an_own_contact_outlives_the_release_without_the_carriers_values(
    app: Flask, store: Session, world: World, client_for: Client
) -> None:
    (amy,) = world.amy.people
    contact = store.get_one(Contact, (amy.contact.business_id, amy.contact.id))
    contact.typed, contact.agent_owned = {"phone": "+16145550123"}, True
    contact.dismissed = {"phone": "+16145550100"}
    store.commit()
    take_away(app, store, amy)
    page = words(client_for(world.amy.admin).get(f"/crm/contacts/{contact.id}"))
    assert "(614) 555-0123" in page and "Qlastamy" not in page
    left = store.get_one(Contact, (contact.business_id, contact.id), populate_existing=True)
    assert (left.carried, left.dismissed, left.mbi, left.mbi_hash, left.member_id) == ({}, {}, None, None, None)
    assert store.scalars(select(ContactKey).where(ContactKey.contact_id == contact.id)).all() == []


def test_removed_contact_stays_out_of_everything_until_restored(
    app: Flask, store: Session, world: World, client_for: Client, setup_engine: Engine
) -> None:
    (amy,) = world.amy.people
    sync(app, store, world.amy.business)
    browser = client_for(world.amy.admin)
    address = f"/crm/contacts/{amy.contact.id}"
    assert "The contact and its policy are taken out" in words(browser.get(f"{address}/remove"))
    assert browser.post(f"{address}/remove").status_code == 303
    for place in ("/crm/contacts", "/crm/policies", "/crm/"):
        assert "Qlastamy" not in words(browser.get(place))
    assert browser.get(address).status_code == browser.get(f"/crm/policies/{amy.crm_policy.id}").status_code == 404
    assert shown(setup_engine, world.amy.business) == set()

    run = sync(app, store, world.amy.business)
    assert run.removed_by_agent == 1 and shown(setup_engine, world.amy.business) == set()
    assert "Qlastamy" in words(browser.get("/crm/removed"))
    assert "that you removed; it stays out" in words(browser.get("/crm/"))

    assert browser.post(f"{address}/restore").status_code == 303
    assert shown(setup_engine, world.amy.business) == {amy.policy.id}
    assert "Qlastamy" in words(browser.get(address))
    assert [e.detail["policies"] for e in entries(store, "contact.remove") + entries(store, "contact.restore")] == [
        1,
        1,
    ]


def test_what_changed_while_it_was_removed_is_there_after_restoring(
    app: Flask, store: Session, world: World, client_for: Client
) -> None:
    (amy,) = world.amy.people
    sync(app, store, world.amy.business)
    browser = client_for(world.amy.admin)
    browser.post(f"/crm/policies/{amy.crm_policy.id}/remove")
    assert "Qlastamy" in words(browser.get("/crm/removed/policies"))
    policy = store.get_one(Policy, (amy.policy.fmo_id, amy.policy.id), populate_existing=True)
    policy.status, policy.content_hash, policy.batch = "terminated", "other", (policy.batch or 0) + 1000
    store.commit()
    sync(app, store, world.amy.business)
    browser.post(f"/crm/policies/{amy.crm_policy.id}/restore")
    sync(app, store, world.amy.business)
    copy = store.get_one(CrmPolicy, (amy.crm_policy.business_id, amy.crm_policy.id), populate_existing=True)
    assert (copy.removed_at, copy.status) == (None, "terminated")


def test_a_policy_of_a_removed_contact_comes_back_with_the_contact_only(
    store: Session, world: World, client_for: Client
) -> None:
    (amy,) = world.amy.people
    browser = client_for(world.amy.admin)
    browser.post(f"/crm/policies/{amy.crm_policy.id}/remove")
    browser.post(f"/crm/contacts/{amy.contact.id}/remove")
    answer = browser.post(f"/crm/policies/{amy.crm_policy.id}/restore", follow_redirects=True)
    assert "Restore the contact" in words(answer)
    assert browser.get(f"/crm/policies/{amy.crm_policy.id}").status_code == 404
    # What was removed by itself before stays removed.
    browser.post(f"/crm/contacts/{amy.contact.id}/restore")
    assert browser.get(f"/crm/policies/{amy.crm_policy.id}").status_code == 404


def test_a_limited_user_removes_nothing_and_sees_nothing_removed(world: World, client_for: Client) -> None:
    browser = client_for(world.lee.user)
    for address in ("/crm/removed", f"/crm/contacts/{world.lee.contact.id}/remove"):
        assert browser.get(address).status_code == 404
    assert browser.post(f"/crm/policies/{world.lee.crm_policy.id}/remove").status_code == 404
    client_for(world.pat.user).post(f"/crm/contacts/{world.lee.contact.id}/remove")
    assert browser.get(f"/crm/contacts/{world.lee.contact.id}").status_code == 404
    assert browser.post(f"/crm/contacts/{world.lee.contact.id}/restore").status_code == 404


def test_a_neighbours_removed_records_are_none(world: World, client_for: Client) -> None:
    client_for(world.amy.admin).post(f"/crm/contacts/{world.amy.people[0].contact.id}/remove")
    nora = client_for(world.nora.admin)
    assert nora.post(f"/crm/contacts/{world.amy.people[0].contact.id}/restore").status_code == 404
    assert nora.post(f"/crm/policies/{world.amy.people[0].crm_policy.id}/restore").status_code == 404
    assert "Qlastamy" not in nora.get("/crm/removed").text


def test_a_newer_carrier_value_is_offered_until_accepted_or_left_aside(
    app: Flask, store: Session, world: World, client_for: Client
) -> None:
    (amy,) = world.amy.people
    sync(app, store, world.amy.business)
    browser = client_for(world.amy.admin)
    address = f"/crm/contacts/{amy.contact.id}"
    typed = {"first_name": "Qfirstamy", "last_name": "Qlastamy", "email": "typed@mail.example"}
    page = browser.get(f"{address}/edit").text
    seen = page.split('name="seen"')[1].split('value="')[1].split('"')[0]
    browser.post(f"{address}/edit", data={**typed, "seen": seen})
    # The value that was typed over is known: it stands beside, but asks for nothing.
    assert "Entered here. The carrier says qmailamy@mail.example" in words(browser.get(address))
    assert "newer value from a carrier" not in words(browser.get("/crm/"))

    carrier_says(store, amy.member, "newer@mail.example")
    sync(app, store, world.amy.business)
    page = words(browser.get(address))
    assert "typed@mail.example" in page and "The carrier now says newer@mail.example" in page
    assert "1 contact has a newer value" in words(browser.get("/crm/"))
    assert "Qlastamy" in words(browser.get("/crm/contacts?news=yes"))

    browser.post(f"{address}/dismiss", data={"field": "email"})
    assert "now says" not in words(browser.get(address))
    assert "Qlastamy, Qfirstamy" not in words(browser.get("/crm/contacts?news=yes"))
    carrier_says(store, amy.member, "newest@mail.example")
    sync(app, store, world.amy.business)
    assert "The carrier now says newest@mail.example" in words(browser.get(address))
    browser.post(f"{address}/carrier-value", data={"field": "email"})
    page = words(browser.get(address))
    assert "newest@mail.example" in page and "typed@mail.example" not in page
    assert [e.fields for e in entries(store, "contact.dismiss")] == [["email"]]


def carrier_says(store: Session, member: Member, email: str) -> None:
    """The next file has another e-mail for the member."""
    row = store.get_one(Member, (member.fmo_id, member.id), populate_existing=True)
    row.email, row.as_of = email, row.as_of + timedelta(days=1)
    row.batch = (row.batch or 0) + 1000
    store.commit()


@pytest.mark.parametrize("who", ["admin", "limited"])
def test_own_data_is_what_was_typed_and_nothing_a_carrier_told(
    store: Session, world: World, client_for: Client, who: str
) -> None:
    lee, pat = world.lee, world.pat
    own = crm.contact(store, world.harbor.business, None, first_name="=Hand", last_name="Made")
    own.made_by, own.brought = lee.user.id, {"phone": "+16145550109"}
    store.commit()
    crm.note(store, lee.contact, lee.user, "Lee wrote this")
    crm.note(store, lee.contact, pat.user, "Pat wrote that")
    answer = client_for(pat.user if who == "admin" else lee.user).post("/crm/export")
    assert answer.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as folder:
        files = {name: folder.read(name).decode() for name in folder.namelist()}
    assert "'=Hand,,Made" in files["contacts.csv"] and "(614) 555-0109" in files["contacts.csv"]
    assert "Lee wrote this" in files["notes.csv"]
    assert ("Pat wrote that" in files["notes.csv"]) == (who == "admin")
    everything = "".join(files.values())
    assert "Qlast" not in everything and "qmail" not in everything
    (entry,) = entries(store, "contact.export")
    assert own.id in entry.subject_ids


def test_the_list_of_what_left_is_told_by_the_book_and_not_by_what_was_typed(
    app: Flask, store: Session, world: World
) -> None:
    (amy,) = world.amy.people
    contact = store.get_one(Contact, (amy.contact.business_id, amy.contact.id))
    contact.typed = {"last_name": "Typedover"}
    store.commit()
    take_away(app, store, amy)
    (told,) = store.scalars(select(LeftPolicy)).all()
    assert (told.last_name, told.reason, told.npn) == ("Qlastamy", "moved", amy.producer.npn)


def test_removing_while_a_run_is_copying_says_so(world: World, client_for: Client, setup_engine: Engine) -> None:
    (amy,) = world.amy.people
    lock = "SELECT pg_advisory_xact_lock(hashtextextended('portal.contacts:' || CAST(:b AS text), 0))"
    with setup_engine.begin() as connection:
        connection.execute(text(lock), {"b": str(world.amy.business.id)})
        answer = client_for(world.amy.admin).post(f"/crm/contacts/{amy.contact.id}/remove")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "is changing the same records" in answer.text and "Nothing was saved" in answer.text
