"""Whatever sets arrive in whatever order, and whichever are undone: the marks are those of a few lines of Python."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from flask import Flask
from hypothesis import Phase, given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import FeedRun, Policy
from portal.connectors.full_sets import FullSet
from portal.identity.models import Fmo
from tests.portal.book.absent import deliver, say, told
from tests.portal.book.undoing import order, work_off
from tests.support import builders
from tests.support.examples import examples

DAYS = tuple(date(2026, 1 + month, 1) for month in range(6))
PARTS = ("Active", "Inactive")
PEOPLE = 5


class File(NamedTuple):
    """A file of one part of one day, and whom it tells."""

    day: date
    part: str
    people: frozenset[int]


def counted(files: Sequence[File]) -> list[date]:
    """The days whose both parts came, each newer than every one before it."""
    found: list[date] = []
    for end in range(1, len(files) + 1):
        day = files[end - 1].day
        came = {one.part for one in files[:end] if one.day == day}
        if came == set(PARTS) and (not found or day > found[-1]):
            found.append(day)
    return found


def missing(files: Sequence[File]) -> dict[int, date]:
    """Whom no file told since two sets, and the day of the first of these."""
    sets, found = counted(files), {}
    for person in range(PEOPLE):
        days = [one.day for one in files if person in one.people]
        later = [day for day in sets if days and day > max(days)]
        if len(later) >= 2:
            found[person] = later[0]
    return found


class Truth:
    """The marks, file by file: a newer one takes a mark away at once, only one of the newest set makes one."""

    def __init__(self) -> None:
        self.files: list[File] = []
        self.marks: dict[int, date] = {}

    def load(self, file: File) -> None:
        self.files.append(file)
        self.marks = {who: day for who, day in self.marks.items() if who not in file.people or file.day < day}
        if counted(self.files)[-1:] == [file.day]:
            self.marks = missing(self.files) | self.marks

    def undo(self) -> None:
        del self.files[-1]
        self.marks = missing(self.files)


people = st.frozensets(st.integers(0, PEOPLE - 1), max_size=PEOPLE)
files = st.builds(File, st.sampled_from(DAYS), st.sampled_from(PARTS), people)
whole = st.tuples(st.sampled_from(DAYS), people, people)  # both parts at once: sets are seldom complete otherwise
steps = st.lists(st.one_of(files, whole, whole, whole, st.just("undo")), min_size=3, max_size=6)


@examples(8, phases=(Phase.explicit, Phase.generate))  # a failing one is short enough to read
@given(steps)
def test_the_marks_are_those_of_the_model(app: Flask, store: Session, steps: list[Any]) -> None:
    fmo = builders.fmo(store)
    fmo.rules = {"held_fewer_rows": 0, "held_missing_share": 0}
    store.commit()
    truth, runs = Truth(), list[FeedRun]()
    deliver(app, store, fmo, told([99]), "first_20250101.csv")
    say(app, builders.user(store, fmo), "Aetna book of business", FullSet(PARTS, 2))
    for number, step in enumerate(steps):
        if step == "undo":
            if runs:
                work_off(app, fmo, order(app, fmo, runs.pop()))
                truth.undo()
        else:
            for file in [step] if isinstance(step, File) else both(*step):
                name = f"book_{'x' * number}_{file.part}_{file.day:%Y%m%d}.csv"
                runs.append(deliver(app, store, fmo, told(sorted(file.people)), name))
                truth.load(file)
        assert marked(store, fmo) == truth.marks, (number, truth.files)


def both(day: date, active: frozenset[int], inactive: frozenset[int]) -> list[File]:
    """A whole set."""
    return [File(day, "Active", active), File(day, "Inactive", inactive)]


def marked(store: Session, fmo: Fmo) -> dict[int, date]:
    """What the book says."""
    store.rollback()
    store.expire_all()
    found = store.scalars(select(Policy).where(Policy.fmo_id == fmo.id, Policy.missing_since.is_not(None)))
    people = ((int((one.member_number or "0")[-5:]), one.missing_since) for one in found)
    return {person: day for person, day in people if day and person < PEOPLE}  # not the one of the first file
