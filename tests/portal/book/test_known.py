"""Rows that were read before are not read again, and nobody can tell: the same book, the same counts, the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.book.models import FeedProblem, FeedRun, Member, Policy
from portal.book.operations import feed, known
from portal.book.operations.before import known_rows
from portal.book.operations.known import KnownRows
from portal.book.prints.models import FeedPrint
from portal.connectors.parse import ParsedFile
from portal.connectors.rows import Batch
from portal.identity.models import Fmo
from tests.portal.book.conftest import Load, hold_nothing
from tests.portal.book.rows import AETNA, aetna, person, total
from tests.portal.book.test_prints import told_by
from tests.support import builders

COUNTS = ("rows", "new", "changed", "unchanged", "refused", "dropped", "unattributed", "released")
DAYS = ("20261101", "20261102", "20261102", "20261103", "20270104")
_whole = ParsedFile.batches


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows of each file were read."""
    numbers: list[int] = []

    def counting(self: ParsedFile, known: Any = None) -> Iterator[Batch]:
        numbers.append(0)
        for batch in _whole(self, known):
            numbers[-1] += len(batch.rows) + len(batch.refused) + len(batch.dropped)
            yield batch

    monkeypatch.setattr(ParsedFile, "batches", counting)
    return numbers


def test_only_what_differs_is_read(load: Load, read: list[int]) -> None:
    """In another order too; and the file after it knows what was told anew."""
    rows = [person(n) for n in range(30)]
    load(aetna(*rows), day="20261101")
    run = load(aetna(*reversed(rows), person(30)), day="20261102")
    assert (run.new, run.unchanged, run.rows) == (1, 30, 31)
    rows[7] |= {"Plan Name": "Silver (HMO)"}
    run = load(aetna(*rows, person(30)), day="20261103")
    assert (run.changed, run.unchanged) == (1, 30)
    run = load(aetna(person(30), *rows), day="20261104")
    assert (run.changed, run.unchanged) == (0, 31)
    assert read == [30, 1, 1, 0]


def test_the_very_same_file_is_told_as_such(load: Load, read: list[int], store: Session, app: Flask, fmo: Fmo) -> None:
    """Not read at all while the book is as it left it; its refused rows are told again."""
    body = aetna(person(1), person(2), person(3) | {"Coverage Effective Date": "the first"})
    first = load(body, day="20261103")
    again = load(body, day="20261103")
    assert [getattr(again, name) for name in COUNTS] == [3, 0, 0, 2, 1, 0, 0, 0]
    assert "This is the file of 3 Nov 2026 again. Nothing was written." in again.notes
    problems = select(FeedProblem.reason).where(FeedProblem.run_id == again.id)
    assert len(store.scalars(problems).all()) == 1
    assert told_by(app, fmo, again) == told_by(app, fmo, first) != set()
    assert read == [3]
    load(body, day="20261104")
    load(aetna(person(1) | {"Plan Name": "Silver (HMO)"}), day="20261104")
    back = load(body, day="20261105")
    assert (back.changed, back.unchanged) == (1, 1)


def test_each_part_of_a_book_knows_its_own(load: Load, read: list[int], app: Flask, fmo: Fmo) -> None:
    """Two files a day, Active and Inactive: each is compared with that of its name."""
    parts = {"Active": [person(1), person(2)], "Inactive": [person(3)]}
    for day, more in (("20261101", []), ("20261102", [person(9)])):
        for name, rows in parts.items():
            load(aetna(*rows, *more), day=f"{name}_{day}")
    assert read == [2, 1, 1, 1]


def test_refused_and_dropped_rows_are_read_and_told_each_time(load: Load, read: list[int], store: Session) -> None:
    bad = person(1) | {"Coverage Effective Date": "the first"}
    rest = dict.fromkeys(AETNA, "") | {"Member ID": "Total", "First Name": "2"}
    older = person(0) | {"Application Received Date": "10/01/2025"}
    runs = [load(aetna(person(0), older, bad, rest, *more), day=f"2026110{n}") for n, more in ((1, []), (2, [bad]))]
    assert [(run.refused, run.dropped) for run in runs] == [(1, 2), (2, 2)]
    assert read == [4, 5]  # an enrolment told twice is read each time, to say which of its rows counts


def test_what_somebody_changed_since_is_read(load: Load, read: list[int], store: Session) -> None:
    load(aetna(person(1), person(2)), day="20261101")
    chosen = select(Policy.id).where(Policy.policy_number == "101000000001")
    store.execute(update(Policy).where(Policy.id.in_(chosen)).values(batch=Policy.batch + 1, content_hash="other"))
    store.commit()
    assert load(aetna(person(1), person(2), person(3)), day="20261102").changed == 1
    assert read == [2, 2]


@pytest.mark.parametrize("gone", ["prints", "reading", "undone"])
def test_without_a_run_to_trust_all_is_read(load: Load, read: list[int], store: Session, gone: str) -> None:
    """Prints lost, a layout or program that reads otherwise, a run that was taken back since."""
    first = load(aetna(person(1), person(2)), day="20261101")
    if gone == "prints":
        store.execute(delete(FeedPrint))
    if gone == "reading":
        store.execute(update(FeedRun).values(reading="other"))
    if gone == "undone":
        other = builders.feed_run(store, store.get_one(Fmo, first.fmo_id), None, status="undone")
        other.undone_at = first.finished_at.replace(year=2100) if first.finished_at else None
    store.commit()
    assert load(aetna(person(1), person(2), person(3)), day="20261102").unchanged == 2
    assert read == [2, 3]


def test_a_row_that_was_left_for_a_newer_file_is_read_again(load: Load) -> None:
    """The book never held what it says."""
    load(aetna(person(1)), day="20261103")
    other = person(1) | {"Plan Name": "Silver (HMO)"}
    assert load(aetna(other), day="20261101").unchanged == 1
    assert load(aetna(other), day="20261104").changed == 1


def test_a_year_of_two_digits_is_read_by_the_day_of_the_file(load: Load, store: Session) -> None:
    """Born in 1926 until somebody can be born in 2026 on that day."""
    row = person(1) | {"Date of Birth": "11/02/26"}
    load(aetna(row), day="20261101")
    run = load(aetna(row), day="20261103")
    assert run.changed == 1
    store.rollback()
    assert [str(one) for one in store.scalars(select(Member.birth_date))] == ["2026-11-02"]


ROW = st.fixed_dictionaries(
    {
        "of": st.integers(0, 5),
        "Plan Name": st.sampled_from(["Gold Plus (HMO)", "Silver (HMO)"]),
        "Coverage Effective Date": st.sampled_from(["01/01/2026"] * 8 + ["02/01/2026", "the first"]),
        "Application Received Date": st.sampled_from(["10/20/2025", "10/20/2025", "11/20/2025", ""]),
        "Writing Agent NPN": st.sampled_from(["1001001", "1001001", "2002002", ""]),
        "Date of Birth": st.sampled_from(["03/04/1950", "03/04/1950", "01/03/27"]),
    }
)
# Day, rows, whether the rows of the file before come first, whether it is a check.
FILE = st.tuples(
    st.sampled_from(DAYS), st.lists(ROW, max_size=5), st.sampled_from([1, 1, 0]), st.sampled_from([0, 0, 1])
)


def _row(drawn: dict[str, Any]) -> dict[str, str]:
    return person(drawn["of"]) | {name: value for name, value in drawn.items() if name != "of"}


def _told(store: Session, run: FeedRun) -> list[Any]:
    problems = select(FeedProblem.outcome, FeedProblem.row, FeedProblem.reason).where(FeedProblem.run_id == run.id)
    return [*(getattr(run, name) for name in COUNTS), sorted(run.notes), sorted(map(tuple, store.execute(problems)))]


def _book(store: Session, fmo: Fmo) -> list[Any]:
    columns = (Policy.identity, Policy.content_hash, Policy.writing_npn, Policy.as_of, Policy.source_row)
    query = select(*columns, Member.email, Member.birth_date).join(Member, Member.id == Policy.member_id)
    return sorted(map(str, store.execute(query.where(Policy.fmo_id == fmo.id))))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FILE, min_size=3, max_size=5), st.integers(1, 4))
def test_nobody_can_tell(
    load: Load, store: Session, monkeypatch: pytest.MonkeyPatch, files: list[Any], window: int
) -> None:
    """Any history of files, fixes, late files and checks: with and without what was known."""
    knowing, forgetful = builders.fmo(store), builders.fmo(store)
    for fmo in (knowing, forgetful):
        hold_nothing(store, fmo)

    def none_for(run: FeedRun, parsed: ParsedFile, folder: Path) -> KnownRows:
        return KnownRows(run.fmo_id, folder) if run.fmo_id == forgetful.id else known_rows(run, parsed, folder)

    monkeypatch.setattr(feed, "known_rows", none_for)
    monkeypatch.setattr(known, "WINDOW", window)
    rows: list[dict[str, str]] = [person(9)]
    for day, drawn, more, check in files:
        rows = [*(rows if more else [person(9)]), *map(_row, drawn)]
        runs = [load(aetna(*rows), day=day, dry_run=bool(check), of=fmo) for fmo in (knowing, forgetful)]
        assert [run.status for run in runs] == ["succeeded"] * 2, [run.error for run in runs]
        assert _told(store, runs[0]) == _told(store, runs[1])
        assert total([getattr(runs[0], name) for name in COUNTS[1:6]]) == runs[0].rows
        assert _book(store, knowing) == _book(store, forgetful)
