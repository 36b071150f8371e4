"""What is particular to some carriers, from their file to the book."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import Connector, Member, Policy, PolicyWriter
from portal.connectors.layouts import load_layouts
from portal.identity.models import Fmo, User
from tests.connectors.files import GOLDEN, golden_file
from tests.portal.book.conftest import Load
from tests.portal.book.rows import golden
from tests.support import builders

Book = Callable[[], dict[str, Policy]]
NAMES = tuple(sorted(load_layouts()))
EARLIER = {
    "Broker NPN": "1002002", "Broker Name": "Otis Pike", "Broker Effective Date": "1/1/2026",
    "Broker Term Date": "5/31/2026",
}  # fmt: skip
LATER = {"Broker NPN": "1001001", "Broker Effective Date": "6/1/2026"}


@pytest.mark.parametrize("name", NAMES)
def test_every_layout_goes_from_its_file_to_the_pages(
    load: Load, store: Session, fmo: Fmo, client_for: Callable[[User], FlaskClient], name: str, tmp_path: Path
) -> None:
    """Every row of the golden file is in the book or accounted for; the same file again changes nothing."""
    body = golden_file(name, tmp_path).read_bytes()
    expected = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    run = load(body)
    assert run.status == "succeeded", run.error
    identities = {row["identity"] for row in expected["rows"]}
    assert (run.new, run.refused) == (len(identities), len(expected["refused"]))
    assert run.rows == sum(len(expected[part]) for part in ("rows", "refused", "dropped"))
    assert set(store.scalars(select(Policy.identity))) == identities
    again = load(body)
    assert (again.new, again.changed, again.refused) == (0, 0, run.refused)
    admin = client_for(builders.user(store, fmo))
    for policy_id in store.scalars(select(Policy.id)).all():
        assert admin.get(f"/fmo/policies/{policy_id}").status_code == 200
    connector = store.scalars(select(Connector)).one()
    shown = admin.get(f"/fmo/connectors/{connector.id}").text
    assert load_layouts()[name].carrier_name in shown and "Confirm who the writing agent is" in shown


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


def test_a_status_by_dates_moves_on_with_the_day_of_the_file(load: Load, book: Book) -> None:
    """Also in a file that is the same byte for byte: its rows are read again."""
    body = golden("scan", {"Effective": "2026-12-01"}, {"Member ID": "S6600009", "Disenroll": "2026-11-20"})
    load(body, day="20261103")
    assert sorted(policy.status for policy in book().values()) == ["active", "future_active"]
    assert load(body, day="20261103").unchanged == 2
    run = load(body, day="20261201")
    assert run.changed == 2
    assert sorted(policy.status for policy in book().values()) == ["active", "terminated"]
