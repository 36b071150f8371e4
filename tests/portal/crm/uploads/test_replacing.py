"""A file whose values replace others: only where that was asked for, shown before, and taken back by the undo."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from portal.crm import operations as crm_operations
from portal.crm.uploads import operations
from portal.crm.values import differing
from tests.portal.crm.people import entries, words
from tests.portal.crm.uploads.files import apply, contacts, get, preview, rows_of, state, undo, upload
from tests.portal.crm.uploads.test_flow import Place, _contact, place
from tests.portal.crm.uploads.test_pages import Client, send, take_columns
from tests.support import crm_builders as crm
from tests.support.people import acting

__all__ = ["place"]
HOME = {"address1": "1 Elm St", "city": "Lima", "state": "OH", "zip": "45801"}
NEW_HOME = {"address1": "9 Oak St", "city": "Waco", "state": "TX", "zip": "76701"}


@pytest.fixture
def known(place: Place) -> Place:
    """Dana with the carrier's e-mail and a phone that was typed over the carrier's."""
    place.member("2EG4TE5MK74", first_name="Ed", last_name="Ash", email="ed@carrier.example", phone="+16145550100")
    place.sync()
    with acting(place.app, place.user) as by:
        ed = _contact(_ed(place).id)
        shown = {name: str(getattr(ed, name) or "") for name in ("first_name", "last_name", "email", "zip")}
        crm_operations.change_contact(ed, {**shown, "phone": "+16145550111"}, by=by)
    return place


def _ed(place: Place) -> Any:
    bind = place.store.get_bind()
    return next(one for one in contacts(bind.engine, place.business.id) if one.last_name == "Ash")


ROW = {"First": "Ed", "Last": "Ash", "MBI": "2EG4TE5MK74", "Email": "ed@new.example", "Phone": "614-555-0122"}


def test_both_layers_give_way_and_come_back(known: Place, setup_engine: Engine) -> None:
    before, carried = state(setup_engine, known.business.id), _ed(known).carried
    done = upload(known.app, known.user, [ROW], replaces=True)
    ed = _ed(known)
    assert (ed.email, ed.phone, ed.carried) == ("ed@new.example", "+16145550122", carried)
    assert ed.dismissed == {"email": "ed@carrier.example", "phone": "+16145550100"}, "the carriers' words are seen"
    (row,) = rows_of(known.app, known.user, done)
    assert row.was == {"phone": "+16145550111"}, "no carrier's value is kept with the row"
    (entry,) = entries(known.store, "upload.apply")
    assert entry.detail["replaced"] == 2 and {"email", "phone"} <= set(entry.fields)
    undo(known.app, known.user, done)
    assert state(setup_engine, known.business.id) == before


def test_what_was_changed_since_stays(known: Place) -> None:
    done = upload(known.app, known.user, [ROW], replaces=True)
    with acting(known.app, known.user) as by:
        ed = _contact(_ed(known).id)
        shown = {name: str(getattr(ed, name) or "") for name in ("first_name", "last_name", "email", "zip")}
        crm_operations.change_contact(ed, {**shown, "phone": "+16145550133"}, by=by)
    undo(known.app, known.user, done)
    assert (_ed(known).email, _ed(known).phone) == ("ed@carrier.example", "+16145550133")


def test_the_first_row_of_a_file_has_the_word(known: Place, setup_engine: Engine) -> None:
    before = state(setup_engine, known.business.id)
    done = upload(known.app, known.user, [ROW, {**ROW, "Email": "ed@third.example"}], replaces=True)
    assert _ed(known).email == "ed@new.example"
    undo(known.app, known.user, done)
    assert state(setup_engine, known.business.id) == before


def test_a_row_that_waited_does_not_replace_what_the_file_said(known: Place, setup_engine: Engine) -> None:
    before = state(setup_engine, known.business.id)
    late = {"First": "Ed", "Last": "Ash", "MBI": "", "Email": "ed@late.example", "Phone": "614-555-0111"}
    upload_id = preview(known.app, known.user, [ROW, late])
    with acting(known.app, known.user) as by:
        operations.let_replace(get(upload_id), True, by=by)
    apply(known.app, known.user, upload_id)
    waited = rows_of(known.app, known.user, upload_id)[1]
    assert waited.outcome == "candidate"
    with acting(known.app, known.user) as by:
        assert operations.choose(get(upload_id), {waited.id: str(_ed(known).id)}, by=by) == 1
    assert len(contacts(setup_engine, known.business.id)) == 2, "whom a person chose is not made a second time"
    assert (_ed(known).email, _ed(known).phone) == ("ed@new.example", "+16145550122")
    undo(known.app, known.user, upload_id)
    assert state(setup_engine, known.business.id) == before


def test_it_is_asked_for_and_shown_first(known: Place, client_for: Client) -> None:
    browser = client_for(known.user)
    address = send(browser, [ROW])
    take_columns(browser, address)
    shown = words(browser.get(address))
    assert "Take the file's values where they differ" in shown and "nothing that is there is replaced" in shown
    assert "ed@new.example" not in shown
    assert browser.post(f"{address}/values", data={"replace": "y"}).headers["Location"].endswith("outcome=replaced")
    shown = words(browser.get(address))
    assert "1 matched (2 values replaced)" in shown
    assert "Email: ed@carrier.example → ed@new.example" in shown
    assert "Phone: (614) 555-0111 → (614) 555-0122" in shown
    browser.post(f"{address}/values")
    assert "2 values replaced" not in words(browser.get(address))
    browser.post(f"{address}/values", data={"replace": "y"})
    browser.post(f"{address}/apply")
    shown = words(browser.get(address))
    assert "Email: what a carrier or an earlier file says → ed@new.example" in shown and "Take the file's" not in shown
    browser.post(f"{address}/values")
    assert "can only be chosen before the upload is applied" in browser.get(address).text


def test_a_row_that_waits_says_what_it_would_replace(known: Place, client_for: Client) -> None:
    browser = client_for(known.user)
    late = {"First": "Ed", "Last": "Ash", "MBI": "", "Email": "ed@late.example", "Phone": "614-555-0111"}
    address = send(browser, [late, {**ROW, "Email": ""}])
    take_columns(browser, address)
    assert "ed@late.example" not in words(browser.get(f"{address}?outcome=candidate"))
    browser.post(f"{address}/values", data={"replace": "y"})
    assert "Email: ed@carrier.example → ed@late.example" in words(browser.get(f"{address}?outcome=candidate"))


def test_after_a_release_nothing_says_that_a_carrier_knew(known: Place, client_for: Client) -> None:
    browser = client_for(known.user)
    done = upload(known.app, known.user, [ROW], replaces=True)
    known.leave()
    shown = words(browser.get(f"/crm/uploads/{done}"))
    assert "what a carrier" not in shown and "In your account" in shown
    assert "Phone: (614) 555-0111 → (614) 555-0122" in shown, "the agent's own word stays told"


def test_only_blanks_without_it(known: Place) -> None:
    upload(known.app, known.user, [ROW])
    assert (_ed(known).email, _ed(known).phone) == ("ed@carrier.example", "+16145550111")


@pytest.mark.parametrize(
    ("shown", "said", "found"),
    [
        ({"email": "A@b.example"}, {"email": "a@B.example"}, {}),
        ({"last_name": "O'Neil"}, {"last_name": "ONeil"}, {}),
        ({"birth_date": "1950-01-01"}, {"birth_date": "1951-01-01"}, {}),
        ({"email": ""}, {"email": "a@b.example"}, {}),
        ({"phone": "+16145550100"}, {"phone": "+16145550101"}, {"phone": "+16145550101"}),
        (HOME, {"city": "Waco"}, {}),
        (HOME, NEW_HOME, NEW_HOME),
        ({**HOME, "address2": "Apt 4"}, NEW_HOME, {}),
        (HOME, {**HOME, "address1": "1 ELM ST."}, {}),
    ],
)
def test_what_differs(shown: dict[str, str], said: dict[str, str], found: dict[str, str]) -> None:
    assert differing(shown, said) == found


def test_somebody_elses_choice_is_refused(app: Flask, place: Place, store: Session, client_for: Client) -> None:
    strange = Place(app, store)
    made = crm.upload(store, strange.business, strange.user)
    assert client_for(place.user).post(f"/crm/uploads/{made.id}/values", data={"replace": "y"}).status_code == 404
