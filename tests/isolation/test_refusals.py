"""What a refused form shows and what a refused attempt tried are in the log too."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.compliance.models import AccessEntry
from portal.identity.models import LoginSession, User
from tests.support import crm_builders as crm
from tests.support.web import Browser
from tests.support.world import World

Client = Callable[[User | None], Browser]


def _entries(store: Session, action: str) -> list[AccessEntry]:
    store.expire_all()
    return list(store.scalars(select(AccessEntry).where(AccessEntry.action == action).order_by(AccessEntry.id)))


def test_the_page_behind_a_refused_form_is_logged(store: Session, world: World, client_for: Client) -> None:
    browser, person = client_for(world.amy.admin), world.amy.people[0]
    for address, sent in (("notes", {"body": ""}), ("edit", {"first_name": ""})):
        before = len(_entries(store, "contact.read"))
        answer = browser.post(f"/crm/contacts/{person.contact.id}/{address}", data=sent)
        assert answer.status_code == 422
        written = _entries(store, "contact.read")[before:]
        assert [person.contact.id in entry.subject_ids for entry in written] == [True]
        assert person.member.id in written[0].member_ids
    assert _entries(store, "note.add") == _entries(store, "contact.edit") == []


def test_a_foreign_id_inside_a_form_is_the_one_that_is_logged(store: Session, world: World, client_for: Client) -> None:
    answer = client_for(world.summit.admin).get(
        f"/fmo/add-agent/business/{world.amy.business.id}?chosen={world.lakeside.fmo.id}"
    )
    assert answer.status_code == 404
    assert _entries(store, "refused.record")[-1].subject_ids == [world.lakeside.fmo.id]


def test_what_is_told_once_names_nobody_in_the_session(store: Session, world: World, client_for: Client) -> None:
    sent = {"first_name": "Qsecretfirst", "last_name": "Qsecretlast"}
    assert client_for(world.amy.admin).post("/crm/contacts/new", data=sent).status_code == 303
    assert "qsecret" not in str([row.data for row in store.scalars(select(LoginSession))]).lower()


def test_a_search_keeps_the_lists_filters_and_nothing_else(world: World, client_for: Client) -> None:
    browser = client_for(world.amy.admin)
    address = "/crm/contacts/search?state=OH&_external=1&_method=TRACE&endpoint=x&page=3"
    assert browser.post(address, data={"q": ""}).headers["Location"] == "/crm/contacts?state=OH"


def test_odd_places_and_values_in_an_address_fail_nowhere(world: World, client_for: Client) -> None:
    officer, agent = client_for(world.summit.compliance), client_for(world.amy.admin)
    for asked in ("who=%00", "action=%00", "older=%C2%B2-" + "0" * 32, "newer=9-" + "0" * 32):
        assert officer.get(f"/compliance/access?{asked}").status_code == 200
    for page in ("%C2%B2", "-1", "9" * 2000, "x"):
        assert agent.get(f"/crm/contacts?page={page}").status_code == 200


def test_the_page_behind_what_came_too_late_is_logged(
    store: Session, world: World, client_for: Client, setup_engine: Engine
) -> None:
    browser, contact = client_for(world.amy.admin), world.amy.people[0].contact
    pair = crm.possible_duplicate(store, contact, crm.contact(store, world.amy.business))
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended('portal.contacts:' || CAST(:b AS text), 0))")
    with setup_engine.begin() as connection:
        connection.execute(lock, {"b": str(world.amy.business.id)})
        answer = browser.post(f"/crm/duplicates/{pair.id}/merge", data={"keep": str(contact.id)})
    assert answer.status_code == 409 and "Qfirstamy" in answer.text
    (written,) = _entries(store, "contact.compare")
    assert {pair.contact_id, pair.other_id} <= set(written.subject_ids)
    assert _entries(store, "contact.merge") == []
    merge = crm.contact_merge(store, contact, world.amy.admin)
    crm.contact_merge(store, contact, world.amy.admin)
    answer = browser.post(f"/crm/merges/{merge.id}/undo")
    assert answer.status_code == 409 and "Qfirstamy" in answer.text
    assert [contact.id in entry.subject_ids for entry in _entries(store, "contact.read")] == [True]
