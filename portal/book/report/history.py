"""What a policy's plan and status were when, each stretch with the file that said so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.book.models import FeedRun, Policy
from portal.book.report.models import FeedEffect
from portal.book.report.words import said
from portal.extensions import db

FIELDS = ("status", "product", "plan_name", "plan_id", "premium", "term_date")
MOST = 500


@dataclass(frozen=True, slots=True)
class Stretch:
    """One time with one plan and status, as the book knew it; `until` None: today."""

    since: datetime
    until: datetime | None
    values: dict[str, str | None]
    run: FeedRun | None
    row: int | None
    taken_back: bool  # it is what was before `run`, which was undone


def plan_history(policy: Policy) -> list[Stretch]:
    """The policy's stretches, the present one first (of its latest 500 changes)."""
    found: list[Stretch] = []
    state: dict[str, Any] = {name: getattr(policy, name) for name in (*FIELDS, "source_row")}
    until: datetime | None = None
    for at, told, effect_run, taken_back in _events(policy):
        if any(name in told for name in FIELDS):
            found.append(Stretch(at, until, _words(state), effect_run, state["source_row"], taken_back))
            until = at
        state |= {name: told[name][1 if taken_back else 0] for name in state if name in told}
    first = db.session.scalar(select(FeedRun).where(FeedRun.id == policy.first_run_id)) if policy.first_run_id else None
    found.append(Stretch(policy.created_at, until, _words(state), first, state["source_row"], False))
    return found


def _events(policy: Policy) -> list[tuple[datetime, dict[str, Any], FeedRun, bool]]:
    """(when, told, run, whether the run was taken back then), the latest first."""
    effects = db.session.scalars(
        select(FeedEffect)
        .where(FeedEffect.subject_id == policy.id, FeedEffect.kind == "changed")
        .order_by(FeedEffect.id.desc())
        .limit(MOST)
    ).all()
    ids = {one.run_id for one in effects}
    runs = {one.id: one for one in db.session.scalars(select(FeedRun).where(FeedRun.id.in_(ids)))}
    found: list[tuple[datetime, dict[str, Any], FeedRun, bool]] = []
    for one in effects:
        run = runs[one.run_id]
        if run.dry_run:
            continue
        found.append((run.finished_at or run.requested_at, one.told, run, False))
        if one.undone_at is not None:
            found.append((one.undone_at, one.told, run, True))
    return sorted(found, key=lambda event: event[0], reverse=True)


def _words(state: dict[str, Any]) -> dict[str, str | None]:
    return {name: said(name, state[name]) for name in FIELDS}
