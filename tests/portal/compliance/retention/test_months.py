"""Months of the log: made ahead, missed where they are missing, and one that cannot be made keeps no other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.compliance.retention import months, statements
from portal.compliance.retention.months import Month, month_of
from portal.config import Settings
from portal.core import clock
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from tasks import relay
from tests.portal.compliance.test_access import logged
from tests.support.world import World

ANYBODY = Scope(login=Login.IDENTITY, role=Role.SYSTEM)


@pytest.fixture
def without(setup_engine: Engine) -> Iterator[Month]:
    """The log without the month after the next, which is there again afterwards."""
    month = month_of(clock.now()).later(2)
    with setup_engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {month.partition} RENAME TO hidden_month"))
        connection.execute(text("ALTER TABLE access_entry DETACH PARTITION hidden_month"))
    yield month
    with setup_engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DELETE FROM access_entry_default"))
        if not connection.scalar(text(f"SELECT to_regclass('{month.partition}') IS NOT NULL")):
            connection.execute(text(f"ALTER TABLE hidden_month RENAME TO {month.partition}"))
            bounds = f"FROM ('{month.begin.isoformat()}') TO ('{month.end.isoformat()}')"
            connection.execute(text(f"ALTER TABLE access_entry ATTACH PARTITION {month.partition} FOR VALUES {bounds}"))
        connection.execute(text("DROP TABLE IF EXISTS hidden_month"))


def _ahead(app: Flask) -> int:
    with app.app_context(), open_session(ANYBODY) as session:
        return months.ahead(statements.months(session), clock.now())


def test_the_relay_makes_what_is_missing(world: World, app: Flask, without: Month) -> None:
    assert _ahead(app) == 1
    with app.app_context():
        relay.keep_house()
    assert _ahead(app) == 3


def test_a_month_that_cannot_be_made_keeps_no_other(
    world: World, app: Flask, store: Session, setup_engine: Engine, without: Month
) -> None:
    after = without.later(2)
    logged(store, world.summit, at=without.begin + timedelta(days=3))
    with setup_engine.begin() as connection:
        connection.execute(text("SELECT make_access_partitions(4)"))
    try:
        with app.app_context(), open_session(ANYBODY) as session:
            there = statements.months(session)
            assert (without in there, after in there) == (False, True)
    finally:
        with setup_engine.begin() as connection:
            connection.execute(text(f"DROP TABLE IF EXISTS {after.partition}"))


def test_monitoring_hears_of_a_missing_month_and_of_entries_outside(
    world: World, store: Session, setup_engine: Engine, settings: Settings, client_for: Any, without: Month
) -> None:
    def told(name: str) -> float:
        answer = client_for(None).get("/metrics", headers={"Authorization": f"Bearer {settings.metrics_token}"})
        return next(float(line.split()[1]) for line in answer.text.splitlines() if line.startswith(f"{name} "))

    def count() -> None:
        """Have the server's figure be what stands there: other connections tell of earlier tests' rows late."""
        with setup_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE access_entry_default"))

    assert told("portal_log_months_ahead") == 1
    count()
    before = told("portal_log_outside_months")
    logged(store, world.summit, at=without.begin)
    count()
    assert told("portal_log_outside_months") == before + 1


def test_months_are_counted_over_the_year() -> None:
    december = month_of(datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    assert (str(december.later(1)), str(december.later(-12)), december.partition) == (
        "2027-01", "2025-12", "access_entry_2026_12",
    )  # fmt: skip
    assert december.end == datetime(2027, 1, 1, tzinfo=UTC)
