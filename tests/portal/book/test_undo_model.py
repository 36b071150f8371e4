"""Loading one file after another and taking them back again, for any small files."""

from __future__ import annotations

from typing import Any

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import MemberKey, Policy
from portal.identity.models import Fmo
from tests.portal.book.conftest import Load, hold_nothing
from tests.portal.book.rows import aetna, humana, person
from tests.portal.book.undoing import content, order, work_off
from tests.support import builders
from tests.support.examples import examples

_CHANGES = {
    "Member Status": ["A", "T", "P"], "Term Date": ["", "03/31/2026"], "Email": ["", "one@mail.example"],
    "City": ["Columbus", "Dayton"], "Writing Agent NPN": ["1001001", "2002002", ""], "Plan Name": ["Gold", "Silver"],
    "Coverage Effective Date": ["01/01/2026", "02/01/2026"], "Zip Code": ["43004", "43005"],
    "Last Name": ["Case", "Other"], "Address Line 1": ["", "2 Oak St"],
}  # fmt: skip
_HUMANA = {"Medicare No": ["1EG4TE5MK00", "2EG4TE5MK01", "XXXXXXMK73"], "Email": ["Unavailable", "h@mail.example"]}


def _rows(values: dict[str, list[str]]) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(some) for name, some in values.items()})


def _file() -> st.SearchStrategy[bytes]:
    one = st.tuples(st.integers(0, 4), _rows(_CHANGES), st.booleans())
    return st.lists(one, min_size=1, max_size=6).map(
        lambda rows: aetna(
            *(person(n, **({"Medicare Number": ""} if bare else {})) | change for n, change, bare in rows)
        )
    )


def _other_carrier() -> st.SearchStrategy[bytes]:
    born = {"Birth Date": "3/1/1940", "MbrFirstName": "PERSONA", "MbrLastName": "CASEA"}
    return st.lists(_rows(_HUMANA), min_size=1, max_size=2).map(
        lambda rows: humana(*(born | change | {"Humana ID": f"H{n}"} for n, change in enumerate(rows)))
    )


@examples(25)
@given(_other_carrier(), _file(), _file())
def test_undoing_the_second_is_having_loaded_the_first(
    app: Flask, load: Load, store: Session, beside: bytes, first: bytes, second: bytes
) -> None:
    """Content, members, keys and open intervals; then undoing the first leaves what was there before both."""
    fmo = builders.fmo(store)
    hold_nothing(store, fmo)
    load(beside, day="20261001", of=fmo)
    empty = content(store, fmo)
    one = load(first, day="20261101", of=fmo)
    before = content(store, fmo)
    two = load(second, day="20261201", of=fmo)
    after = _said(store, fmo)

    def take_back(run: Any) -> None:
        work_off(app, fmo, order(app, fmo, run))

    take_back(two)
    assert content(store, fmo) == before
    again = load(second, day="20261201", of=fmo)
    assert (again.new, again.changed) == (two.new, two.changed)
    assert _said(store, fmo) == after
    take_back(again)
    assert content(store, fmo) == before
    take_back(one)
    assert content(store, fmo) == empty
    known = {key.member_id for key in store.scalars(select(MemberKey).where(MemberKey.fmo_id == fmo.id))}
    assert known == set(store.scalars(select(Policy.member_id).where(Policy.fmo_id == fmo.id)))


def _of_others() -> st.SearchStrategy[bytes]:
    """A file of policies of which the other files do not speak."""
    one = st.tuples(st.integers(10, 13), _rows(_CHANGES))
    return st.lists(one, min_size=1, max_size=4).map(
        lambda rows: aetna(*(person(n) | change | {"Last Name": f"Other{chr(65 + n)}"} for n, change in rows))
    )


@examples(25)
@given(_file(), _file(), _of_others())
def test_a_file_of_others_in_between_changes_nothing(
    app: Flask, load: Load, store: Session, first: bytes, second: bytes, others: bytes
) -> None:
    """Undoing a run before which an unrelated one was loaded: what was before it, and all that the other brought."""
    fmo = builders.fmo(store)
    hold_nothing(store, fmo)
    load(first, day="20261101", of=fmo)
    before = content(store, fmo)
    two = load(second, day="20261201", of=fmo)
    mine = set(content(store, fmo)["policies"])
    load(others, day="20261202", of=fmo)
    after = content(store, fmo)
    work_off(app, fmo, order(app, fmo, two))
    left = content(store, fmo)
    theirs = set(after["policies"]) - mine
    of_theirs = select(Policy).where(Policy.fmo_id == fmo.id, Policy.identity.in_(theirs))
    people = {one.member_id for one in store.scalars(of_theirs)}
    assert set(left["policies"]) == set(before["policies"]) | theirs
    for part, keys in (("policies", theirs), ("members", people)):
        assert left[part] == before[part] | {key: after[part][key] for key in keys}
    assert left["keys"] == sorted(before["keys"] + [key for key in after["keys"] if key[0] in people])


def _said(store: Session, fmo: Fmo) -> Any:
    """The book without the ids of members and runs: a member that was taken back comes again under another id."""
    found = content(store, fmo)
    passing = {"member_id", "source_run_id", "mbi"}
    policies = {
        identity: (policy_id, {name: value for name, value in values.items() if name not in passing})
        for identity, (policy_id, values) in found["policies"].items()
    }
    members = [
        {name: value for name, value in values.items() if name not in passing} for values in found["members"].values()
    ]
    return policies, sorted(members, key=str)
