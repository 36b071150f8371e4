"""What is particular to some carriers, from their file to the book."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import Member, Policy, PolicyWriter
from tests.portal.book.conftest import Load
from tests.portal.book.rows import golden

Book = Callable[[], dict[str, Policy]]
EARLIER = {
    "Broker NPN": "1002002", "Broker Name": "Otis Pike", "Broker Effective Date": "1/1/2026",
    "Broker Term Date": "5/31/2026",
}  # fmt: skip
LATER = {"Broker NPN": "1001001", "Broker Effective Date": "6/1/2026"}


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_brokers_of_one_policy_the_present_one_has_it(
    load: Load, book: Book, store: Session, turned: bool
) -> None:
    rows = [EARLIER, LATER]
    run = load(golden("ambetter", *(reversed(rows) if turned else rows)))
    assert (run.new, run.dropped) == (1, 1)
    [policy] = book().values()
    assert (policy.writing_npn, str(policy.effective_date)) == ("1001001", "2026-06-01")
    written = store.scalars(select(PolicyWriter)).one()
    assert (str(written.written_from), written.written_to) == ("2026-06-01", None)


def test_a_new_broker_takes_the_policy_along_and_leaves_none_behind(load: Load, book: Book) -> None:
    load(golden("ambetter", {**EARLIER, "Broker Term Date": ""}), day="20260501")
    run = load(golden("ambetter", LATER), day="20260701")
    assert (run.new, run.changed) == (0, 1)
    assert [policy.writing_npn for policy in book().values()] == ["1001001"]


def test_members_of_one_contract_are_as_many_policies_and_people(load: Load, store: Session) -> None:
    spouse = {"Member First Name": "MARCO", "Member DOB": "11/02/1982"}
    child = {"Member First Name": "NAN", "Member DOB": "06/30/2015"}
    run = load(golden("florida_blue", {}, spouse, child))
    assert run.new == 3
    assert set(store.scalars(select(Member.first_name))) == {"Lena", "Marco", "Nan"}
    assert load(golden("florida_blue", child, {}, spouse), day="20261104").unchanged == 3
