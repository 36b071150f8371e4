"""When places are looked at: by the clock, after failures, and never twice at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.book.arrival.models import ArrivalLook, ArrivalSource
from portal.book.arrival.operations import NotDone, ask, order_due
from portal.book.arrival.operations.schedule import LOST, time_after_failure, usual_time
from portal.book.models import Connector
from portal.core.outbox import Outbox
from portal.core.scope import Role
from portal.identity.models import Fmo
from tests.portal.book.arrival.conftest import Look, again, own, work, write
from tests.support import arrival_builders as arrivals
from tests.support import builders
from tests.support.people import acting

NOW = datetime(2026, 3, 7, 15, 0, tzinfo=UTC)  # the night in which New York's clocks go forward comes after it


def _looks(store: Session) -> list[ArrivalLook]:
    store.rollback()
    store.expire_all()
    return list(store.scalars(select(ArrivalLook).order_by(ArrivalLook.asked_at)))


def _due(store: Session, source: ArrivalSource) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    store.execute(update(ArrivalSource).where(ArrivalSource.id == source.id).values(next_at=past))
    store.commit()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"every_minutes": 90}, NOW + timedelta(minutes=90)),
        ({"daily_at": "09:30", "zone": "America/New_York"}, datetime(2026, 3, 8, 13, 30, tzinfo=UTC)),
        ({"daily_at": "10:30", "zone": "America/New_York"}, datetime(2026, 3, 7, 15, 30, tzinfo=UTC)),
        ({"daily_at": "15:00", "zone": "UTC"}, datetime(2026, 3, 8, 15, 0, tzinfo=UTC)),
        ({}, None),
    ],
)
def test_the_next_time_is_the_clocks_of_the_chosen_zone(given: dict[str, object], expected: datetime | None) -> None:
    assert usual_time(ArrivalSource(**given), NOW) == expected


def test_failures_back_off_and_never_beyond_six_hours() -> None:
    waits = [time_after_failure(ArrivalSource(failures=number, stopped=False), NOW) for number in (1, 2, 3, 5, 40)]
    minutes = [(one - NOW).total_seconds() / 60 for one in waits if one]
    assert minutes == [1, 2, 4, 16, 360]
    assert time_after_failure(ArrivalSource(failures=1, stopped=True), NOW) is None


def test_what_is_due_is_ordered_once(app: Flask, store: Session, connector: Connector, inbox: Path) -> None:
    source = arrivals.folder_source(store, connector, every_minutes=60)
    quiet = arrivals.folder_source(store, connector, "other", stopped=True)
    server = arrivals.sftp_source(store, connector, host_key=None)
    for one in (source, quiet, server):
        _due(store, one)
    with app.app_context():
        order_due()
        order_due()
    [look] = _looks(store)
    assert (look.source_id, look.what, look.asked_by) == (source.id, "take", "Schedule")
    sent = store.scalars(select(Outbox)).one()
    assert (sent.job, sent.args) == ("look_at_source", [str(source.fmo_id), str(look.id)])
    work(app, source, look.id)
    after = again(store, source).next_at
    assert after is not None and timedelta(minutes=59) < after - datetime.now(UTC) < timedelta(minutes=61)
    _due(store, source)
    with app.app_context():
        order_due()
    assert len(_looks(store)) == 2


def test_a_second_click_orders_nothing(app: Flask, store: Session, connector: Connector, fmo: Fmo, inbox: Path) -> None:
    source = arrivals.folder_source(store, connector)
    with acting(app, Role.FMO_ADMIN, fmo):
        ask(own(source), "take")
    with acting(app, Role.FMO_ADMIN, fmo), pytest.raises(NotDone):
        ask(own(source), "test")
    _due(store, source)
    with app.app_context():
        order_due()
    assert len(_looks(store)) == 1


def test_a_file_that_waits_brings_the_second_look_soon(
    store: Session, connector: Connector, inbox: Path, carry_out: Look
) -> None:
    source = arrivals.folder_source(store, connector)  # only by the button
    write(inbox / "files" / "a.csv", b"x")
    carry_out(source)
    soon = again(store, source).next_at
    assert soon is not None and soon - datetime.now(UTC) < timedelta(seconds=15)
    (inbox / "files" / "a.csv").unlink()
    carry_out(source)
    assert again(store, source).next_at is None


def test_a_look_that_nobody_will_carry_out_ends(
    app: Flask, store: Session, connector: Connector, fmo: Fmo, inbox: Path
) -> None:
    source = arrivals.folder_source(store, connector, every_minutes=60)
    with acting(app, Role.FMO_ADMIN, fmo):
        ask(own(source), "take")
    with app.app_context():
        order_due()
    assert _looks(store)[0].status == "queued"
    old = datetime.now(UTC) - timedelta(minutes=5)
    store.execute(update(ArrivalLook).values(asked_at=old, status="running"))
    store.execute(update(Outbox).values(done_at=old, sent_at=old))
    store.commit()
    with app.app_context():
        assert order_due() == 1
    [look] = _looks(store)
    assert (look.status, look.error) == ("failed", LOST)
    held = again(store, source)
    assert held.failures == 1 and held.next_at is not None


def test_one_job_at_a_time_looks_at_a_place(
    app: Flask, store: Session, connector: Connector, fmo: Fmo, inbox: Path
) -> None:
    from portal.book.arrival.operations.steps import alone

    source = arrivals.folder_source(store, connector)
    with acting(app, Role.FMO_ADMIN, fmo):
        look_id = ask(own(source), "take").id
    with alone(source.id) as free:
        assert free
        work(app, source, look_id)
        assert _looks(store)[0].status == "queued"
    work(app, source, look_id)
    assert _looks(store)[0].status == "done"


def test_a_job_of_another_fmo_finds_nothing(app: Flask, store: Session, connector: Connector, inbox: Path) -> None:
    source = arrivals.folder_source(store, connector)
    look = arrivals.look(store, source, status="queued")
    stranger = builders.fmo(store)
    foreign = arrivals.folder_source(store, builders.connector(store, stranger))
    work(app, foreign, look.id)
    assert _looks(store)[0].status == "queued"
