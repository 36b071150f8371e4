"""From the click to the running run, and two workers beside one, with the processes of the product."""

from __future__ import annotations

import http.client
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import perf_counter
from uuid import UUID

from flask.testing import FlaskClient
from rq import Worker
from sqlalchemy import select

from bench import fill, report, tenants
from bench.servers import Place
from portal.businesses.models import Business
from portal.core import scope
from portal.core.scope import Role
from portal.extensions import db, redis_client
from portal.runtime import children
from portal.runtime.run import web_answers, web_command
from portal.sync import operations

ROOT = Path(__file__).resolve().parents[1]
CLICK_MS = 50.0
_WARM = 5
_REST = 0.5  # seconds between clicks, in which the worker's next process gets ready
_PATIENCE = 120.0


def run(place: Place, *, clicks: int = 100, accounts: int = 500, rounds: int = 3) -> None:
    """Print runs_click and runs_start (the 95th of a hundred, in ms, with the web and without) and runs_workers.

    runs_workers: `accounts` Businesses re-synced after a feed, two workers beside one.
    """
    fmo_id = tenants.fmo(place, "bench")
    report.say("Filling the book …")
    fill.book(place, fmo_id, policies=accounts * 40, one_in=accounts)
    made = [tenants.business(place, fmo_id, str(10000100 + number)) for number in range(accounts)]
    with _started("tasks.relay"):
        with _several(place, 1):
            _click(place, fmo_id, made[0], clicks)
        _share(place, fmo_id, made, rounds)


def _click(place: Place, fmo_id: UUID, business_id: UUID, clicks: int) -> None:
    admin = tenants.signed_in(place, fmo_id, Role.FMO_ADMIN)
    clicked: list[float] = []
    asked: list[float] = []
    with _web() as port:
        for _ in range(_WARM + clicks):
            clicked.append(_until_running(place, lambda: _complete(place, admin, port, business_id)))
            asked.append(_until_running(place, lambda: _ask(place, fmo_id, business_id)))
    for name, measured in (("runs_click", clicked), ("runs_start", asked)):
        took = sorted(measured[_WARM:])
        p95, half = took[int(len(took) * 0.95)], took[len(took) // 2]
        report.say(f"{name}: half within {half:.1f} ms, 95 of 100 within {p95:.1f} ms")
        report.figure("runs", name, [p95], [CLICK_MS], unit="ms", goal=1.0)


def _until_running(place: Place, start: Callable[[], None]) -> float:
    """The milliseconds from `start` until the database says that the run is running, with a worker that waits."""
    _wait(place, "SELECT count(*) = 0 FROM sync_run WHERE status IN ('queued', 'running')")
    time.sleep(_REST)
    begun = perf_counter()
    start()
    _wait(place, "SELECT status <> 'queued' FROM sync_run ORDER BY requested_at DESC LIMIT 1")
    return (perf_counter() - begun) * 1000


def _complete(place: Place, admin: FlaskClient, port: int, business_id: UUID) -> None:
    """Complete a re-sync over the network, with what it does before it is answered: the rehearsal, the log."""
    cookie = admin.get_cookie(place.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    headers = {"Cookie": f"{cookie.key}={cookie.value}", "X-CSRFToken": admin.environ_base["HTTP_X_CSRFTOKEN"]}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = "policy_sync_enabled=y&resync_policies=y"
    connection.request("POST", f"/fmo/policy-sync/business/{business_id}", body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 303:
        raise RuntimeError(f"The click was answered {answer.status}.")


def _ask(place: Place, fmo_id: UUID, business_id: UUID) -> None:
    """The same without the page: what remains is the way through outbox, relay, queue and worker."""
    with tenants.job(place, fmo_id):
        business = db.session.get_one(Business, (fmo_id, business_id))
        operations.request_run(business, "resync", by=scope.current())


def _share(place: Place, fmo_id: UUID, made: Sequence[UUID], rounds: int) -> None:
    one: list[float] = []
    two: list[float] = []
    _resync(place, fmo_id, made, 2)  # the first copies; what is measured follows one feed each
    for number in range(rounds):
        for workers in (1, 2) if number % 2 == 0 else (2, 1):
            _feed(place, fmo_id)
            (one if workers == 1 else two).append(_resync(place, fmo_id, made, workers))
        report.say(f"{len(made)} accounts: {one[-1]:.1f} s with one worker, {two[-1]:.1f} s with two")
    report.figure("runs", "runs_workers", two, one, unit="s", goal=round(1 / 1.5, 2))


def _feed(place: Place, fmo_id: UUID) -> None:
    """What a feed run leaves: one policy in ten has changed, in every account."""
    place.setup.execute(
        "UPDATE policy SET content_hash = encode(sha256(content_hash::bytea), 'hex'),"
        " batch = (SELECT max(batch) + 1 FROM policy) WHERE fmo_id = %s AND source_row %% 10 = 0",
        (fmo_id,),
    )


def _resync(place: Place, fmo_id: UUID, made: Sequence[UUID], workers: int) -> float:
    with tenants.job(place, fmo_id):
        for business in db.session.scalars(select(Business).where(Business.id.in_(made))).all():
            operations.request_run(business, "resync", by=scope.current())
    with _several(place, workers):
        begun = perf_counter()
        _wait(place, "SELECT count(*) = 0 FROM sync_run WHERE status IN ('queued', 'running')", 600, 0.05)
        return perf_counter() - begun


def _wait(place: Place, query: str, patience: float = _PATIENCE, pause: float = 0.0005) -> None:
    deadline = time.monotonic() + patience
    while True:
        row = place.setup.execute(query).fetchone()
        if row is not None and row[0]:
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"Not within {patience:g} s: {query}")
        time.sleep(pause)


@contextmanager
def _started(module: str) -> Iterator[children.Process]:
    process = children.start([sys.executable, "-m", module], last_signal=signal.SIGTERM, cwd=ROOT)
    try:
        yield process
    finally:
        children.end(process, signal.SIGTERM, 10.0)


@contextmanager
def _several(place: Place, workers: int) -> Iterator[None]:
    """Workers that are warm: they have said so to the queue."""
    with place.app.app_context(), ExitStack() as stack:
        queue = redis_client()
        for _ in range(workers):
            stack.enter_context(_started("tasks.worker"))
        deadline = time.monotonic() + _PATIENCE
        while Worker.count(connection=queue) < workers:
            if time.monotonic() > deadline:
                raise RuntimeError("The workers did not start.")
            time.sleep(0.05)
        yield


@contextmanager
def _web() -> Iterator[int]:
    """The web server as `make run` starts it; gives its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    web = children.start(web_command(port), last_signal=signal.SIGTERM, cwd=ROOT)
    try:
        while not web_answers(port):
            time.sleep(0.1)
        yield port
    finally:
        children.end(web, signal.SIGTERM, 10.0)
