"""A file whose worker was killed: the dead one's transaction lives for seconds, and its successor waits for its end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.compliance.exports import making
from tasks import jobs
from tests.faults.crew import until
from tests.portal.compliance.exports.test_files import PAGE, carry_out, files, pieces
from tests.portal.compliance.test_access import entries, logged
from tests.support.world import World

_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended('portal.log_file:' || :file, 0))")
_WAITING = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")


def test_it_waits_until_the_dead_ones_transaction_is_gone(
    world: World, store: Session, officer: FlaskClient, setup_engine: Engine
) -> None:
    logged(store, world.summit)
    officer.post(PAGE, data={})
    [file] = files(store)
    with ThreadPoolExecutor(1) as worker, setup_engine.connect() as dead, setup_engine.connect() as looks:
        dead.execute(_HOLD, {"file": str(file.id)})
        job = worker.submit(jobs.write_log_file, str(file.fmo_id), str(file.id))
        until(lambda: job.done() or looks.execute(_WAITING).scalar_one(), "the successor")
        assert not job.done(), "given up, nobody would ever make it"
        dead.rollback()
        job.result()
    [file] = files(store)
    assert (file.state, file.pieces) == ("ready", 1) and len(pieces(store)) == 1
    assert len(entries(store, world.summit, "log_file.write")) == 1


def test_it_leaves_a_file_to_one_that_lives(
    world: World, store: Session, officer: FlaskClient, setup_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "DEAD_AFTER", "50ms")
    officer.post(PAGE, data={})
    [file] = files(store)
    with setup_engine.connect() as living:
        living.execute(_HOLD, {"file": str(file.id)})
        carry_out(store)
    assert [one.state for one in files(store)] == ["queued"] and pieces(store) == []
