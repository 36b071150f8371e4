"""Expected against actual: what was shown before a run beside what it did, and why they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.book.models import FeedRun
from portal.extensions import db
from portal.sync.models import BY_BOOK, SyncRun

LABELS = {
    "policies": "Policies in the account",
    "added": "Added",
    "updated": "Updated",
    "unchanged": "Unchanged",
    "released": "Released",
    "removed_by_agent": "Left out, removed by the agent",
    "contacts": "Contacts with a policy",
    "contacts_new": "New contacts",
    "contacts_linked": "Matched contacts",
    "possible_duplicates": "Possible duplicates",
    "without_email": "Contacts with a policy, without e-mail",
}
AGREES_WITH_BOOK = (
    "Nothing was shown before this run. It is held against what your book had for the account when it began, less what"
    " the agent removed, and the account has exactly that."
)
DIFFERS_FROM_BOOK = "The account does not hold what your book had for it when the run began. Start a re-sync."
AGREES = "Everything came as it was shown before."
ELSE = (
    "Between what was shown and the run, the book or the account changed: an attribution, an NPN that joined or left,"
    " or something that the agent did."
)


@dataclass(frozen=True, slots=True)
class Line:
    """One figure before and after."""

    label: str
    expected: int
    actual: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The figures that were both shown and counted, and a sentence about them."""

    lines: list[Line]
    sentence: str

    @property
    def agrees(self) -> bool:
        """Whether the run did exactly what was shown."""
        return all(line.expected == line.actual for line in self.lines)


def of(run: SyncRun) -> Comparison | None:
    """What was expected of a run that succeeded, beside what it did; None for another, or one of an older version."""
    if run.status != "succeeded" or not run.expected:
        return None
    lines = [
        Line(label, run.expected[name], getattr(run, name))
        for name, label in LABELS.items()
        if isinstance(run.expected.get(name), int) and getattr(run, name) is not None
    ]
    if run.expected.get(BY_BOOK):
        agrees = all(line.expected == line.actual for line in lines)
        return Comparison(lines, AGREES_WITH_BOOK if agrees else DIFFERS_FROM_BOOK)
    found = Comparison(lines, AGREES)
    return found if found.agrees else Comparison(lines, _why(run))


def _why(run: SyncRun) -> str:
    files = _files_between(run)
    if not files:
        return ELSE
    told = ", ".join(file.file_name for file in files)
    return f"Between what was shown and the run, a carrier's file was loaded: {told}."


def _files_between(run: SyncRun) -> Sequence[FeedRun]:
    during = (FeedRun.finished_at >= run.requested_at, FeedRun.finished_at <= run.finished_at)
    loaded = (FeedRun.status == "succeeded", FeedRun.dry_run.is_(False))
    return db.session.scalars(
        select(FeedRun).where(*during, *loaded).order_by(FeedRun.finished_at, FeedRun.id).limit(3)
    ).all()
