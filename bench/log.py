"""The access log: what sealing costs those who write, and how quickly entries are sealed and verified."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from subprocess import PIPE, Popen
from sys import executable
from threading import Event
from typing import Any
from uuid import UUID

from psycopg import connect
from psycopg.types.json import Jsonb
from sqlalchemy import make_url

from bench import report, tenants
from bench.servers import Place
from portal.compliance.seals import checking, operations
from portal.core.ids import new_id

WRITERS = 16
BUSY = 0.02  # seconds that a writer's transaction lasts besides its entry
MOST = 1 / 0.9  # how many times as long as plain inserts: nine tenths of their entries a second
PER_SECOND = 15_000
_COLUMNS = (
    "fmo_id, id, actor_id, actor_name, role, session_id, request_id, action, subject_kind, subject_ids, member_ids,"
    " address, user_agent, outcome, detail, version"
)
_ENTRY = f"INSERT INTO {{}} ({_COLUMNS}) VALUES ({', '.join(['%s'] * 16)})"
_SETTINGS = "SELECT set_config('portal.fmo_id', %s, true), set_config('portal.actor_id', %s, true)"
# Of the same columns and indexes; no partitions, no wall, no trigger, no seals.
_PLAIN = "CREATE TABLE plain_entry (LIKE access_entry INCLUDING DEFAULTS INCLUDING INDEXES)"
_MANY = """
INSERT INTO access_entry (fmo_id, id, at, actor_id, actor_name, role, session_id, request_id, action, subject_kind,
                          subject_ids, member_ids, address, user_agent, outcome, detail, version)
SELECT %(fmo)s, uuidv7(), now() - interval '40 minutes' + g * interval '1 millisecond', uuidv7(), 'Bench Writer',
       'fmo_admin', uuidv7(), md5(g::text), 'policy.list', 'policy', ARRAY[uuidv7(), uuidv7()], ARRAY[uuidv7()],
       '192.0.2.7', 'Mozilla/5.0 (X11; Linux x86_64)', 'done', jsonb_build_object('count', g %% 50), 1
FROM generate_series(1, %(entries)s) g
"""
# In a process of its own, as the product has it, but every second: so that its share is in every round.
_SEALER = """
import sys, time
from portal.compliance.seals import operations
from portal.factory import create_app
with create_app().app_context():
    operations.seal_all(everything=True)
    print("ready", flush=True)
    while True:
        operations.seal_all(everything=False)
        time.sleep(1)
"""


def run(place: Place, *, rounds: int = 7, seconds: int = 4, entries: int = 200_000) -> None:
    """Print log_write (ms an entry of 16 writers, beside plain inserts), log_seal and log_verify (ms per 1,000)."""
    fmo_id = tenants.fmo(place, "bench")
    place.setup.execute(_PLAIN)
    place.setup.execute(f'GRANT INSERT ON plain_entry TO "{place.settings.login_name("fmo")}"')
    _write(place, fmo_id, rounds, seconds)
    _seal_and_verify(place, fmo_id, entries)


def _write(place: Place, fmo_id: UUID, rounds: int, seconds: int) -> None:
    took: dict[str, list[float]] = {"access_entry": [], "plain_entry": []}
    _round(place, fmo_id, "plain_entry", 1)
    for number in range(rounds):
        for table in sorted(took, reverse=bool(number % 2)):
            with _sealer() if table == "access_entry" else _nobody():
                written = _round(place, fmo_id, table, seconds)
            took[table].append(seconds * 1000 / written)
            report.say(f"{table}: {written / seconds:,.0f} entries a second")
    report.figure("log", "log_write", took["access_entry"], took["plain_entry"], unit="ms", goal=round(MOST, 3))


def _round(place: Place, fmo_id: UUID, table: str, seconds: int) -> int:
    """How many entries `WRITERS` writers got into `table`, each in a transaction of its own."""
    over = Event()
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(partial(_writer, place, fmo_id, table, over)) for _ in range(WRITERS)]
        time.sleep(seconds)
        over.set()
    return sum(writer.result() for writer in writers)


def _writer(place: Place, fmo_id: UUID, table: str, over: Event) -> int:
    url = make_url(place.settings.database_url_for("fmo")).set(drivername="postgresql")
    actor, session, written = new_id(), new_id(), 0
    with connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        while not over.is_set():
            with connection.transaction():
                connection.execute(_SETTINGS, (str(fmo_id), str(actor)))
                time.sleep(BUSY)
                row: tuple[Any, ...] = (
                    fmo_id, new_id(), actor, "Bench Writer", "fmo_admin", session, "0" * 32, "policy.list", "policy",
                    [new_id() for _ in range(5)], [new_id() for _ in range(5)], "192.0.2.7", "Mozilla/5.0", "done",
                    Jsonb({"count": 5}), 1,
                )  # fmt: skip
                connection.execute(_ENTRY.format(table), row)
            written += 1
    return written


@contextmanager
def _sealer() -> Iterator[None]:
    process = Popen([executable, "-c", _SEALER], stdout=PIPE, text=True)
    try:
        assert process.stdout is not None  # for the type checker
        process.stdout.readline()
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _nobody() -> Iterator[None]:
    yield


def _seal_and_verify(place: Place, fmo_id: UUID, entries: int) -> None:
    sealed, verified = [], []
    with place.app.app_context():
        operations.seal_all(everything=True)
        for _ in range(2):
            place.setup.execute(_MANY, {"fmo": fmo_id, "entries": entries // 2})
            place.setup.execute("VACUUM ANALYZE access_entry, seal_member, seal")
            begun = time.perf_counter()
            number = operations.seal(fmo_id, everything=True)
            sealed.append((time.perf_counter() - begun) * 1_000_000 / number)
            report.say(f"sealed {number:,} at {1_000_000 / sealed[-1]:,.0f} entries a second")
            begun = time.perf_counter()
            found = checking.verify(fmo_id)
            verified.append((time.perf_counter() - begun) * 1_000_000 / found.entries)
            report.say(f"verified {found.entries:,} at {1_000_000 / verified[-1]:,.0f} entries a second")
            if found.fault_count:
                raise RuntimeError(f"A log that nobody touched has faults: {found.faults[:3]}")
    limit = [1_000_000 / PER_SECOND]
    report.figure("log", "log_seal", sealed, limit, unit="ms", goal=1.0)
    report.figure("log", "log_verify", verified, limit, unit="ms", goal=1.0)
