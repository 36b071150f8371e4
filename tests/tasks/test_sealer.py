"""The sealer's loop: a last round when asked to stop, patience with a database that is away, daily verification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.compliance.seals import operations
from tasks import sealer
from tasks.sealer import Sealer
from tests.portal.compliance.conftest import seal  # noqa: F401  # the fixture that gives each test an anchor of its own
from tests.portal.compliance.test_access import logged
from tests.support.world import World


def _number(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@pytest.fixture
def loop(app: Flask, world: World, seal: Callable[[], int]) -> Sealer:  # noqa: F811
    return Sealer()


def test_asked_to_stop_it_does_a_last_round(
    loop: Sealer, app: Flask, world: World, store: Session, setup_engine: Engine
) -> None:
    logged(store, world.summit)
    loop.stop()
    with app.app_context():
        loop.run()
    assert _number(setup_engine, "seal_member") == 1


def test_a_database_that_is_away_is_waited_for(loop: Sealer, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: Any) -> int:
        raise OperationalError("SELECT", {}, Exception("away"))

    with app.app_context():
        monkeypatch.setattr(operations, "seal_all", away)
        assert not loop.round()
        monkeypatch.undo()
        assert loop.round()


def test_everything_is_looked_through_at_the_start_and_after_a_failure(
    loop: Sealer, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def note(*, everything: bool) -> int:
        asked.append(everything)
        return 0

    monkeypatch.setattr(operations, "seal_all", note)
    for _ in range(3):
        loop.round()
    assert asked == [True, False, False]


def test_verifying_goes_on_beside_sealing(
    loop: Sealer, app: Flask, world: World, setup_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer, "application", lambda: app)
    loop._run_beside(sealer._daily)
    loop._beside[sealer._daily].join(30)
    assert _number(setup_engine, "seal_check WHERE ended_at IS NOT NULL") == 3
