"""The pages of an upload, as an Administrator's browser asks for them, and typing one person in."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.core.scope import Role
from portal.crm.uploads.models import Upload
from tests.portal.crm.people import entries, words
from tests.portal.crm.uploads.files import contacts, csv_file, upload
from tests.portal.crm.uploads.test_flow import DANA, MBI, Place, place
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.web import Browser

__all__ = ["place"]
Client = Callable[..., Browser]
TYPED = {"first_name": "Dana", "last_name": "Whitfield"}


def send(browser: Browser, rows: list[dict[str, str]] | bytes, name: str = "clients.csv") -> str:
    """Upload the rows; gives the address of the upload."""
    data = rows if isinstance(rows, bytes) else csv_file(rows)
    answer = browser.post("/crm/uploads/new", data={"file": (io.BytesIO(data), name)})
    assert answer.status_code == 303, words(answer)
    return str(answer.headers["Location"]).removesuffix("/columns")


def take_columns(browser: Browser, address: str, **other: str) -> Any:
    """Send the columns form as it was proposed, with `other` choices."""
    body = browser.get(f"{address}/columns").text
    chosen = {}
    for name, options in re.findall(r'<select id="(column-\d+)".*?>(.*?)</select>', body, re.S):
        found = re.search(r'value="(\w*)" selected', options)
        chosen[name] = found[1] if found else ""
    return browser.post(f"{address}/columns", data={**chosen, "order": "mdy", **other})


@pytest.fixture
def browser(place: Place, client_for: Client) -> Browser:
    place.sync()
    return client_for(place.user)


def test_from_the_file_to_the_account(place: Place, browser: Browser, setup_engine: Engine) -> None:
    address = send(
        browser, [{**DANA, "Email": "dana@mail.example"}, {"First Name": "No", "Last Name": "Body", "MBI": "x"}]
    )
    columns = words(browser.get(f"{address}/columns"))
    assert "D••••" not in columns and "D•••" in columns and "Dana" not in columns and "Whitfield" not in columns
    assert take_columns(browser, address).headers["Location"] == address
    preview = words(browser.get(address))
    assert "0 new, 1 matched (1 e-mail filled in), 1 refused" in preview
    assert "Found by name, birth date and ZIP code: Dana Whitfield" in preview
    for _ in range(2):
        assert browser.post(f"{address}/apply").status_code == 303
    shown = words(browser.get(address))
    assert "0 created, 1 matched (1 e-mail filled in)" in shown and "Undo this upload" in shown
    assert [c.email for c in contacts(setup_engine, place.business.id)] == ["dana@mail.example"]
    assert len(entries(place.store, "upload.apply")) == 1


def test_the_pages_of_what_was_undone_and_of_what_stayed(place: Place, browser: Browser) -> None:
    address = send(
        browser, [{**DANA, "Email": "dana@mail.example"}, {"First Name": "New", "Last Name": "One", "MBI": ""}]
    )
    take_columns(browser, address)
    browser.post(f"{address}/apply")
    assert "Contacts that it made are removed" in words(browser.get(f"{address}/undo"))
    assert browser.post(f"{address}/undo").status_code == 303
    assert "1 contact removed, 1 contact as before the upload." in words(browser.get(address))
    assert "It is undone already" in words(browser.get(f"{address}/undo"))
    assert "1 contact removed" in words(browser.get("/crm/uploads"))


def test_columns_are_put_right_before_anything_else(place: Place, browser: Browser) -> None:
    address = send(browser, [{"A": "Dana", "B": "Whitfield"}])
    assert "No column says who the people are" in words(browser.get(f"{address}/columns"))
    twice = take_columns(browser, address, **{"column-0": "first_name", "column-1": "first_name"})
    assert twice.status_code == 422 and "“A” and “B” are both chosen as First name" in words(twice)
    assert take_columns(browser, address, **{"column-0": "first_name", "column-1": "last_name"}).status_code == 303
    assert "1 waits for you" in words(browser.get(address))


def test_rows_that_wait_are_decided_singly_or_together(place: Place, browser: Browser, setup_engine: Engine) -> None:
    rows = [{"First Name": "Dana", "Last Name": "Whitfield", "Email": f"dana{n}@mail.example"} for n in range(2)]
    address = send(browser, rows)
    take_columns(browser, address)
    link = re.search(rf'href="({address}/rows/[0-9a-f-]+)"', browser.get(address).text)
    assert link
    assert "Dana Whitfield" in words(browser.get(link[1]))
    assert browser.post(link[1], data={"choice": "leave"}).status_code == 303
    assert "Accept 1 row that has exactly one candidate" in words(browser.get(address))
    browser.post(f"{address}/accept")
    browser.post(f"{address}/apply")
    assert "1 matched (1 e-mail filled in), 1 left out" in words(browser.get(address))
    assert len(contacts(setup_engine, place.business.id)) == 1


def test_somebody_with_another_address_waits_instead_of_becoming_two(
    app: Flask, place: Place, browser: Browser, setup_engine: Engine
) -> None:
    ona = {"First Name": "Ona", "Last Name": "Lindqvist"}
    upload(app, place.user, [{**ona, "Email": "ona@old.example", "Phone": "614 555-0101"}])
    before = len(contacts(setup_engine, place.business.id))
    address = send(browser, [{**ona, "Email": "ona@new.example", "Phone": "614 555-0199"}])
    take_columns(browser, address)

    preview = words(browser.get(address))

    assert "1 waits for you" in preview and "Ona Lindqvist (says another e-mail and phone)" in preview
    assert "Accept 1 row that has exactly one candidate" in preview
    browser.post(f"{address}/accept")
    browser.post(f"{address}/apply")
    assert len(contacts(setup_engine, place.business.id)) == before, "nobody was made twice"


def test_a_choice_can_be_made_again_until_the_upload_is_applied(place: Place, browser: Browser) -> None:
    row = {"First Name": "Dana", "Last Name": "Whitfield", "Email": "dana@mail.example"}
    address = send(browser, [row, {**DANA, "Phone": "614-555-0101"}])
    take_columns(browser, address)
    waiting = words(browser.get(f"{address}?outcome=single"))
    assert "May be Dana Whitfield (born 12 Mar 1950)" in waiting and "1 row" in waiting
    browser.post(f"{address}/accept")
    accepted = browser.get(address)
    assert "1 row was decided by a person . Until you apply the upload each can be decided again" in words(accepted)
    link = re.search(rf'href="({address}/rows/[0-9a-f-]+)"', accepted.text)
    assert link and "Would fill in: Email" in words(browser.get(link[1]))
    browser.post(link[1], data={"choice": "ask"})
    assert "1 waits for you" in words(browser.get(address))
    browser.post(f"{address}/apply")
    assert "Take the row as chosen" in words(browser.get(link[1]))
    browser.post(link[1], data={"choice": "new"})
    assert "Take this row back" in words(browser.get(link[1]))


def test_a_value_says_that_a_file_brought_it(place: Place, browser: Browser, setup_engine: Engine) -> None:
    address = send(browser, [{**DANA, "Email": "dana@mail.example"}])
    take_columns(browser, address)
    browser.post(f"{address}/apply")
    (dana,) = contacts(setup_engine, place.business.id)
    other = crm.contact(place.store, place.business, None, first_name="Else", last_name="Body", email="e@mail.example")
    page = words(browser.get(f"/crm/contacts/{dana.id}/compare?other={other.id}"))
    assert "dana@mail.example from the upload clients.csv e@mail.example entered here" in page
    browser.post(f"{address}/undo")
    assert "from the upload" not in words(browser.get(f"/crm/contacts/{dana.id}/compare?other={other.id}"))


def test_nothing_of_an_undone_upload_waits(place: Place, browser: Browser) -> None:
    row = {"First Name": "Dana", "Last Name": "Whitfield", "Email": "dana@mail.example"}
    address = send(browser, [row, {"First Name": "New", "Last Name": "One", "MBI": ""}])
    take_columns(browser, address)
    browser.post(f"{address}/apply")
    waiting = browser.get(address)
    assert "Waits for you" in words(waiting) and "Email" in words(browser.get(f"{address}?outcome=candidate"))
    link = re.search(rf'href="({address}/rows/[0-9a-f-]+)"', waiting.text)
    told = browser.get(f"{address}/left-out.csv").text.splitlines()
    assert len(told) == 2 and "nobody has said whom it means" in told[1]
    browser.post(f"{address}/undo")
    shown = words(browser.get(address))
    assert "Wait" not in shown and "Never decided" in shown and "Taken back" in shown
    assert link and "Nobody decided on this row" in words(browser.get(link[1]))
    assert "Never decided" in browser.get(f"{address}/left-out.csv").text


def test_what_is_left_out_is_a_file_without_values(place: Place, browser: Browser) -> None:
    rows = [
        {**DANA, "Email": "=cmd|' /C calc'!A0"},
        {"First Name": "Bo", "Last Name": "Lee", "MBI": "1234567"},
        {"First Name": "", "Last Name": "", "Phone": "614-555-0101"},
    ]
    address = send(browser, rows)
    take_columns(browser, address)
    answer = browser.get(f"{address}/left-out.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    lines = answer.text.removeprefix("\ufeff").splitlines()
    assert len(lines) == 4 and "9999999" in lines[2] and "1234567" not in answer.text and "calc" not in answer.text
    assert all(not line.split(",")[3].startswith(("=", "+", "-", "@")) for line in lines[1:])
    (entry,) = entries(place.store, "upload.export")
    assert entry.detail["rows"] == 3


def test_a_hostile_file_is_refused_with_a_sentence(place: Place, browser: Browser) -> None:
    answer = browser.post("/crm/uploads/new", data={"file": (io.BytesIO(b"MZ\x90\x00" + b"\0" * 99), "list.csv")})
    assert (
        answer.status_code == 422 and "a program, not a table" in words(answer) and "Nothing was kept" in words(answer)
    )
    assert place.store.scalars(select(Upload)).all() == []
    assert browser.post("/crm/uploads/new").status_code == 422


@pytest.mark.parametrize("role", [Role.AGENT_ALL, Role.AGENT_LIMITED])
def test_only_administrators_upload(place: Place, client_for: Client, role: Role) -> None:
    other = client_for(make.user(place.store, place.fmo, role, place.business, npn=place.npn))
    assert other.get("/crm/uploads").status_code == 404
    assert "/crm/uploads" not in other.get("/crm/contacts").text


def test_the_log_names_rows_and_contacts_that_were_shown(place: Place, browser: Browser) -> None:
    address = send(browser, [DANA])
    take_columns(browser, address)
    browser.get(address)
    seen = entries(place.store, "upload.read")[-1]
    assert set(seen.also) | {seen.subject_kind} >= {"upload_row", "contact"}
    assert "Whitfield" not in str([(e.detail, e.reason, e.fields) for e in entries(place.store, "upload.preview")])


def test_typing_in_somebody_who_is_there_fills_the_blanks(place: Place, browser: Browser, setup_engine: Engine) -> None:
    typed = {**TYPED, "birth_date": "1950-03-12", "zip": "43004", "email": "dana@mail.example"}
    first = browser.post("/crm/contacts/new", data=typed)
    assert first.status_code == 422 and "This person is in your account already" in words(first)
    assert "Missing there: Email" in words(first)
    assert browser.post("/crm/contacts/new", data={**typed, "fill": "y"}).status_code == 303
    (only,) = contacts(setup_engine, place.business.id)
    assert (only.email, only.typed) == ("dana@mail.example", {"email": "dana@mail.example"})


def test_typing_in_a_medicare_number_that_is_there(place: Place, browser: Browser) -> None:
    answer = browser.post("/crm/contacts/new", data={"first_name": "D", "last_name": "W", "mbi": MBI.lower()})
    assert "Found by the Medicare number" in words(answer)
    wrong = browser.post("/crm/contacts/new", data={"first_name": "D", "last_name": "W", "mbi": "123"})
    assert wrong.status_code == 422 and "11 characters" in words(wrong)


def test_typing_in_a_namesake_asks_first(place: Place, browser: Browser, setup_engine: Engine) -> None:
    first = browser.post("/crm/contacts/new", data={**TYPED, "mbi": "2EG4TE5MK74"})
    assert first.status_code == 422 and "this may be somebody who is in your account" in words(first)
    assert "Dana Whitfield (born 12 Mar 1950)" in words(first)
    assert first.text.index('name="zip"') < first.text.index('name="anyway"'), "the tick stands above the button"
    done = browser.post("/crm/contacts/new", data={**TYPED, "mbi": "2EG4TE5MK74", "anyway": "y"})
    assert done.status_code == 303
    assert len(contacts(setup_engine, place.business.id)) == 2
    shown = browser.post(done.headers["Location"] + "/mbi")
    assert "2EG4TE5MK74" in words(shown), "the agent's own number is revealed as the carriers' are"
    place.sync()
    assert len(contacts(setup_engine, place.business.id)) == 2


def test_a_limited_user_meets_only_what_they_see(place: Place, client_for: Client, setup_engine: Engine) -> None:
    place.sync()
    other = make.agent(place.store, place.fmo)
    limited = client_for(make.user(place.store, place.fmo, Role.AGENT_LIMITED, place.business, npn=other.npn))
    typed = {**TYPED, "birth_date": "1950-03-12", "zip": "43004"}
    assert limited.post("/crm/contacts/new", data=typed).status_code == 303, "beyond their own nobody is known to them"
    with setup_engine.connect() as connection:
        job = connection.execute(text("SELECT count(*) FROM outbox WHERE job = 'find_duplicates'")).scalar_one()
    assert job >= 1, "whoever sees the whole account is asked later"


def test_a_limited_user_does_not_meet_whom_they_have_by_a_removed_policy_only(
    place: Place, client_for: Client, setup_engine: Engine
) -> None:
    place.sync()
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE crm_policy SET removed_at = now()"))
    for typed in ({**TYPED, "birth_date": "1950-03-12", "zip": "43004"}, TYPED):
        limited = client_for(make.user(place.store, place.fmo, Role.AGENT_LIMITED, place.business, npn=place.npn))
        assert limited.post("/crm/contacts/new", data=typed).status_code == 303, "others compare what they do not see"
    assert len(contacts(setup_engine, place.business.id)) == 3


def test_the_upload_of_another_account_is_none(app: Flask, place: Place, store: Session, client_for: Client) -> None:
    strange = Place(app, store)
    upload = crm.upload(store, strange.business, strange.user)
    browser = client_for(place.user)
    for path in ("", "/columns", "/undo", "/left-out.csv"):
        assert browser.get(f"/crm/uploads/{upload.id}{path}").status_code == 404
    for path in ("/apply", "/accept", "/undo", "/columns"):
        assert browser.post(f"/crm/uploads/{upload.id}{path}").status_code == 404
