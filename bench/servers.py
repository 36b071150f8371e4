"""Servers, database and application of a benchmark's own, made new and thrown away after it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from flask import Flask
from psycopg import Connection, connect
from sqlalchemy import make_url

from bench import report
from portal.config import Settings, load_settings
from portal.factory import create_app
from portal.runtime import servers, upgrade

# Never somebody's real database, queue or mail server, whatever the caller's environment says.
_DROPPED = ("DATABASE_URL", "REDIS_URL", "MAIL_URL", "SECRET_KEY", "FIELD_KEYS", "METRICS_TOKEN")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a benchmark works."""

    app: Flask
    settings: Settings
    setup: Connection[Any]  # the setup login, which no row security holds; every statement commits
    folder: Path  # for files; removed at the end


@contextmanager
def fresh() -> Iterator[Place]:
    """An empty, migrated database on embedded servers, with the settings of the demo."""
    folder = Path(mkdtemp(prefix="portal-bench-"))
    for name in _DROPPED:
        os.environ.pop(name, None)
    os.environ |= {"PORTAL_DATA": str(folder / "data"), "PORTAL_DEMO": "1"}
    settings = load_settings(os.environ)
    try:
        report.say("Starting the servers …")
        with servers.running(settings):
            upgrade.upgrade(settings)
            app = create_app(settings)
            with setup_connection(settings) as setup:
                _leave_alone(setup)
                yield Place(app, settings, setup, folder)
            _disconnect(app)
    finally:
        shutil.rmtree(settings.socket_folder, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def _leave_alone(setup: Connection[Any]) -> None:
    """Let no vacuum or statistics of the server's own fall into one of those that take turns and not into the others.

    Statistics taken in the middle of a COPY into an emptied table say that it is empty, and its foreign keys are then
    checked by reading the table for every row.
    """
    setup.execute("ALTER SYSTEM SET autovacuum = off")
    setup.execute("SELECT pg_reload_conf()")


def setup_connection(settings: Settings) -> Connection[Any]:
    """A connection of the setup login; commits every statement outside `transaction()`."""
    url = make_url(settings.setup_url).set(drivername="postgresql")
    return connect(url.render_as_string(hide_password=False), autocommit=True)


def _disconnect(app: Flask) -> None:
    from portal.extensions import db

    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()
