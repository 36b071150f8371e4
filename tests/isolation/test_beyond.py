"""Ways around the wall that are no SELECT, INSERT, UPDATE or DELETE on a table: each login tries each in plain SQL.

And what the wall does not do: a statement that somebody smuggles in can change the settings that it compares with.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from portal.config import LOGINS, Login, Settings
from tests.isolation.ground import Ground
from tests.isolation.test_wall import TABLES, Tenant, _at_work, _columns, _officer, _refused, _sample

pytestmark = [pytest.mark.shared_data, pytest.mark.parametrize("login", LOGINS)]
# Nothing of this is anybody's, whatever it is good for elsewhere.
REFUSED = (
    "CREATE SCHEMA other",
    "CREATE TABLE public.other (id int)",
    "CREATE VIEW public.other AS SELECT 1",
    "CREATE FUNCTION public.other() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE ROLE other",
    "ALTER TABLE contact DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE contact NO FORCE ROW LEVEL SECURITY",
    "CREATE POLICY other ON contact USING (true)",
    "DROP TABLE contact",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/portal-wall'",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/hostname')",
    "SET session_replication_role = replica",
    "SET SESSION AUTHORIZATION portal_setup",
)
# What a login may call of our own, beside triggers, which nobody can call.
CALLED: dict[str, set[str]] = {"jobs": {"make_access_partitions"}, "compliance": {"access_followed"}}


@pytest.fixture(scope="module")
def engines(settings: Settings, database: None) -> Iterator[dict[Login, Engine]]:
    """One engine a login, as the program has them."""
    made = {login: create_engine(settings.database_url_for(login)) for login in LOGINS}
    yield made
    for engine in made.values():
        engine.dispose()


@pytest.fixture
def own(ground: Ground) -> Tenant:
    """Amy's account."""
    business = ground.world.amy.business
    return Tenant(business.fmo_id, business.id, ground.world.amy.admin.id)


def _run(connection: Connection, statement: str) -> Any:
    return partial(connection.execute, text(statement))


def test_every_partition_is_closed_by_name(
    engines: dict[Login, Engine], setup_engine: Engine, ground: Ground, own: Tenant, login: Login
) -> None:
    with setup_engine.connect() as connection:
        tables = (
            connection.execute(
                text(
                    "SELECT i.inhrelid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
                    " WHERE c.relkind IN ('r', 'p', 'f') ORDER BY 1"
                )
            )
            .scalars()
            .all()
        )
    assert len([name for name in tables if name.startswith("access_entry")]) >= 5
    with _at_work(engines[login], login, own, _officer(ground, login, own)) as connection:
        for name in tables:
            for statement in (
                f"SELECT 1 FROM {name}",
                f"INSERT INTO {name} SELECT * FROM {name}",
                f"UPDATE {name} SET reason = 'x'",
                f"DELETE FROM {name}",
                f"TRUNCATE {name}",
            ):
                assert _refused(connection, _run(connection, statement)), statement


def test_nothing_is_emptied_or_copied_in(
    engines: dict[Login, Engine], ground: Ground, own: Tenant, login: Login
) -> None:
    # TRUNCATE and COPY FROM know no rows, so that row security cannot hold them.
    with _at_work(engines[login], login, own, _officer(ground, login, own)) as connection:
        for table in TABLES:
            assert _refused(connection, _run(connection, f'TRUNCATE "{table}"')), table
            savepoint = connection.begin_nested()
            with pytest.raises(DBAPIError, match=r"permission denied|not supported with row-level security"):
                connection.execute(text(f'COPY "{table}" FROM STDIN'))
            savepoint.rollback()


def test_what_is_copied_out_is_what_is_seen(
    engines: dict[Login, Engine], setup_engine: Engine, settings: Settings, ground: Ground, own: Tenant, login: Login
) -> None:
    copied = 0
    with _at_work(engines[login], login, own, _officer(ground, login, own)) as connection:
        raw = connection.connection.cursor()
        for table in TABLES:
            granted = _columns(setup_engine, settings, login, table, "SELECT")
            if not granted:
                assert _refused(connection, _run(connection, f'COPY "{table}" TO STDOUT')), table
                continue
            columns = ", ".join(f'"{name}"' for name in granted)
            source = f"(SELECT {columns} FROM access_entry)" if table == "access_entry" else f'"{table}" ({columns})'
            with raw.copy(f"COPY {source} TO STDOUT") as rows:
                found = sum(1 for _ in rows.rows())
            seen = connection.execute(text(f'SELECT count("{granted[0]}") FROM "{table}"')).scalar_one()
            assert found == seen, table
            copied += found
    assert copied > 0


def test_no_login_reaches_beyond_its_tables(
    engines: dict[Login, Engine], ground: Ground, own: Tenant, login: Login
) -> None:
    with _at_work(engines[login], login, own, _officer(ground, login, own)) as connection:
        for statement in REFUSED:
            assert _refused(connection, _run(connection, statement)), statement
        temporary = _refused(connection, _run(connection, "CREATE TEMP TABLE other (id int)"))
        assert temporary is (login != "jobs"), "bulk loads alone use temporary tables"


def test_sequences_and_functions_are_handed_out_by_name(
    engines: dict[Login, Engine], setup_engine: Engine, settings: Settings, login: Login
) -> None:
    who = {"who": settings.login_name(login)}
    with setup_engine.connect() as connection:
        functions = connection.execute(
            text(
                "SELECT proname::text AS name, prosecdef AS as_owner, coalesce(proconfig, '{}') AS set"
                " FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prorettype <> 'trigger'::regtype"
                " AND has_function_privilege(:who, oid, 'EXECUTE')"
            ),
            who,
        ).all()
        sequences = connection.execute(
            text(
                "SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                " AND CASE WHEN relkind = 'S' THEN has_sequence_privilege(:who, oid, 'UPDATE') END"
            ),
            who,
        ).all()
    assert {row.name for row in functions if row.as_owner} == CALLED.get(login, set())
    assert [row.name for row in functions if row.as_owner and not any("search_path" in s for s in row.set)] == []
    assert [row.name for row in sequences] == [], "setval would let one tenant choose the numbers of another"


def test_other_logins_are_neither_seen_at_work_nor_stopped(
    engines: dict[Login, Engine], ground: Ground, own: Tenant, login: Login
) -> None:
    other: Login = "fmo" if login != "fmo" else "agent"
    with (
        engines[other].connect() as working,
        _at_work(engines[login], login, own, _officer(ground, login, own)) as connection,
    ):
        backend = working.execute(text("SELECT pg_backend_pid() /* Qsecret */")).scalar_one()
        told = text("SELECT query FROM pg_stat_activity WHERE pid = :pid")
        assert connection.execute(told, {"pid": backend}).scalar_one() == "<insufficient privilege>"
        for stop in ("pg_terminate_backend", "pg_cancel_backend"):
            assert _refused(connection, partial(connection.execute, text(f"SELECT {stop}(:pid)"), {"pid": backend}))


def test_what_the_wall_does_not_do(
    engines: dict[Login, Engine], setup_engine: Engine, settings: Settings, ground: Ground, own: Tenant, login: Login
) -> None:
    """Settings are believed. A smuggled statement reads other tenants' rows of the tables of its own login, and no
    others: that is why every kind of work has a login, why values are bound, and why SECURITY.md says so."""
    lou = ground.world.lou
    with _at_work(engines[login], login, own, _officer(ground, login, own)) as connection:
        forged = {"fmo_id": lou.business.fmo_id, "business_id": lou.business.id, "actor_id": lou.admin.id}
        for name, value in forged.items():
            connection.execute(text("SELECT set_config(:n, :v, true)"), {"n": f"portal.{name}", "v": str(value)})
        for table in ("contact", "credential", "policy", "access_entry"):
            granted = "id" in _columns(setup_engine, settings, login, table, "SELECT")
            if not granted:
                assert _refused(connection, _run(connection, f"SELECT id FROM {table}")), table
                continue
            foreign = _sample(setup_engine, table, Tenant(lou.business.fmo_id, lou.business.id, lou.admin.id))
            seen = connection.execute(text(f"SELECT 1 FROM {table} WHERE id = :id"), {"id": foreign["id"]}).all()
            # But not even so where a row of the database says who may: nobody gave an access to Lou's account to Lou.
            assert bool(seen) == (login != "emergency"), table
