"""What `flask …` commands stand on: the servers that run, or embedded ones for as long; workers likewise."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from portal.config import Settings, load_settings
from portal.runtime import children, servers, starting
from portal.runtime.errors import StartError

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def with_servers(*, anyhow: bool = False) -> Iterator[Settings]:
    """Have PostgreSQL and Valkey for the length of the block; says in a sentence why not, and exits with 1.

    A database in which the portal may not work is such a reason (see `starting`), but not for what looks for faults and
    changes nothing (`anyhow`).
    """
    settings = load_settings()
    try:
        with servers.running(settings):
            if not anyhow:
                starting.require(settings)
            yield settings
    except StartError as error:
        raise click.ClickException(str(error)) from error
    except starting.AwayError as error:
        raise click.ClickException("The database does not answer. Nothing was done; try again when it does.") from error


@contextmanager
def with_workers() -> Iterator[Settings]:
    """Have the servers, a relay and a worker: those that run, else own ones that end with the block."""
    with with_servers() as settings:
        if _workers_run():
            yield settings
            return
        started = [_start("tasks.relay"), _start("tasks.worker")]
        try:
            yield settings
        finally:
            for process in reversed(started):
                children.end(process, signal.SIGTERM, 10.0)


def _workers_run() -> bool:
    from rq import Worker

    from portal.extensions import redis_client

    return Worker.count(connection=redis_client()) > 0


def _start(module: str) -> children.Process:
    return children.start([sys.executable, "-m", module], last_signal=signal.SIGTERM, cwd=ROOT)
