"""Bring a database to this version: its logins, then its tables. The only code that uses the setup login."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import Connection, create_engine, text

from portal.config import EVERY_LOGIN, Settings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
# Web requests are short; a job may work long, but never sits idle inside a transaction.
STATEMENT_TIMEOUT = {
    "identity": "10s",
    "fmo": "30s",
    "agent": "30s",
    "compliance": "60s",
    "emergency": "30s",
    "jobs": "0",
    "sealer": "0",
    "keys": "60s",
    "retention": "0",
}
# What an FMO admin takes away waits for a run that is copying, and must not give up before it.
LOCK_TIMEOUT = {
    "identity": "5s",
    "fmo": "25s",
    "agent": "5s",
    "compliance": "5s",
    "emergency": "5s",
    "jobs": "2min",
    "sealer": "5s",
    "keys": "5s",
    "retention": "3s",
}

# How soon a server notices that the machine or the process at the other end is gone, and lets go of its locks.
LIVENESS = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "20s",
    "client_connection_check_interval": "5s",
}


def upgrade(settings: Settings) -> None:
    """Make or repair the logins and apply every migration. Safe to run again; raises what the database says."""
    with ready(settings) as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def ready(settings: Settings) -> Iterator[Connection]:
    """A connection of the setup login to a database whose logins are right, for a migration to use."""
    engine = create_engine(settings.setup_url, hide_parameters=True)
    try:
        with engine.begin() as connection:
            # Two upgrades at once take turns.
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('portal_upgrade'))"))
            _make_logins(connection, settings)
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def alembic_config() -> Config:
    """Alembic's configuration for this program's migrations."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def owner_name(database: str) -> str:
    """The NOLOGIN role that owns every table of `database`."""
    return f"{database}_owner"


def _make_logins(connection: Connection, settings: Settings) -> None:
    database = connection.execute(text("SELECT current_database()")).scalar_one()
    owner = owner_name(database)
    _ensure_role(connection, owner, "NOLOGIN")
    _run(connection, "ALTER ROLE {} NOLOGIN NOBYPASSRLS", owner)
    # Membership with SET lets the setup login work as the owner without inheriting anything.
    _run(connection, "GRANT {} TO CURRENT_USER WITH SET TRUE, INHERIT FALSE", owner)
    _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", database)
    _run(connection, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
    _run(connection, "GRANT CREATE, USAGE ON SCHEMA public TO {}", owner)
    for login in EVERY_LOGIN:
        name = settings.login_name(login)
        _ensure_role(connection, name, "LOGIN")
        password = settings.login_password(login)
        connection.exec_driver_sql(
            sql.SQL("ALTER ROLE {} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD {}")
            .format(sql.Identifier(name), sql.Literal(password))
            .as_string()
        )
        _take_back(connection, database, name)
        _run(connection, "GRANT CONNECT ON DATABASE {} TO {}", database, name)
        _run(connection, "GRANT USAGE ON SCHEMA public TO {}", name)
        _set(connection, name, "search_path", "public")
        _set(connection, name, "statement_timeout", STATEMENT_TIMEOUT[login])
        _set(connection, name, "lock_timeout", LOCK_TIMEOUT[login])
        _set(connection, name, "idle_in_transaction_session_timeout", "60s")
        for setting, value in LIVENESS.items():
            _set(connection, name, setting, value)
    # Bulk load goes through temporary tables, which only jobs may make.
    _run(connection, "GRANT TEMPORARY ON DATABASE {} TO {}", database, settings.login_name("jobs"))


def _take_back(connection: Connection, database: str, login: str) -> None:
    """Whatever somebody gave a login besides its own rights on tables: the start would be refused with it."""
    members = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = :name ::regrole"
    for role in connection.execute(text(members), {"name": f'"{login}"'}).scalars().all():
        connection.exec_driver_sql(f'REVOKE {role} FROM "{login}"')  # regrole quotes what needs quotes
    _run(connection, "REVOKE ALL ON DATABASE {} FROM {}", database, login)
    _run(connection, "REVOKE ALL ON SCHEMA public FROM {}", login)
    _run(connection, "ALTER ROLE {} RESET row_security", login)


def _ensure_role(connection: Connection, name: str, kind: str) -> None:
    found = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name}).scalar()
    if not found:
        connection.exec_driver_sql(sql.SQL("CREATE ROLE {} " + kind).format(sql.Identifier(name)).as_string())


def _set(connection: Connection, role: str, setting: str, value: str) -> None:
    statement = sql.SQL("ALTER ROLE {} SET {} = {}")
    parts = (sql.Identifier(role), sql.Identifier(setting), sql.Literal(value))
    connection.exec_driver_sql(statement.format(*parts).as_string())


def _run(connection: Connection, statement: str, *names: str) -> None:
    connection.exec_driver_sql(sql.SQL(statement).format(*map(sql.Identifier, names)).as_string())
