"""Random books and files: undoing gives back what was, and it is all one whether the sync or the upload came first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.portal.crm.uploads.files import outcomes, state, undo, upload
from tests.portal.crm.uploads.test_flow import Place
from tests.support import builders as make
from tests.support.examples import examples

PEOPLE = ("Ann Ash", "Bo Lee", "Cy Orr", "Di Poe", "Ed Roe", "Flo Sun")
CARRIERS = ("humana", "aetna")
OFTEN = examples(12)
TYPE = """
UPDATE contact SET typed = CAST(:typed AS jsonb), agent_owned = true WHERE business_id = :b AND first_name = :first
"""


@dataclass(frozen=True, slots=True)
class Human:
    """Somebody as they really are; a book and a file each know some of it."""

    number: int

    def knows(self, what: frozenset[str]) -> dict[str, Any]:
        """The values named in `what`, the name always."""
        first, last = PEOPLE[self.number].split()
        said: dict[str, Any] = {"first_name": first, "last_name": last, "birth_date": None, "zip": None}
        whole = {
            "birth_date": date(1940 + self.number, 3, 4),
            "zip": f"4300{self.number}",
            "email": f"{first.lower()}@mail.example",
            "phone": f"+1614555010{self.number}",
        }
        return said | {name: value for name, value in whole.items() if name in what}

    @property
    def mbi(self) -> str:
        return f"{self.number + 1}EG4TE5MK73"

    def row(self, what: frozenset[str]) -> dict[str, str]:
        """A row of a file that knows `what`."""
        said = self.knows(what)
        names = {"birth_date": "DOB", "zip": "Zip", "email": "Email", "phone": "Phone"}
        row = {"First Name": said["first_name"].upper(), "Last Name": said["last_name"]}
        row |= {title: str(said[name] or "") for name, title in names.items() if said.get(name)}
        if "mbi" in what:
            row["MBI"] = self.mbi
        if "number" in what:
            row |= {"Carrier": CARRIERS[self.number % 2].title(), "Member ID": f"m{self.number}"}
        return row


facts = st.frozensets(st.sampled_from(["birth_date", "zip", "email", "phone", "mbi", "number"]))
# By this each is known to book and file alike. Where two parts of somebody share no key, who comes last decides.
ANCHORS = (frozenset({"mbi"}), frozenset({"number"}), frozenset({"birth_date", "zip"}))
books = st.lists(st.tuples(st.integers(0, 5), facts), max_size=5, unique_by=lambda one: one[0])
files = st.lists(st.tuples(st.integers(0, 5), facts), min_size=1, max_size=6)
anchored = st.tuples(st.integers(0, 5), facts).map(lambda one: (one[0], one[1] | ANCHORS[one[0] % 3]))
anchored_books = st.lists(anchored, min_size=1, max_size=5, unique_by=lambda one: one[0])
anchored_files = st.lists(anchored, min_size=1, max_size=6)
Book = list[tuple[int, frozenset[str]]]


def fill(place: Place, book: Book) -> None:
    """Put the book's members, each with a policy, where the account's next sync finds them."""
    for number, what in book:
        human = Human(number)
        said = {"email": None, "phone": None, "address1": None, "city": None, **human.knows(what)}
        member = make.member(place.store, place.fmo, human.mbi if "mbi" in what else None, **said)
        carrier = CARRIERS[number % 2]
        given_number = {"member_number": f"M{number}"} if "number" in what else {"member_number": None}
        make.policy(place.store, member, place.feed, place.npn, carrier=carrier, **given_number)


def rows_of(file: Book) -> list[dict[str, str]]:
    return [Human(number).row(what) for number, what in file]


@OFTEN
@given(book=books, file=files, typed=st.sets(st.integers(0, 5)), replaces=st.booleans())
def test_apply_then_undo_gives_back_what_was(
    app: Flask, store: Session, setup_engine: Engine, book: Book, file: Book, typed: set[int], replaces: bool
) -> None:
    place = Place(app, store)
    fill(place, book)
    place.sync()
    for number in typed:
        first = PEOPLE[number].split()[0]
        old = json.dumps({"email": f"{first}@old.example"})
        store.execute(text(TYPE), {"b": place.business.id, "first": first, "typed": old})
    store.commit()
    before = state(setup_engine, place.business.id)
    done = upload(app, place.user, rows_of(file), replaces=replaces)
    undo(app, place.user, done)
    assert state(setup_engine, place.business.id) == before


def account(engine: Engine, place: Place) -> list[tuple[Any, ...]]:
    """What the account shows of each contact, however it came together."""
    shown = "first_name, last_name, birth_date, zip, email, phone, coalesce(mbi_hash, typed_mbi_hash) IS NOT NULL"
    query = f"""
        SELECT {shown}, (SELECT count(*) FROM contact_source s WHERE s.business_id = c.business_id
                         AND s.contact_id = c.id) AS members
        FROM contact c WHERE business_id = :b AND NOT hidden"""
    with engine.connect() as connection:
        found = [tuple(map(str, row)) for row in connection.execute(text(query), {"b": place.business.id})]
    return sorted((row[0].lower(), *row[1:]) for row in found)


@OFTEN
@given(book=anchored_books, file=anchored_files)
def test_before_or_after_the_sync_gives_the_same_contacts(
    app: Flask, store: Session, setup_engine: Engine, book: Book, file: Book
) -> None:
    found = []
    for first in ("sync", "upload"):
        place = Place(app, store)
        fill(place, book)
        for step in (first, "upload" if first == "sync" else "sync"):
            if step == "sync":
                place.sync()
            else:
                upload(app, place.user, rows_of(file))
        found.append(account(setup_engine, place))
    assert found[0] == found[1]


def test_the_same_file_again_changes_nothing(app: Flask, store: Session, setup_engine: Engine) -> None:
    place = Place(app, store)
    everything = frozenset({"birth_date", "zip", "email", "phone", "mbi", "number"})
    rows = rows_of([(number, everything) for number in range(6)])
    upload(app, place.user, rows)
    before = state(setup_engine, place.business.id)
    again = upload(app, place.user, rows)
    assert outcomes(app, place.user, again) == ["match"] * 6
    assert state(setup_engine, place.business.id) == before
