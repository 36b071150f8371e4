"""Loading files: what wins, what is written, what adds up."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from portal.book.models import FeedProblem, FeedRun, Member, MemberKey, Policy, PolicyWriter
from portal.book.operations import AlreadyLoading, feed, request_load
from portal.book.statements import writers
from portal.core import scope
from portal.extensions import db
from portal.identity.models import Fmo
from tests.portal.book.conftest import Load, jobs_scope
from tests.portal.book.rows import AETNA, aetna, person, total
from tests.support import builders

Book = Callable[[], dict[str, Policy]]
TABLES = (Policy, Member, MemberKey, PolicyWriter)


def _versions(store: Session) -> list[object]:
    """Which transaction wrote each row of the book: unchanged means that no row was written again."""
    store.rollback()
    return [store.execute(text(f"SELECT id, xmin, ctid FROM {t.__tablename__} ORDER BY id")).all() for t in TABLES]


def _content(store: Session, fmo: Fmo) -> list[str]:
    """The book without ids, times and what is keyed by FMO."""
    store.rollback()
    store.expire_all()
    rows = []
    for policy, member in store.execute(
        select(Policy, Member).join(Member, Member.id == Policy.member_id).where(Policy.fmo_id == fmo.id)
    ):
        mates = store.scalar(select(func.count()).select_from(Policy).where(Policy.member_id == member.id))
        person = (member.first_name, member.last_name, member.birth_date, member.email, member.mbi_hash is None)
        rows.append(str((policy.identity, policy.content_hash, policy.status, policy.writing_npn, *person, mates)))
    return sorted(rows)


def test_counts_add_up(load: Load) -> None:
    """Every row of the file is in exactly one count."""
    older = {"Application Received Date": "10/01/2025", "Plan Name": "Gold Plus (HMO)", "Phone Number": "614-555-0100"}
    bad = {"Coverage Effective Date": "the first", "Member ID": "101000000099"}
    total_row = dict.fromkeys(AETNA, "") | {"Member ID": "Total", "First Name": "3"}
    run = load(aetna({}, older, person(2), bad, total_row))
    assert run.status == "succeeded", run.error
    assert run.rows == 5
    assert total([run.new, run.changed, run.unchanged, run.refused, run.dropped]) == run.rows
    assert (run.new, run.refused, run.dropped) == (2, 1, 2)


def test_the_same_file_again_writes_nothing(load: Load, store: Session) -> None:
    """Nor do the same rows in another order, under another date."""
    rows = [person(n) for n in range(40)]
    load(aetna(*rows))
    before = _versions(store)
    again = load(aetna(*rows))
    assert (again.new, again.changed, again.unchanged) == (0, 0, 40)
    turned = load(aetna(*reversed(rows)), day="20261104")
    assert (turned.new, turned.changed, turned.unchanged) == (0, 0, 40)
    assert _versions(store) == before


def test_the_application_received_last_wins(load: Load, book: Book, store: Session) -> None:
    """Of one enrolment's rows the latest application counts, then the open or later end; the others are told of."""
    late = {"Application Received Date": "11/20/2025", "Writing Agent NPN": "2002002"}
    ended = {"Term Date": "03/31/2026", "Member Status": "T", "Application Received Date": "11/20/2025"}
    run = load(aetna(late, {}, ended))
    assert [policy.writing_npn for policy in book().values()] == ["2002002"]
    problems = store.scalars(select(FeedProblem).where(FeedProblem.run_id == run.id)).all()
    assert {problem.reason for problem in problems} == {"An older row of the same enrolment."}
    assert sorted(problem.row for problem in problems) == [3, 4]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_any_order_of_rows_gives_the_same_book(load: Load, store: Session, chance: random.Random) -> None:
    """Repeats, ended rows, shared numbers, missing Medicare numbers: shuffled, in a fresh FMO each time."""
    rows = [person(n) for n in range(8)]
    late = {"Application Received Date": "11/02/2025"}
    rows += [person(n, **late, Email=f"new{n}@mail.example") for n in range(4)]
    ended = {"Coverage Effective Date": "01/01/2025", "Member Status": "T", "Term Date": "12/31/2025"}
    rows += [person(n, **ended) for n in range(5)]
    rows += [person(n, **{"Medicare Number": "", "Coverage Effective Date": "02/01/2026"}) for n in range(3)]
    rows += [person(6, **{"Medicare Number": "", "Member ID": "777", "Zip Code": "43004"})]
    first, second = builders.fmo(store), builders.fmo(store)
    load(aetna(*rows), of=first)
    mixed = list(rows)
    chance.shuffle(mixed)
    load(aetna(*mixed), of=second)
    assert _content(store, first) == _content(store, second)


def test_between_files_the_newer_day_wins(load: Load, book: Book, store: Session) -> None:
    """In whichever order the files come."""
    load(aetna({"Plan Name": "Silver (HMO)"}), day="20261103")
    old = load(aetna({"Plan Name": "Bronze (HMO)"}), day="20261001")
    assert (old.changed, old.unchanged) == (0, 1)
    assert [policy.plan_name for policy in book().values()] == ["Silver (HMO)"]
    newer = load(aetna({"Plan Name": "Platinum (HMO)"}), day="20261201")
    assert newer.changed == 1
    assert [policy.plan_name for policy in book().values()] == ["Platinum (HMO)"]


def test_two_effective_dates_are_two_policies(load: Load, book: Book) -> None:
    """History stands beside the present."""
    ended = {"Coverage Effective Date": "01/01/2025", "Member Status": "T", "Term Date": "12/31/2025"}
    load(aetna({}, ended))
    assert {key.split()[1]: policy.status for key, policy in book().items()} == {
        "2026-01-01": "active",
        "2025-01-01": "terminated",
    }


def test_a_blank_never_overwrites(load: Load, store: Session) -> None:
    """The newer file's values win, but an empty cell says nothing."""
    load(aetna({"Phone Number": "614-555-0100"}), day="20261103")
    load(aetna({"Email": "", "Address Line 1": "2 Oak Ave", "Last Name": "BAKER"}), day="20261203")
    store.rollback()
    member = store.scalars(select(Member)).one()
    assert (member.email, member.phone, member.address1) == ("mae@mail.example", "+16145550100", "2 Oak Ave")
    assert (member.last_name, member.sort_key) == ("Baker", "baker mae")
    assert store.scalars(select(Policy.sort_key)).all() == ["baker mae"]


def test_a_check_changes_nothing_and_tells_the_counts(load: Load, store: Session) -> None:
    """A dry run."""
    run = load(aetna({}, person(2), {"Coverage Effective Date": "x", "Member ID": "9"}), dry_run=True)
    assert (run.status, run.new, run.refused) == ("succeeded", 2, 1)
    assert store.scalar(select(func.count()).select_from(FeedProblem)) == 1
    for table in TABLES:
        assert store.scalar(select(func.count()).select_from(table)) == 0


def test_a_failure_leaves_nothing(load: Load, store: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks, the book is as before and the run says so without a value of the file."""

    def broken(*_: object, **__: object) -> None:
        raise ValueError("MAE ABBOT 1EG4TE5MK73")

    with monkeypatch.context() as patch:
        patch.setattr(writers, "keep_intervals", broken)
        run = load(aetna({}))
    assert run.status == "failed"
    assert run.error and "ABBOT" not in run.error and "Nothing in the book was changed" in run.error
    for table in (*TABLES, FeedProblem):
        assert store.scalar(select(func.count()).select_from(table)) == 0
    assert load(aetna({})).new == 1


def test_a_file_that_is_no_table_is_refused_with_its_reason(load: Load) -> None:
    """The reader's own sentence, and that nothing was changed."""
    run = load(b"%PDF-1.7 not a table")
    assert run.status == "failed"
    assert run.error and "PDF" in run.error and run.error.endswith("Nothing in the book was changed.")


def test_a_run_that_is_over_is_not_run_again(load: Load, app: Flask, fmo: Fmo, store: Session) -> None:
    """The same job twice changes nothing."""
    run = load(aetna({}))
    with app.app_context(), scope.acting(jobs_scope(fmo)):
        feed.run_feed(run.id)
    store.rollback()
    store.expire_all()
    assert store.scalars(select(FeedRun.attempt)).all() == [1]


def test_a_file_under_way_is_not_taken_twice(app: Flask, fmo: Fmo) -> None:
    """One sentence, and the run that is under way."""
    with app.app_context(), scope.acting(jobs_scope(fmo)):
        first = request_load(body=aetna({}), file_name="a.csv", connector=None, dry_run=False, by="Test")
        with pytest.raises(AlreadyLoading) as refused:
            request_load(body=aetna({}), file_name="b.csv", connector=None, dry_run=False, by="Test")
        assert refused.value.run is first
        db.session.rollback()


def test_two_fmos_do_not_meet(load: Load, store: Session, fmo: Fmo) -> None:
    """The same file in two FMOs makes two books with keyed hashes that cannot be compared."""
    other = builders.fmo(store)
    load(aetna({}))
    assert load(aetna({}), of=other).new == 1
    hashes = store.scalars(select(Member.mbi_hash)).all()
    assert len(set(hashes)) == len(hashes) == 2
