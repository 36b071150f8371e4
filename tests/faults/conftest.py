"""Fixtures for fault tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.faults import crew as crews
from tests.faults.crew import Crew, Took


@pytest.fixture(scope="module")
def _on_duty(app: Flask, setup_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    from portal.extensions import redis_client

    with app.app_context():
        queue = redis_client()
    queue.flushdb()
    with crews.on_duty(tmp_path_factory.mktemp("faults") / "crew.log", queue) as crew:
        crews.wait_for_a_round(setup_engine)
        yield crew


@pytest.fixture
def crew(_on_duty: Crew) -> Crew:
    """Two living workers and a relay."""
    _on_duty.start()
    return _on_duty


@pytest.fixture
def took(record_property: Callable[[str, object], None]) -> Took:
    """`took("worker killed", 3.1)` keeps a time for the end of the test run's report."""
    return lambda what, seconds: record_property("took", f"{what} after {seconds:.2f} s")
