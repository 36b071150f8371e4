"""Loading small files into the book of an FMO, as the worker would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book import commands, hooks
from portal.book.models import FeedRun, Policy
from portal.book.operations import request_load, run_feed
from portal.book.operations.holding import Asked, carry_out
from portal.core import access, scope
from portal.core.scope import Login, Role, Scope
from portal.core.shell import wait_for
from portal.extensions import db
from portal.identity.models import Fmo
from tests.support import builders

Load = Callable[..., FeedRun]


def jobs_scope(fmo: Fmo) -> Scope:
    """The scope of a worker's job for `fmo`."""
    return Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo.id)


def attribute(carrier: str, kind: str, value: str | None = None) -> int:
    """Attribute anew what an identifier (None: all of a kind) decides, as after a change; the policies that moved."""
    asked = Asked("identifier_import", "A change of a test", None)
    return carry_out(asked, lambda: None, [(carrier, kind, value)])[0]


def hold_nothing(store: Session, fmo: Fmo) -> None:
    """Let one admin of `fmo` move as many policies as they like."""
    fmo.rules = {**fmo.rules, "held_number": 0, "held_share": 0}
    store.commit()


@pytest.fixture
def fmo(store: Session) -> Fmo:
    """An FMO without anything."""
    return builders.fmo(store)


@pytest.fixture
def load(app: Flask, store: Session, fmo: Fmo) -> Load:
    """`load(body, day="20261103", dry_run=False, of=fmo)` loads a file of that day and gives its finished run."""

    def loaded(body: bytes, day: str = "20261103", dry_run: bool = False, of: Fmo = fmo) -> FeedRun:
        with app.app_context(), scope.acting(jobs_scope(of)):
            run = request_load(body=body, file_name=f"book_{day}.csv", connector=None, dry_run=dry_run, by="Test")
            access.write_entries()
            db.session.commit()
        with app.app_context(), scope.acting(jobs_scope(of)):
            run_feed(run.id)
        store.rollback()
        return store.scalars(select(FeedRun).where(FeedRun.id == run.id)).one()

    return loaded


@pytest.fixture
def book(store: Session, fmo: Fmo) -> Callable[[], dict[str, Policy]]:
    """`book()` is every policy of the FMO by policy number and effective date."""

    def read() -> dict[str, Policy]:
        store.rollback()
        store.expire_all()
        found = store.scalars(select(Policy).where(Policy.fmo_id == fmo.id))
        return {f"{policy.policy_number} {policy.effective_date}": policy for policy in found}

    return read


@pytest.fixture
def shell(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskCliRunner:
    """Commands at the shell; what one of them waits for is loaded here and then, in place of a worker."""

    def work(model: type[FeedRun], run_id: UUID, is_over: Callable[[FeedRun], bool], of: Scope) -> FeedRun:
        with app.app_context(), scope.acting(of):
            run_feed(run_id)
        return wait_for(model, run_id, is_over, of)

    monkeypatch.setattr(commands, "workers", nullcontext)
    monkeypatch.setattr(commands, "wait_for", work)
    return app.test_cli_runner()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The policies of which the rooms above were told, in a program without those rooms."""
    ids: list[UUID] = []

    def listen(policies: Sequence[UUID]) -> int:
        ids.extend(policies)
        return len(policies)

    monkeypatch.setattr(hooks, "_listeners", [listen])
    return ids
