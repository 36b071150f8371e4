"""Files that arrive out of order: the newest file that tells a policy decides, whatever was loaded last."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.book.models import FeedFile, FeedRun, Policy
from portal.book.operations import late
from portal.book.operations.progress import Progress
from tests.portal.book.conftest import Load
from tests.portal.book.rows import aetna, mutual, person

Book = Callable[[], dict[str, Policy]]
FIRST, SECOND, THIRD, FOURTH = "20261101", "20261115", "20261201", "20261215"
OTHER = {"Plan Name": "Platinum (HMO)"}
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
