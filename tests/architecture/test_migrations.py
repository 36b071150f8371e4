"""Migrations on a real PostgreSQL: they make what the models say, and can be taken back and made again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, make_url, text

from portal.config import Settings
from portal.runtime.upgrade import MIGRATIONS, alembic_config, upgrade

SCHEMA = """
SELECT 'column' AS kind, table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS what
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'policy', tablename || '.' || policyname || ' ' || cmd || coalesce(qual, '') || coalesce(with_check, '')
FROM pg_policies WHERE schemaname = 'public'
UNION ALL SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'grant', table_name || ' ' || grantee || ' ' || privilege_type
FROM information_schema.table_privileges WHERE table_schema = 'public'
UNION ALL SELECT 'column grant', table_name || '.' || column_name || ' ' || grantee || ' ' || privilege_type
FROM information_schema.column_privileges WHERE table_schema = 'public'
UNION ALL SELECT 'function', pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
ORDER BY 1, 2
"""


@pytest.fixture
def apart(settings: Settings, setup_engine: Engine) -> Iterator[tuple[Settings, Engine]]:
    """A database of its own beside this worker's, upgraded."""
    name = str(make_url(settings.setup_url).database) + "_apart"
    url = make_url(settings.setup_url).set(database=name).render_as_string(hide_password=False)
    outside = setup_engine.execution_options(isolation_level="AUTOCOMMIT")
    with outside.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    engine = create_engine(url)
    try:
        own = replace(settings, given_database_url=url)
        upgrade(own)
        yield own, engine
    finally:
        engine.dispose()
        with outside.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _to(engine: Engine, revision: str) -> None:
    with engine.connect() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        step = command.upgrade if revision == "head" else command.downgrade
        step(config, revision)


def _schema(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        return [(row.kind, row.what) for row in connection.execute(text(SCHEMA))]


def test_models_and_migrations_agree(apart: tuple[Settings, Engine]) -> None:
    with apart[1].connect() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.check(config)  # raises with the differences


def test_up_down_and_up_again_gives_the_same(apart: tuple[Settings, Engine]) -> None:
    _, engine = apart
    before = _schema(engine)
    _to(engine, "base")
    assert _tables(engine) == {"alembic_version"}
    _to(engine, "head")
    assert _schema(engine) == before


def test_upgrading_twice_changes_nothing(apart: tuple[Settings, Engine]) -> None:
    own, engine = apart
    before = _schema(engine)
    upgrade(own)
    assert _schema(engine) == before


def _tables(engine: Engine) -> set[str]:
    def names(connection: Connection) -> set[str]:
        return {
            row.tablename
            for row in connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        }

    with engine.connect() as connection:
        return names(connection)


def test_migrations_are_numbered_in_one_line() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert len(script.get_heads()) == 1
    assert sorted(revisions) == [f"{number:04}" for number in range(1, len(revisions) + 1)]
    for path in (MIGRATIONS / "versions").glob("*.py"):
        assert path.name[:4] in revisions and path.name[4] == "_", path.name
