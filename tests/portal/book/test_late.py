"""Files that arrive out of order: the newest file that tells a policy decides, whatever was loaded last."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.book.absence.sets import Declared
from portal.book.models import FeedFile, FeedRun, Policy
from portal.book.operations import late
from portal.book.operations.progress import Progress
from tests.portal.book.conftest import Load
from tests.portal.book.rows import aetna, mutual, person
from tests.support import builders

Book = Callable[[], dict[str, Policy]]
FIRST, SECOND, THIRD, FOURTH = "20261101", "20261115", "20261201", "20261215"
OTHER = {"Plan Name": "Platinum (HMO)"}
KINDS = ("new", "changed", "unchanged", "refused", "dropped")
TWO = (person(1), person(2))


def _plans(book: Book) -> list[str | None]:
    return [policy.plan_name for _, policy in sorted(book().items())]


def test_a_row_that_a_newer_file_repeated_is_not_undone(load: Load, book: Book) -> None:
    """The newer file changed nothing of the one, and does not tell the other."""
    load(aetna(*TWO), day=FIRST)
    before = _plans(book)[0]
    assert load(aetna(person(1)), day=THIRD).unchanged == 1
    run = load(aetna(*({**one, **OTHER} for one in TWO)), day=SECOND)
    assert (run.status, run.changed, run.unchanged) == ("succeeded", 1, 1)
    assert _plans(book) == [before, "Platinum (HMO)"]
    assert any("A newer file was loaded before this one: 1 policy is left" in note for note in run.notes)


def test_every_newer_file_is_asked(load: Load, book: Book) -> None:
    load(aetna(*TWO), day=FIRST)
    before = _plans(book)
    load(aetna(person(2)), day=THIRD)
    load(aetna(person(1)), day=FOURTH)
    run = load(aetna(*({**one, **OTHER} for one in TWO)), day=SECOND)
    assert (run.changed, run.unchanged) == (0, 2) and _plans(book) == before


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9), st.integers(0, 2)), min_size=2, max_size=12))
def test_files_of_one_day_are_as_one(
    load: Load, store: Session, monkeypatch: pytest.MonkeyPatch, drawn: list[tuple[int, int, int]]
) -> None:
    """Of a feed that comes in parts, however its rows are spread over them: the latest application counts."""
    monkeypatch.setattr(late, "declared", lambda _: Declared(None))
    parts: list[list[dict[str, str]]] = [[], [], []]
    for number, day, part in drawn:
        parts[part].append(
            person(number) | {"Application Received Date": f"10/0{day}/2025", "Plan Name": f"Gold {day} (HMO)"}
        )
    whole, spread = builders.fmo(store), builders.fmo(store)
    load(aetna(*(row for rows in parts for row in rows)), of=whole)
    for rows in filter(None, parts):
        run = load(aetna(*rows), of=spread)
        assert run.rows == len(rows) == sum(getattr(run, name) or 0 for name in KINDS)
    store.rollback()
    told = [
        sorted(map(tuple, store.execute(select(Policy.identity, Policy.content_hash).where(Policy.fmo_id == one.id))))
        for one in (whole, spread)
    ]
    assert told[0] == told[1]


def test_of_a_feed_that_tells_everything_a_day_s_later_file_counts(load: Load, book: Book) -> None:
    """It corrects the one before."""
    load(aetna(person(1) | {"Application Received Date": "11/20/2025"}), day=FIRST)
    assert load(aetna(person(1) | OTHER), day=FIRST).changed == 1
    assert _plans(book) == ["Platinum (HMO)"]


def test_nothing_is_read_again_in_order(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor for another carrier's newer file, nor where a late file changes nothing."""
    asked: list[str] = []

    def told(run: FeedRun, changing: set[str], progress: Progress) -> set[str]:
        asked.append(run.file_name)
        return set()

    monkeypatch.setattr(late, "_told", told)
    load(aetna(*TWO), day=FIRST)
    load(mutual({}), day=FOURTH)
    load(aetna(*({**one, **OTHER} for one in TWO)), day=THIRD)
    load(aetna(person(3)), day=SECOND)
    assert asked == []


def test_a_late_file_is_refused_where_the_newer_one_is_gone(load: Load, store: Session, book: Book) -> None:
    load(aetna(*TWO), day=FIRST)
    before = _plans(book)
    newer = load(aetna(*TWO), day=THIRD)
    store.execute(delete(FeedFile).where(FeedFile.run_id == newer.id))
    store.commit()
    run = load(aetna(*({**one, **OTHER} for one in TWO)), day=SECOND)
    assert run.status == "failed" and run.error and newer.file_name in run.error
    assert _plans(book) == before
    assert store.scalars(select(FeedRun.status).where(FeedRun.status == "succeeded")).all() == ["succeeded"] * 2
