"""Whose rows they are: the match ladder inside a file and between files."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.book.models import Member, Policy
from tests.portal.book.conftest import Load
from tests.portal.book.rows import MBIS, aetna, humana, mutual


def _members(store: Session) -> int:
    store.rollback()
    return store.scalar(select(func.count()).select_from(Member)) or 0


NEXT_YEAR = {"Coverage Effective Date": "01/01/2027"}
TWIN = {"First Name": "MAY", "Member ID": "101000000002", "Medicare Number": MBIS[1]}
JUNIOR = {"Last Name": "ABBOT JR", "Member ID": "101000000003", "Date of Birth": "01/02/1975", "Medicare Number": ""}


def test_one_person_by_medicare_number(load: Load, store: Session) -> None:
    """In one file, and in a later one under another member number."""
    load(aetna({}, NEXT_YEAR))
    load(aetna({"Member ID": "9", "Last Name": "BAKER", "Coverage Effective Date": "02/01/2026"}), day="20261201")
    assert _members(store) == 1


def test_another_birth_date_contradicts(load: Load, store: Session) -> None:
    """The same Medicare number with two birth dates is two people until somebody decides."""
    load(aetna({}))
    load(aetna({"Member ID": "9", "Date of Birth": "05/18/1950", "First Name": "NAN"}), day="20261201")
    assert _members(store) == 2


def test_by_the_carriers_number(load: Load, store: Session) -> None:
    """Without a Medicare number the member number recognises; with another one it must not."""
    load(aetna({}))
    load(aetna({"Medicare Number": "", "Zip Code": "43999", **NEXT_YEAR}), day="20261201")
    assert _members(store) == 1
    other = {"Medicare Number": MBIS[1], "Zip Code": "43999", "Coverage Effective Date": "02/01/2027"}
    load(aetna(other), day="20261202")
    assert _members(store) == 2


def test_by_name_birth_date_and_zip_across_carriers(load: Load, store: Session) -> None:
    """A masked Medicare number is none: the person is found by the third rung."""
    load(aetna({}))
    load(humana({}))
    assert _members(store) == 1
    store.rollback()
    assert store.scalar(select(func.count()).select_from(Policy)) == 2
    load(humana({"Humana ID": "H50000002", "Resident Zip Code": "99501"}), day="20261201")
    assert _members(store) == 2


def test_masked_numbers_join_nobody(load: Load, store: Session) -> None:
    """Two people whose masked numbers look alike stay two."""
    load(humana({}, {"Humana ID": "H50000002", "MbrFirstName": "ROY"}))
    assert _members(store) == 2
    assert store.scalars(select(Member.mbi)).all() == [None, None]


def test_twins_and_juniors_stay_apart(load: Load, store: Session) -> None:
    """Same street, same last name; same birth date or same first name, but never both."""
    load(aetna({}, TWIN, JUNIOR, {**JUNIOR, **NEXT_YEAR}))
    assert _members(store) == 3
    load(aetna({**TWIN, "Medicare Number": "", **NEXT_YEAR}), day="20261201")
    assert _members(store) == 3


def test_two_people_known_under_one_key_make_a_new_one(load: Load, store: Session) -> None:
    """Two hits decide nothing: merging wrongly shows one person's data to another's agent."""
    load(aetna({}))
    load(aetna({"Member ID": "8", "Medicare Number": MBIS[1]}), day="20261104")
    assert _members(store) == 2
    load(humana({}), day="20261105")
    assert _members(store) == 3


def test_a_policy_keeps_its_member(load: Load, store: Session) -> None:
    """A corrected birth date on the same enrolment is a correction, not another person."""
    load(aetna({}))
    load(aetna({"Date of Birth": "05/18/1950", "Medicare Number": MBIS[2]}), day="20261201")
    assert _members(store) == 1
    member = store.scalars(select(Member)).one()
    assert str(member.birth_date) == "1950-05-18"


def test_nothing_to_recognise_by_is_nobody_else(load: Load, store: Session) -> None:
    """A supplement's file has neither birth date nor Medicare number: each policy has its own member."""
    load(mutual({}, {"Policy Number": "560002-40M"}))
    assert _members(store) == 2
    load(mutual({}, {"Policy Number": "560002-40M"}), day="20261201")
    assert _members(store) == 2
