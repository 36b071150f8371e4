"""A row of a file: what is read, what is left out and why, and what names a person."""

from __future__ import annotations

from datetime import date

import pytest

from portal.core.ids import new_id
from portal.crm.uploads import fields
from portal.crm.uploads.known import Known
from portal.crm.uploads.rows import ReadRow, carrier_key, date_order, read_row
from portal.crm.uploads.weak import Named, may_be
from portal.crm.values import blanks

TODAY = date(2026, 11, 22)


def read(order: str = "mdy", **said: str) -> ReadRow:
    """A row whose columns are the fields of `said`."""
    columns = dict(enumerate(said))
    return read_row(7, list(said.values()), columns, [name.title() for name in said], order=order, today=TODAY)


def test_a_row_is_read_as_the_carriers_rows_are() -> None:
    row = read(
        first_name="DANA M", last_name="O'BRIEN JR.", birth_date="3/12/1950", mbi="1eg4-te5-mk73", zip="4300",
        state="ohio", phone="(614) 555-0101", email=" Dana@Mail.Example ", carrier="Humana Inc.",
        member_number=" h12 34 ", gender="f",
    )  # fmt: skip
    assert row.values == {
        "first_name": "Dana", "middle_name": "M", "last_name": "O'Brien", "suffix": "Jr", "birth_date": "1950-03-12",
        "zip": "04300", "state": "OH", "phone": "+16145550101", "email": "dana@mail.example", "gender": "F",
    }  # fmt: skip
    assert (row.mbi, row.number_key, row.problems, row.refused) == ("1EG4TE5MK73", "humana|H1234", [], False)
    assert row.keys("hash") == {"mbi": "hash", "number": "humana|H1234", "person": "dana|obrien|1950-03-12|04300"}


@pytest.mark.parametrize(
    ("said", "column"),
    [
        ({"birth_date": "31/31/1950"}, "Birth_Date"),
        ({"birth_date": "1899-12-31"}, "Birth_Date"),
        ({"birth_date": "11/23/2026"}, "Birth_Date"),
        ({"birth_date": "infinity"}, "Birth_Date"),
        ({"mbi": "1234567"}, "Mbi"),
        ({"carrier": "humana", "member_number": "1.23E+11"}, "Member_Number"),
        ({"first_name": "x" * 121}, "First_Name"),
    ],
)
def test_who_says_wrongly_who_they_are_is_refused(said: dict[str, str], column: str) -> None:
    row = read(**{"first_name": "Dana", "last_name": "Ash", **said})
    assert row.refused and [problem.column for problem in row.problems] == [column]
    value = next(iter(said.values()))
    assert value not in row.problems[0].shape or set(value) <= {"9", "/"}


@pytest.mark.parametrize("said", [{"email": "no address"}, {"phone": "12"}, {"zip": "x"}, {"state": "Zz"}])
def test_a_useful_value_that_is_wrong_is_left_out_and_told(said: dict[str, str]) -> None:
    row = read(first_name="Dana", last_name="Ash", **said)
    assert not row.refused and len(row.problems) == 1 and set(row.values) == {"first_name", "last_name"}


def test_a_masked_medicare_number_is_none_and_an_empty_word_too() -> None:
    row = read(first_name="Dana", last_name="N/A", mbi="****-***-MK73", email="none")
    assert (row.mbi, row.problems, row.values) == (None, [], {"first_name": "Dana"})


def test_control_characters_go_and_formulas_are_only_text() -> None:
    row = read(first_name="Da\x00na", last_name="Ash\u202e", city="=HYPERLINK(1)")
    assert row.values == {"first_name": "Dana", "last_name": "Ash", "city": "=HYPERLINK(1)"}


@pytest.mark.parametrize("text", ["Ash Jr, Dana M", "Dana M Ash Jr.", "DANA M ASH JR"])
def test_a_full_name_is_split(text: str) -> None:
    assert read(full_name=text).values == {
        "first_name": "Dana", "middle_name": "M", "last_name": "Ash", "suffix": "Jr",
    }  # fmt: skip


def test_the_order_of_day_and_month_is_found_or_asked() -> None:
    assert date_order(["3/4/1950", "25/12/1950"]) == ("dmy", False)
    assert date_order(["3/4/1950", "12/25/1950"]) == ("mdy", False)
    assert date_order(["3/4/1950"]) == ("mdy", True)
    assert date_order(["1950-03-04"]) == ("mdy", False)
    assert read("dmy", birth_date="3/4/1950").values["birth_date"] == "1950-04-03"


def test_carriers_are_known_by_key_name_and_beginning() -> None:
    assert [carrier_key(text) for text in ("HUMANA", "Mutual of Omaha", "mutual", "UnitedHealthcare of Ohio")] == [
        "humana", "mutual_of_omaha", "mutual_of_omaha", "unitedhealthcare",
    ]  # fmt: skip
    assert carrier_key("Acme") is None and carrier_key("") is None


def test_columns_are_proposed_from_their_headers() -> None:
    made = fields.propose(["First Name", "surname", "D.O.B.", "ZIP/Postal", "Cell", "Phone", "E-Mail", "Colour"])
    assert list(made.columns.values()) == ["first_name", "last_name", "birth_date", "zip", "phone", "email"]
    assert len(made.notes) == 1 and "“Phone”" in made.notes[0]


def test_two_columns_of_one_field_and_none_of_use_are_told() -> None:
    header = ["A", "B", "C"]
    twice = fields.complaints({0: "phone", 1: "phone", 2: "full_name"}, header)
    assert len(twice) == 1 and "“A” and “B”" in twice[0]
    assert "who the people are" in fields.complaints({0: "phone"}, header)[0]
    assert "Choose both or neither" in fields.complaints({0: "full_name", 1: "carrier"}, header)[0]
    assert fields.complaints({0: "mbi"}, header) == []


def test_a_sample_shows_the_form_alone() -> None:
    assert [fields.masked(text) for text in ("Dana", "(614) 555-0101", "1EG4-TE5", "")] == [
        "D•••", "(•••) •••-••••", "••••-•••", "",
    ]  # fmt: skip


def test_blanks_are_filled_and_an_address_never_mixed() -> None:
    assert blanks({"email": "a@x.example", "city": "Dayton"}, {"email": "b@x.example", "phone": "+1"}) == {
        "phone": "+1"
    }
    assert blanks({"city": "Dayton"}, {"city": "Columbus", "address1": "1 Elm", "phone": "+1"}) == {"phone": "+1"}
    assert blanks({"zip": "43004"}, {"zip": "43004", "address1": "1 Elm"}) == {"address1": "1 Elm"}
    assert blanks({"address1": "1 Elm"}, {"city": "Dayton"}) == {}


SMITH = {"first_name": "William", "last_name": "Smith"}


@pytest.mark.parametrize(
    ("said", "contact", "answer"),
    [
        ({}, {}, True),
        ({"email": "w@x.example"}, {"phone": "+16145550101"}, True),
        ({"email": "w@x.example"}, {"email": "w@x.example"}, True),
        ({"email": "w@x.example"}, {"email": "other@x.example"}, True),
        ({"email": "w@x.example", "phone": "+1"}, {"email": "other@x.example", "phone": "+2"}, True),
        ({"email": "w@x.example", "phone": "+1"}, {"email": "w@x.example", "phone": "+2"}, True),
        (
            {"birth_date": "1950-01-01", "email": "w@x.example"},
            {"birth_date": "1975-01-01", "email": "w@x.example"},
            False,
        ),
        ({"suffix": "Jr"}, {"suffix": "Sr"}, False),
        ({"first_name": "Bill"}, {}, False),
        ({"first_name": "Bill", "email": "w@x.example"}, {"email": "other@x.example"}, False),
        ({"first_name": "Bill", "phone": "+1"}, {"phone": "+1"}, True),
    ],
)
def test_whom_a_name_may_mean(said: dict[str, str], contact: dict[str, str], answer: bool) -> None:
    known = Known(new_id(), {**SMITH, **contact})
    assert bool(Named([known]).candidates({**SMITH, **said})) is answer
    assert may_be({**SMITH, **said}, known.shown) is answer


def test_spouses_who_share_an_address_are_no_candidates() -> None:
    known = Known(new_id(), {"first_name": "Ann", "last_name": "Smith", "email": "smiths@x.example"})
    assert Named([known]).candidates({**SMITH, "email": "smiths@x.example"}) == []
