"""What is kept of a file's rows for the files after it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from portal.book.models import FeedRun, Policy
from portal.book.prints.models import FeedPrint
from portal.book.statements import prints
from portal.core import scope
from portal.extensions import db
from portal.identity.models import Fmo
from tests.portal.book.conftest import Load, jobs_scope
from tests.portal.book.rows import aetna, person

Told = Callable[..., set[UUID]]


def told_by(app: Flask, fmo: Fmo, *runs: FeedRun) -> set[UUID]:
    """The policies that the files of `runs` told."""
    ids = [run.id for run in runs]
    with app.app_context(), scope.acting(jobs_scope(fmo)):
        prints.told_by(fmo.id, ids, table="told_before")
        found = set(db.session.connection().execute(text("SELECT policy_id FROM told_before")).scalars())
        db.session.rollback()
    return found


def test_a_run_keeps_which_policies_it_told(load: Load, app: Flask, fmo: Fmo, store: Session) -> None:
    """New, changed and unchanged ones, each once, whatever was refused or dropped beside them."""
    first = load(aetna(*(person(n) for n in range(5))), day="20261101")
    older = person(1) | {"Application Received Date": "10/01/2025"}
    bad = person(3) | {"Coverage Effective Date": "the first"}
    changed = person(2) | {"Plan Name": "Silver (HMO)"}
    second = load(aetna(person(1), older, changed, bad, person(9)), day="20261102")
    assert (second.new, second.changed, second.unchanged, second.refused, second.dropped) == (1, 1, 1, 1, 1)
    by_number = {policy.policy_number: policy.id for policy in store.scalars(select(Policy))}
    told = {number: by_number[f"1010000{number:05}"] for number in (0, 1, 2, 3, 4, 9)}
    assert told_by(app, fmo, first) == {told[n] for n in range(5)}
    assert told_by(app, fmo, second) == {told[n] for n in (1, 2, 9)}
    assert told_by(app, fmo, first, second) == set(told.values())
    bodies = store.scalars(select(FeedPrint.body).where(FeedPrint.run_id == second.id)).all()
    assert [len(body) for body in bodies] == [3 * 32]


def test_a_check_keeps_none(load: Load, store: Session) -> None:
    load(aetna(person(1)), dry_run=True)
    assert store.scalar(select(func.count()).select_from(FeedPrint)) == 0
