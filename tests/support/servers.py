"""Real servers for the tests: one PostgreSQL and one Valkey a run, one database a worker.

All processes of a run share a data folder, made by the first; who comes first starts the servers and stops them last.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import Engine, create_engine, make_url

from portal.config import EMBEDDED_DATABASE, Settings, load_settings
from portal.runtime import servers, upgrade

FOLDER = "PORTAL_TESTS_FOLDER"
PASSWORD = "Correct-horse-battery-7"  # of every user of a test
_FIXED = {
    "PORTAL_DEMO": "1",
    "PORTAL_DEMO_PASSWORD": PASSWORD,
    "SECRET_KEY": "tests-only-Vw3kQz8mJr5tNc7yBx2pLd9fHg4sKa6e",
    "FIELD_KEYS": "t1:MTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3BxcnN0dXY=",
    "PORTAL_SFTP_PRIVATE": "1",
    "METRICS_TOKEN": "tests-only-Zp4xWq9vRn6tMk3yCb8jLf5dHs2gQa7u",
}
_DROPPED = ("DATABASE_URL", "REDIS_URL", "MAIL_URL", "PORT")


def make_folder() -> None:
    """Make the run's data folder and name it in the environment, for the workers to come."""
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="portal-tests-")


def remove_folder() -> None:
    """Remove what the run left: its data and the folder of its sockets."""
    shutil.rmtree(_server_settings().socket_folder, ignore_errors=True)
    shutil.rmtree(os.environ.pop(FOLDER), ignore_errors=True)


def set_environment(worker: str) -> None:
    """Point this process at the database of `worker` ("gw0", "main"), before anything reads the settings."""
    for name in [name for name in os.environ if name.startswith(("PG", "OIDC_")) or name in _DROPPED]:
        del os.environ[name]
    os.environ.update(_FIXED)
    shared = _server_settings()
    number = int("".join(filter(str.isdigit, worker)) or 0) % 15 + 1
    os.environ["DATABASE_URL"] = (
        make_url(shared.setup_url).set(database=f"portal_{worker}").render_as_string(hide_password=False)
    )
    os.environ["REDIS_URL"] = shared.redis_url.replace("db=0", f"db={number}")
    os.environ["PORTAL_DATA"] = f"{os.environ[FOLDER]}/{worker}"


def _server_settings() -> Settings:
    return load_settings({**_FIXED, "PORTAL_DATA": f"{os.environ[FOLDER]}/servers"})


@contextmanager
def migrated_database(settings: Settings) -> Iterator[None]:
    """Have the servers and this worker's database, migrated, for the length of the block."""
    shared = _server_settings()
    with servers.running(shared):
        # One after another: making databases and logins side by side disturbs the shared catalogs.
        with (Path(os.environ[FOLDER]) / "making").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _make_database(shared, str(make_url(settings.setup_url).database))
            upgrade.upgrade(settings)
        yield


def _make_database(shared: Settings, name: str) -> None:
    url = make_url(shared.setup_url).set(drivername="postgresql", database=EMBEDDED_DATABASE)
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        # The data live for minutes: nothing needs to survive a power cut.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))


def superuser_engine(settings: Settings) -> Engine:
    """An engine of the setup login, which no row security holds: for builders and for looking behind the wall."""
    return create_engine(settings.setup_url, connect_args={"options": "-c lock_timeout=10s"})


def empty(engine: Engine) -> None:
    """Delete every row of every table that has one, log entries included."""
    # replica: neither foreign keys nor the log's own trigger stand in the way.
    with engine.begin() as connection:
        tables = connection.exec_driver_sql(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition AND relname <> 'alembic_version'"
        ).scalars()
        probes = [f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in tables]
        filled = list(connection.exec_driver_sql(" UNION ALL ".join(probes)).scalars())
        if filled:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for name in filled:
                connection.exec_driver_sql(f'DELETE FROM "{name}"')
