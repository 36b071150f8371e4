"""Taking an upload back after runs, releases and merges have met its contacts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from uuid import UUID

from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portal.crm.duplicates import merging
from portal.crm.models import Contact
from portal.crm.operations import add_note
from portal.extensions import db
from tests.portal.crm.uploads.files import contacts, rows_of, undo, upload
from tests.portal.crm.uploads.test_flow import DANA, MBI, Place
from tests.portal.crm.uploads.test_flow import place as place
from tests.support.people import acting

RAY = {"First Name": "Ray", "Last Name": "Vance", "DOB": "01/02/1951", "Zip": "43005"}


def test_an_upload_whose_contact_had_a_policy_for_a_time_can_be_undone(place: Place, setup_engine: Engine) -> None:
    """Its row cannot be deleted, for the released copy names it; nothing of the others may hang on that."""
    done = upload(place.app, place.user, [DANA, RAY])
    place.sync()
    place.leave()
    assert undo(place.app, place.user, done)
    assert [row.undone for row in rows_of(place.app, place.user, done)] == ["left", "remove"]
    (only,) = contacts(setup_engine, place.business.id)
    assert (only.last_name, only.agent_owned, only.carried) == ("Whitfield", True, {})


def test_whom_the_agent_merged_in_outlives_an_undone_upload(place: Place, setup_engine: Engine) -> None:
    """What the file had said of Dana kept what was known of Ray from being lent; without it nothing would be left."""
    upload(place.app, place.user, [RAY])
    place.sync()
    done = upload(place.app, place.user, [{**DANA, "MBI": MBI}])
    people = {one.first_name: one.id for one in contacts(setup_engine, place.business.id)}
    merge(place.app, place, people["Dana"], people["Ray"])
    undo(place.app, place.user, done)
    assert [row.undone for row in rows_of(place.app, place.user, done)] == ["merged"]
    place.leave()
    (only,) = contacts(setup_engine, place.business.id)
    assert (only.id, only.agent_owned) == (people["Dana"], True) and only.last_name


def test_a_merge_that_was_taken_back_keeps_no_upload(place: Place, store: Session, setup_engine: Engine) -> None:
    upload(place.app, place.user, [RAY])
    place.sync()
    done = upload(place.app, place.user, [{**DANA, "MBI": MBI}])
    people = {one.first_name: one.id for one in contacts(setup_engine, place.business.id)}
    merge(place.app, place, people["Dana"], people["Ray"])
    with acting(place.app, place.user) as by:
        merging.undo(merging.merges_of(people["Dana"])[0], by=by)
    undo(place.app, place.user, done)
    assert [row.undone for row in rows_of(place.app, place.user, done)] == ["blank"]
    place.leave()
    (only,) = contacts(setup_engine, place.business.id)
    assert only.id == people["Ray"]


def test_whom_a_later_file_names_too_outlives_the_first(place: Place, setup_engine: Engine) -> None:
    """The later one found them there; in the other order each file takes back what it did."""
    first, second = (upload(place.app, place.user, rows) for rows in ([RAY], [RAY, DANA]))
    undo(place.app, place.user, first)
    assert {one.first_name for one in contacts(setup_engine, place.business.id)} == {"Ray", "Dana"}
    assert [row.undone for row in rows_of(place.app, place.user, first)] == ["named"]
    third = upload(place.app, place.user, [DANA])
    for done in (third, second):
        undo(place.app, place.user, done)
    assert {one.first_name for one in contacts(setup_engine, place.business.id)} == {"Ray"}


def test_a_carriers_contact_stays_the_agents_own_by_the_later_file(place: Place, setup_engine: Engine) -> None:
    place.sync()
    first, second = (upload(place.app, place.user, [{**DANA, "MBI": MBI}]) for _ in range(2))
    undo(place.app, place.user, first)
    place.leave()
    (only,) = contacts(setup_engine, place.business.id)
    assert (only.agent_owned, only.last_name, only.carried) == (True, "Whitfield", {})
    undo(place.app, place.user, second)


def test_undoing_waits_for_whoever_writes_on_a_contact(place: Place, setup_engine: Engine) -> None:
    done = upload(place.app, place.user, [RAY])
    (ray,) = contacts(setup_engine, place.business.id)
    with ThreadPoolExecutor(1) as pool:
        with acting(place.app, place.user) as by:
            add_note(db.session.scalars(select(Contact).where(Contact.id == ray.id)).one(), "Called", by=by)
            db.session.flush()
            undoing = pool.submit(undo, place.app, place.user, done)
            wait([undoing], timeout=0.7)
            assert not undoing.done()
        assert undoing.result(timeout=20)
    assert [row.undone for row in rows_of(place.app, place.user, done)] == ["noted"]


def merge(app: Flask, place: Place, kept: UUID, merged: UUID) -> None:
    with acting(app, place.user) as by:
        one, other = (db.session.scalars(select(Contact).where(Contact.id == each)).one() for each in (kept, merged))
        merging.merge(None, one, other, by=by)
