"""A file of contacts meets an account: whom its rows are, what they fill in, and taking it all back."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portal.businesses.models import BusinessNpn
from portal.core import clock
from portal.core.scope import Role
from portal.crm.models import TYPED_FIELDS, Contact
from portal.crm.uploads import operations
from portal.crm.uploads.models import UploadRow
from portal.extensions import db
from portal.identity.models import User
from portal.sync.operations.release import release_npn
from tests.portal.crm.people import entries
from tests.portal.crm.uploads.files import (
    apply,
    contacts,
    get,
    outcomes,
    preview,
    rows_of,
    state,
    undo,
    upload,
)
from tests.portal.sync.runs import admin_scope, sync
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.people import acting

MBI = "1EG4TE5MK73"
DANA = {"First Name": "Dana", "Last Name": "Whitfield", "DOB": "03/12/1950", "Zip": "43004"}


class Place:
    """An account with one member who has no e-mail, synced, and its Administrator."""

    def __init__(self, app: Flask, store: Session) -> None:
        fmo = make.fmo(store)
        producer = make.agent(store, fmo)
        self.app, self.store = app, store
        self.business = make.business(store, producer)
        self.feed = make.feed_run(store, fmo)
        self.user: User = make.user(store, fmo, Role.AGENT_ADMIN, self.business)
        self.npn, self.fmo = producer.npn, fmo

    def member(self, mbi: str | None = None, **values: object) -> None:
        given = {"email": None, "phone": None, "address1": None, "city": None, **values}
        person = make.member(self.store, self.fmo, mbi, **given)
        make.policy(self.store, person, self.feed, self.npn)

    def sync(self) -> None:
        sync(self.app, self.store, self.business)

    def leave(self) -> None:
        """The account loses its NPN, and every policy with it."""
        with acting(self.app, admin_scope(self.fmo.id)):
            line = db.session.scalars(select(BusinessNpn).where(BusinessNpn.business_id == self.business.id)).one()
            line.until = clock.now()
            release_npn(self.business.id, self.npn)


@pytest.fixture
def place(app: Flask, store: Session) -> Place:
    found = Place(app, store)
    found.member(MBI, first_name="Dana", last_name="Whitfield", birth_date=date(1950, 3, 12), zip="43004")
    return found


def test_a_missing_email_is_filled_in_and_no_twin_is_made(place: Place, setup_engine: Engine) -> None:
    place.sync()
    done = upload(place.app, place.user, [{**DANA, "Email": "dana@mail.example"}])
    (only,) = contacts(setup_engine, place.business.id)
    assert (only.email, only.agent_owned, only.typed) == ("dana@mail.example", True, {"email": "dana@mail.example"})
    with acting(place.app, place.user):
        assert get(done).counts["emails"] == get(done).counts["match"] == 1
    (entry,) = entries(place.store, "upload.apply")
    assert (entry.subject_ids, entry.fields, entry.member_ids) == ([only.id], ["email"], [only.member_id])


def test_undo_gives_the_account_as_it_was(place: Place, setup_engine: Engine) -> None:
    place.sync()
    before = state(setup_engine, place.business.id)
    rows = [
        {**DANA, "Email": "dana@mail.example", "Notes": "Calls on Mondays"},
        {"First Name": "New", "Last Name": "Person", "MBI": "2EG4TE5MK74", "Notes": "Met at the fair"},
        {"First Name": "Only", "Last Name": "Named", "Email": "only@mail.example"},
    ]
    done = upload(place.app, place.user, rows)
    assert state(setup_engine, place.business.id) != before
    assert undo(place.app, place.user, done) is True
    assert state(setup_engine, place.business.id) == before
    assert undo(place.app, place.user, done) is False


def test_applying_twice_applies_once(place: Place, setup_engine: Engine) -> None:
    upload_id = preview(place.app, place.user, [DANA])
    assert [apply(place.app, place.user, upload_id) for _ in range(2)] == [True, False]
    assert len(contacts(setup_engine, place.business.id)) == 1


def test_the_same_file_again_finds_everybody(place: Place, setup_engine: Engine) -> None:
    rows = [DANA, {"First Name": "Only", "Last Name": "Named", "Phone": "614-555-0101"}]
    upload(place.app, place.user, rows)
    assert outcomes(place.app, place.user, preview(place.app, place.user, rows)) == ["match", "candidate"]


@pytest.mark.parametrize("first", ["sync", "upload"])
@pytest.mark.parametrize("row", [{"MBI": MBI}, {"DOB": "03/12/1950", "Zip": "43004-1234"}], ids=["mbi", "person"])
def test_before_or_after_the_sync_it_is_one_contact(
    place: Place, setup_engine: Engine, first: str, row: dict[str, str]
) -> None:
    rows = [{"First Name": "DANA", "Last Name": "WHITFIELD", "Email": "dana@mail.example", **row}]
    if first == "sync":
        place.sync()
    upload(place.app, place.user, rows)
    place.sync()
    (only,) = contacts(setup_engine, place.business.id)
    assert only.email == "dana@mail.example" and only.mbi_hash and only.member_id


def test_a_member_number_is_known_before_the_sync(place: Place, setup_engine: Engine) -> None:
    person = make.member(place.store, place.fmo, first_name="Nora", last_name="Vance", birth_date=None, zip=None)
    make.policy(place.store, person, place.feed, place.npn, carrier="humana", member_number="H123")
    row = {"First": "Nora", "Last": "Vance", "Carrier": "Humana Inc.", "Member ID": "h 123"}
    upload(place.app, place.user, [row])
    place.sync()
    assert [c.last_name for c in contacts(setup_engine, place.business.id)] == ["Vance", "Whitfield"]


@pytest.mark.parametrize("first", ["sync", "upload"])
def test_a_contradiction_is_a_possible_duplicate(place: Place, setup_engine: Engine, first: str) -> None:
    if first == "sync":
        place.sync()
    done = upload(place.app, place.user, [{**DANA, "DOB": "03/12/1951", "MBI": MBI}])
    assert outcomes(place.app, place.user, done) == ["duplicate" if first == "sync" else "create"]
    place.sync()
    assert len(contacts(setup_engine, place.business.id)) == 2
    pairs = state(setup_engine, place.business.id)["possible_duplicate"]
    assert len(pairs) == 1 and "another birth date" in pairs[0]


VARIANTS = {
    "nickname": {"first_name": "Margaret", "last_name": "Whitfield"},
    "swapped": {"first_name": "Whitfield", "last_name": "Maggie"},
    "typo": {"first_name": "Maggie", "last_name": "Whitfeild"},
    "hyphen": {"first_name": "Maggie", "last_name": "Whitfield-Soto"},
    "accent": {"first_name": "Mággie", "last_name": "Whitfield"},
    "suffix": {"first_name": "Maggie", "last_name": "Whitfield", "suffix": "Sr"},
}


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("strong", [True, False], ids=["with a birth date", "with a phone alone"])
def test_a_name_in_another_form_is_shown_before_anything_is_done(
    place: Place, setup_engine: Engine, name: str, strong: bool
) -> None:
    born = {"birth_date": date(1944, 5, 6)} if strong else {"birth_date": None}
    place.member(**VARIANTS[name], **born, zip=None, phone="+16145550142")
    place.sync()
    row = {"First Name": "Maggie", "Last Name": "Whitfield"}
    row |= {"DOB": "05/06/1944", "Zip": "43009"} if strong else {"Phone": "614-555-0142"}
    upload_id = preview(place.app, place.user, [row])
    assert outcomes(place.app, place.user, upload_id) == ["duplicate" if strong else "candidate"]
    apply(place.app, place.user, upload_id)
    pairs = state(setup_engine, place.business.id)["possible_duplicate"]
    assert len(pairs) == int(strong) and all("same birth date" in pair for pair in pairs)


def test_a_spouse_and_a_twin_are_somebody_else(place: Place) -> None:
    place.member(first_name="Roy", last_name="Ash", birth_date=date(1944, 5, 6), zip="43009", phone="+16145550142")
    place.sync()
    twin = {"First Name": "Ray", "Last Name": "Ash", "DOB": "05/06/1944", "Zip": "43009", "Phone": "614-555-0142"}
    spouse = {"First Name": "Ann", "Last Name": "Ash", "DOB": "07/08/1946", "Zip": "43009", "Phone": "614-555-0142"}
    assert outcomes(place.app, place.user, preview(place.app, place.user, [twin, spouse])) == ["create", "create"]


def test_what_the_carrier_says_is_not_replaced(place: Place, setup_engine: Engine) -> None:
    place.member("2EG4TE5MK74", first_name="Ed", last_name="Ash", email="ed@mail.example")
    place.sync()
    upload(place.app, place.user, [{"First": "Ed", "Last": "Ash", "MBI": "2EG4TE5MK74", "Email": "new@mail.example"}])
    ash = next(c for c in contacts(setup_engine, place.business.id) if c.last_name == "Ash")
    assert (ash.email, ash.typed) == ("ed@mail.example", {})


def test_a_removed_contact_is_not_brought_back(place: Place, setup_engine: Engine) -> None:
    place.sync()
    with acting(place.app, place.user):
        db.session.scalars(select(Contact)).one().removed_at = clock.now()
    done = upload(place.app, place.user, [DANA])
    assert outcomes(place.app, place.user, done) == ["removed"]
    assert len(contacts(setup_engine, place.business.id)) == 1


def test_rows_with_a_name_alone_wait_and_are_accepted_together(place: Place, setup_engine: Engine) -> None:
    place.sync()
    rows = [{"First Name": "Dana", "Last Name": "Whitfield", "Email": "dana@mail.example"}, {"Name": "x", **DANA}]
    upload_id = preview(place.app, place.user, rows)
    assert outcomes(place.app, place.user, upload_id) == ["candidate", "match"]
    with acting(place.app, place.user) as by:
        found = get(upload_id)
        assert operations.choose(found, operations.single_candidates(found), by=by) == 1
    apply(place.app, place.user, upload_id)
    (only,) = contacts(setup_engine, place.business.id)
    assert only.email == "dana@mail.example"


def test_rows_that_waited_can_be_settled_after_applying(place: Place, setup_engine: Engine) -> None:
    place.sync()
    crm.contact(place.store, place.business, None, first_name="Dana", last_name="Whitfield")
    done = upload(place.app, place.user, [{"First": "Dana", "Last": "Whitfield", "Phone": "614-555-0101"}])
    (row,) = rows_of(place.app, place.user, done)
    assert (row.outcome, len(row.candidates)) == ("candidate", 2)
    with acting(place.app, place.user) as by:
        operations.choose(get(done), {row.id: "new"}, by=by)
    assert sorted(c.phone or "" for c in contacts(setup_engine, place.business.id)) == ["", "", "+16145550101"]
    undo(place.app, place.user, done)
    assert len(contacts(setup_engine, place.business.id)) == 2


@pytest.mark.parametrize("choice", ["dana", "new"])
def test_a_row_that_was_decided_is_taken_back_by_itself(place: Place, setup_engine: Engine, choice: str) -> None:
    place.sync()
    before = state(setup_engine, place.business.id)
    rows = [
        {"First": "Dana", "Last": "Whitfield", "Phone": "614-555-0101", "Notes": "Met", "MBI": ""},
        {"First": "New", "Last": "Person", "Phone": "", "Notes": "", "MBI": "2EG4TE5MK74"},
    ]
    done = upload(place.app, place.user, rows)
    with_the_rest = state(setup_engine, place.business.id)
    for _ in range(2):
        row = rows_of(place.app, place.user, done)[0]
        with acting(place.app, place.user) as by:
            operations.choose(get(done), {row.id: str(row.candidates[0]) if choice == "dana" else "new"}, by=by)
        assert state(setup_engine, place.business.id) != with_the_rest
        _take_back(place, done)
        assert state(setup_engine, place.business.id) == with_the_rest
        assert outcomes(place.app, place.user, done) == ["left", "create"]
    undo(place.app, place.user, done)
    assert state(setup_engine, place.business.id) == before


def test_a_row_stays_whose_contact_was_worked_on(place: Place, setup_engine: Engine) -> None:
    place.sync()
    done = upload(place.app, place.user, [{"First": "Dana", "Last": "Whitfield", "Phone": "614-555-0101"}])
    (row,) = rows_of(place.app, place.user, done)
    with acting(place.app, place.user) as by:
        operations.choose(get(done), {row.id: "new"}, by=by)
    made = next(c for c in contacts(setup_engine, place.business.id) if c.phone == "+16145550101")
    with acting(place.app, place.user) as by:
        from portal.crm import operations as crm_operations

        crm_operations.add_note(_contact(made.id), "Called", by=by)
    before = state(setup_engine, place.business.id)
    with pytest.raises(operations.Refused, match="Somebody wrote on it since, so the row stays"):
        _take_back(place, done)
    assert state(setup_engine, place.business.id) == before
    assert rows_of(place.app, place.user, done)[0].undone is None


def _take_back(place: Place, upload_id: UUID) -> None:
    with acting(place.app, place.user) as by:
        row = db.session.scalars(select(UploadRow).where(UploadRow.upload_id == upload_id, UploadRow.number == 2)).one()
        operations.take_row_back(get(upload_id), row, by=by)


def test_a_choice_of_somebody_else_is_not_taken(place: Place, app: Flask) -> None:
    place.sync()
    stranger = crm.contact(place.store, place.business, None, first_name="Else", last_name="Body")
    done = preview(place.app, place.user, [{"First": "Dana", "Last": "Whitfield"}])
    (row,) = rows_of(place.app, place.user, done)
    with acting(place.app, place.user) as by:
        assert operations.choose(get(done), {row.id: str(stranger.id)}, by=by) == 0


def test_what_changed_since_the_preview_is_told_first(place: Place, setup_engine: Engine) -> None:
    upload_id = preview(place.app, place.user, [DANA])
    place.sync()
    with acting(place.app, place.user) as by, pytest.raises(operations.Changed):
        operations.apply(get(upload_id), by=by)
    assert len(contacts(setup_engine, place.business.id)) == 1
    assert outcomes(place.app, place.user, upload_id) == ["match"]
    assert apply(place.app, place.user, upload_id) is True


def test_what_was_worked_on_stays_when_the_upload_is_undone(place: Place, setup_engine: Engine) -> None:
    rows = [{"First Name": name, "Last Name": "Person", "MBI": mbi} for name, mbi in zip("ABCD", _mbis(), strict=False)]
    done = upload(place.app, place.user, [*rows, DANA])
    people = {c.first_name: c.id for c in contacts(setup_engine, place.business.id)}
    place.sync()  # Dana is linked
    with acting(place.app, place.user) as by:
        from portal.crm import operations as crm_operations

        crm_operations.add_note(_contact(people["A"]), "Called", by=by)
        crm_operations.change_contact(_contact(people["B"]), {**_contact(people["B"]).typed, "city": "Dayton"}, by=by)
    undo(place.app, place.user, done)
    assert {c.first_name for c in contacts(setup_engine, place.business.id)} == {"A", "B", "Dana"}
    why = {row.values["first_name"]: row.undone for row in rows_of(place.app, place.user, done)}
    assert why == {"A": "noted", "B": "edited", "C": "remove", "D": "remove", "Dana": "linked"}


def _contact(contact_id: UUID) -> Contact:
    return db.session.scalars(select(Contact).where(Contact.id == contact_id)).one()


def _mbis() -> list[str]:
    return [f"{digit}EG4TE5MK7{digit}" for digit in range(2, 9)]


def test_a_member_number_from_a_file_outlives_the_carriers_values(place: Place, setup_engine: Engine) -> None:
    upload(place.app, place.user, [{**DANA, "Carrier": "Humana", "Member ID": "H9", "MBI": MBI}])
    place.sync()
    place.leave()
    (only,) = contacts(setup_engine, place.business.id)
    assert (only.mbi_hash, only.carried) == (None, {}) and only.typed_mbi_hash, "the agent's own number stays"
    row = {"First Name": "D", "Last Name": "W", "Carrier": "Humana", "Member ID": "H9"}
    again = [{"First Name": "D", "Last Name": "W", "MBI": MBI}, {**row, "First Name": "Dana"}]
    assert outcomes(place.app, place.user, preview(place.app, place.user, again)) == ["match", "match"]


def test_what_a_file_said_again_outlives_the_carriers_values(place: Place, setup_engine: Engine) -> None:
    place.sync()
    done = upload(place.app, place.user, [{**DANA, "MBI": MBI}])
    (only,) = contacts(setup_engine, place.business.id)
    assert (only.typed, only.agent_owned) == ({}, True), (
        "nothing was missing; it is in the agent's own list all the same"
    )
    place.leave()
    (only,) = contacts(setup_engine, place.business.id)
    assert (only.carried, only.first_name, only.last_name, only.zip) == ({}, "Dana", "Whitfield", "43004")
    assert (only.birth_date, only.mbi_hash) == (date(1950, 3, 12), None) and only.typed_mbi_hash
    assert outcomes(place.app, place.user, preview(place.app, place.user, [DANA])) == ["match"], "no twin"
    undo(place.app, place.user, done)
    (only,) = contacts(setup_engine, place.business.id)
    assert only.last_name == "Whitfield", "a contact is not left without a name"


def test_what_a_file_said_again_gives_way_to_the_carriers(place: Place, setup_engine: Engine) -> None:
    place.member(first_name="Ray", last_name="Vance", birth_date=date(1951, 1, 2), zip="43005", city="Lima", phone=None)
    place.sync()
    row = {"First Name": "Ray", "Last Name": "Vance", "DOB": "01/02/1951", "Zip": "43005", "City": "Waco"}
    upload(place.app, place.user, [{**row, "Address": "1 Elm St", "Apt": "4", "Email": "ray@mail.example"}])
    ray = contacts(setup_engine, place.business.id)[0]
    assert (ray.city, ray.address1, ray.address2) == ("Lima", None, None), "an address is of one source"
    place.leave()
    ray = contacts(setup_engine, place.business.id)[0]
    assert (ray.city, ray.address1, ray.address2, ray.email) == ("Waco", "1 Elm St", "4", "ray@mail.example")
    with acting(place.app, place.user) as by:
        from portal.crm import operations as crm_operations

        shown = {name: str(getattr(ray, name) or "") for name in TYPED_FIELDS}
        changed = crm_operations.change_contact(
            _contact(ray.id), {**shown, "address1": "9 Oak St", "address2": ""}, by=by
        )
    assert changed == ["address1"], "what stands beneath was not typed again"
    ray = contacts(setup_engine, place.business.id)[0]
    assert (ray.typed, ray.city) == ({"email": "ray@mail.example", "address1": "9 Oak St"}, "Waco")
    assert (ray.address1, ray.address2) == ("9 Oak St", None), "half of the old address does not stay behind"
