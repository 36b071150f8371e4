"""Servers that go away under the whole product: no run is lost, and the account ends as after an undisturbed one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from portal.runtime import folders
from tests.faults import product as products
from tests.faults.accounts import TABLES, content, held_up, wait_until_held
from tests.faults.crew import Took, freeze, thaw, until
from tests.faults.product import Product, Visitor, latest_run
from tests.support import servers

pytestmark = [pytest.mark.deep, pytest.mark.timeout(600)]
ADMIN, RECOVERED = "admin@summit.example", 30.0
OF_PRINCIPAL = "SELECT business_id FROM portal_user WHERE email = 'principal@summit.example'"


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    """The product, started once for these tests."""
    with products.running(Path(os.environ[servers.FOLDER]) / "faults") as running:
        yield running


@pytest.fixture
def admin(product: Product) -> Visitor:
    """An FMO admin."""
    return Visitor(product, ADMIN)


@pytest.fixture(scope="module")
def business(product: Product) -> UUID:
    """The agency's Business."""
    with product.engine.connect() as connection:
        return UUID(str(connection.execute(text(OF_PRINCIPAL)).scalar_one()))


@pytest.fixture(scope="module")
def undisturbed(product: Product, business: UUID) -> dict[str, Any]:
    """What the account holds after a first copy that nothing disturbed."""
    _empty(product.engine, business)
    Visitor(product, ADMIN).resync(business)
    _succeeded(product, business)
    return _content(product, business)


def _content(product: Product, business: UUID) -> dict[str, Any]:
    found = content(product.engine, business)
    found.pop("log")
    assert found["crm_policy"]
    return found


def _empty(engine: Engine, business: UUID) -> None:
    """Take everything out of the account, so that the next run is a first copy."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in TABLES:
            connection.execute(text(f"DELETE FROM {table} WHERE business_id = :business"), {"business": business})
        connection.execute(
            text("UPDATE business_npn SET synced_batch = NULL WHERE business_id = :business"), {"business": business}
        )


def _succeeded(product: Product, business: UUID) -> Any:
    def look() -> Any:
        with suppress(SQLAlchemyError):  # the database itself may be away
            run = latest_run(product.engine, business)
            return run if run.status not in ("queued", "running") else None
        return None

    run = until(look, "the run's end", 120)
    assert run.status == "succeeded", run.error
    return run


def _workers(product: Product) -> list[int]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            ours = process.environ().get("PORTAL_DATA") == str(product.settings.data)
            if ours and "tasks.worker" in process.cmdline():
                found.append(process.pid)
    return found


def _restart_postgres(product: Product) -> None:
    data = product.settings.data / "postgres"
    user = folders.server_user(data)
    binary = Path(product.server("postgres").exe()).parent / "pg_ctl"
    account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    command = [str(binary), "-D", str(data), "-m", "fast", "-w", "-l", "/dev/null", "restart"]
    subprocess.run(command, check=False, capture_output=True, cwd="/", timeout=120, **account)  # type: ignore[call-overload]


def _check(product: Product, business: UUID, undisturbed: dict[str, Any], began: float, what: str, took: Took) -> None:
    run = _succeeded(product, business)
    seconds = time.monotonic() - began
    took(what, seconds)
    assert _content(product, business) == undisturbed
    assert run.attempt <= 3
    assert seconds < RECOVERED


def test_postgresql_is_restarted_in_the_middle(
    product: Product, admin: Visitor, business: UUID, undisturbed: dict[str, Any], took: Took
) -> None:
    _empty(product.engine, business)
    with held_up(product.engine):
        admin.resync(business)
        wait_until_held(product.engine)
        began = time.monotonic()
        _restart_postgres(product)
    _check(product, business, undisturbed, began, "PostgreSQL restarted: succeeded", took)


@pytest.mark.parametrize("data", ["kept", "lost"])
def test_valkey_is_killed_in_the_middle(
    data: str, product: Product, admin: Visitor, business: UUID, undisturbed: dict[str, Any], took: Took
) -> None:
    _empty(product.engine, business)
    with held_up(product.engine):
        admin.resync(business)
        wait_until_held(product.engine)
        began = time.monotonic()
        _kill_valkey(product, lose=data == "lost")
        until(lambda: _answers(product), "Valkey's return")
    _check(product, business, undisturbed, began, f"Valkey killed in the middle, data {data}: succeeded", took)


@pytest.mark.parametrize("data", ["kept", "lost"])
def test_valkey_is_killed_with_the_run_still_in_it(
    data: str, product: Product, admin: Visitor, business: UUID, undisturbed: dict[str, Any], took: Took
) -> None:
    _empty(product.engine, business)
    workers = _workers(product)
    freeze(*workers)
    admin.resync(business)
    until(lambda: _is_sent(product), "the job's way into the queue")
    began = time.monotonic()
    _kill_valkey(product, lose=data == "lost")
    thaw(*workers)
    _check(product, business, undisturbed, began, f"Valkey killed with a queued run, data {data}: succeeded", took)


def _is_sent(product: Product) -> bool:
    with product.engine.connect() as connection:
        runs = "SELECT sent_at IS NOT NULL FROM outbox WHERE job = 'run_sync'"  # the relay orders others by the clock
        query = text(f"{runs} ORDER BY created_at DESC, id DESC LIMIT 1")
        return bool(connection.execute(query).scalar())


def _kill_valkey(product: Product, *, lose: bool) -> None:
    product.server("valkey-server").send_signal(signal.SIGKILL)
    if lose:
        for path in (product.settings.data / "valkey").iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _answers(product: Product) -> bool:
    with suppress(Exception):
        return bool(product.queue.ping())
    return False


def test_a_frozen_valkey_costs_the_click_nothing(
    product: Product, admin: Visitor, business: UUID, undisturbed: dict[str, Any], took: Took
) -> None:
    _empty(product.engine, business)
    server = product.server("valkey-server")
    freeze(server.pid)
    try:
        clicked, _ = admin.resync(business)
    finally:
        thaw(server.pid)
    began = time.monotonic()
    took("Valkey frozen: the click was answered", clicked)
    assert clicked < 2
    _check(product, business, undisturbed, began, "Valkey thawed: succeeded", took)


def test_forty_clicks_at_once(product: Product, business: UUID) -> None:
    visitors = [Visitor(product, ADMIN) for _ in range(40)]
    before = _runs(product, business)
    workers = _workers(product)
    freeze(*workers)
    try:
        with ThreadPoolExecutor(40) as pool:
            pages = [page for _, page in pool.map(lambda one: one.resync(business), visitors)]
    finally:
        thaw(*workers)
    assert _runs(product, business) == before + 1
    assert sum("was already under way" in page for page in pages) == 39
    _succeeded(product, business)


def _runs(product: Product, business: UUID) -> int:
    query = text("SELECT count(*) FROM sync_run WHERE business_id = :business")
    with product.engine.connect() as connection:
        return int(connection.execute(query, {"business": business}).scalar_one())


def test_a_stopped_worker_is_replaced(
    product: Product, admin: Visitor, business: UUID, undisturbed: dict[str, Any], took: Took
) -> None:
    _empty(product.engine, business)
    with held_up(product.engine):
        admin.resync(business)
        wait_until_held(product.engine)
        stopped = _workers(product)[:]
        busy = [pid for pid in stopped if psutil.Process(pid).parent().pid in stopped]
        freeze(*stopped)
        began = time.monotonic()
    # Every worker stands still with its connections: the first one back after half the minute carries it out.
    until(lambda: time.monotonic() - began > 22, "the limit of silence")
    thaw(*[pid for pid in stopped if pid not in busy])
    _check(product, business, undisturbed, began, "all workers stopped, one back after 22 s: succeeded", took)
    thaw(*busy)
