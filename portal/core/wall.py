"""Whether the wall between tenants stands: what each database login is and may, and row security on every table.

The program asks before its work begins and whenever somebody asks whether it is ready. Nothing here changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from portal.config import KEYS_LOGIN, RETENTION_LOGIN, AnyLogin
from portal.core.scope import Login

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
Connect = Callable[[Login], AbstractContextManager[Connection]]
MAY_MAKE_TEMPORARY = {Login.JOBS}  # bulk load goes through temporary tables
UPGRADE = "Run: python3 -m portal upgrade"

_LOGIN = text("""
SELECT r.rolname::text AS name, current_user = session_user AS itself, r.rolsuper, r.rolbypassrls, r.rolcreaterole,
       r.rolcreatedb, r.rolreplication, current_setting('row_security') = 'on' AND NOT EXISTS (
         SELECT FROM pg_db_role_setting s WHERE s.setrole IN (0, r.oid) AND 'row_security=off' = ANY (s.setconfig)
       ) AS held,
       has_database_privilege(r.oid, current_database(), 'TEMPORARY') AS temporary,
       has_database_privilege(r.oid, current_database(), 'CREATE') AS schemas,
       current_database() AS database,
       ARRAY(SELECT nspname::text FROM pg_namespace
             WHERE nspname !~ '^pg_' AND has_schema_privilege(r.oid, oid, 'CREATE') ORDER BY 1) AS makes_in,
       ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = r.oid ORDER BY 1) AS member_of,
       ARRAY(SELECT relname::text FROM pg_class
             WHERE relowner = r.oid AND relpersistence <> 't' AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
             ORDER BY 1) AS owns,
       ARRAY(SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
             AND c.relkind IN ('r', 'p') AND has_table_privilege(r.oid, c.oid, 'TRUNCATE, TRIGGER, REFERENCES')
             ORDER BY 1) AS empties
FROM pg_roles r WHERE r.rolname = coalesce(:asked, current_user)
""")
# What row security must be forced on: all, since the owner too is held by it; a partition can be named by itself.
_TABLES = text("""
SELECT relname::text AS name, relrowsecurity AS on_, relforcerowsecurity AS forced,
       EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polroles @> ARRAY[0::oid]) AS for_everybody
FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version'
ORDER BY relname
""")
_VIEWS = text("""
SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
AND (relkind = 'm' OR relkind = 'v' AND NOT coalesce(reloptions @> ARRAY['security_invoker=true'], false))
ORDER BY relname
""")
_OWNERS = text("""
SELECT DISTINCT r.rolname::text FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND r.rolcanlogin
ORDER BY 1
""")
_VERSION = text("SELECT version_num FROM alembic_version")
_HAS_VERSION = text("SELECT to_regclass('public.alembic_version') IS NOT NULL")


def faults(connect: Connect, *, name_of: Callable[[AnyLogin], str]) -> list[str]:
    """Everything that is wrong, each a sentence with what to do; raises what the driver says where nobody answers."""
    found: list[str] = []
    for login in Login:
        with connect(login) as connection:
            found += _of_login(connection, name_of(login.value), asked=None, temporary=login in MAY_MAKE_TEMPORARY)
    with connect(Login.IDENTITY) as connection:
        # Nobody signs in as these but the command that rotates keys, and what ends a month of the log.
        for apart in (KEYS_LOGIN, RETENTION_LOGIN):
            found += _of_login(connection, name_of(apart), asked=name_of(apart), temporary=False)
        found += behind(connection) or _of_tables(connection)
    return found


def behind(connection: Connection) -> list[str]:
    """What is wrong with the version of the tables; nothing where it is this program's."""
    if not connection.scalar(_HAS_VERSION):
        return [f"The database has no tables yet. {UPGRADE}"]
    there, wanted = set(connection.scalars(_VERSION)), heads()
    if there == wanted:
        return []
    told = f"The database is at version {_listed(there)}, and this program needs {_listed(wanted)}."
    unknown = there - known()
    return [f"{told} The database is newer: start the newer program." if unknown else f"{told} {UPGRADE}"]


@cache
def _script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def heads() -> set[str]:
    """The newest migrations that this program knows."""
    return set(_script().get_heads())


def known() -> set[str]:
    """Every migration that this program knows."""
    return {revision.revision for revision in _script().walk_revisions()}


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _of_login(connection: Connection, name: str, *, asked: str | None, temporary: bool) -> Iterator[str]:
    row = connection.execute(_LOGIN, {"asked": asked}).one_or_none()
    if row is None:
        yield f"The database login {name} is missing. {UPGRADE}"
        return
    it = f"The database login {row.name}"
    if not row.itself or row.name != name:
        yield f"{it} works under another name than {name}: have the connection sign in as {name} itself."
    if row.rolsuper:
        repair = f'As a superuser: ALTER ROLE "{row.name}" NOSUPERUSER'
        yield f"{it} is a superuser, whom row security does not hold. {repair}"
        return  # everything else follows from this one
    yield from _attributes(row, it)
    for role in row.member_of:
        yield f'{it} is a member of {role} and may become it. Run: REVOKE {role} FROM "{row.name}"'
    if row.owns:
        yield f"{it} owns {_some(row.owns)}; owners can switch row security off. Give it back: ALTER TABLE … OWNER TO"
    if not row.held:
        yield f'{it} signs in with row_security off. Run: ALTER ROLE "{row.name}" RESET row_security'
    yield from _rights(row, it, temporary=temporary)


def _attributes(row: Any, it: str) -> Iterator[str]:
    for column, word, does in (
        ("rolbypassrls", "BYPASSRLS", "passes row security by"),
        ("rolcreaterole", "CREATEROLE", "may make logins"),
        ("rolcreatedb", "CREATEDB", "may make databases"),
        ("rolreplication", "REPLICATION", "may copy the whole server"),
    ):
        if getattr(row, column):
            yield f'{it} {does}. Run: ALTER ROLE "{row.name}" NO{word}'


def _rights(row: Any, it: str, *, temporary: bool) -> Iterator[str]:
    for schema in row.makes_in:
        revoke = f'REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, "{row.name}"'
        yield f"{it} may make tables in the schema {schema}. Run: {revoke}"
    if row.schemas:
        yield f'{it} may make schemas. Run: REVOKE CREATE ON DATABASE "{row.database}" FROM PUBLIC, "{row.name}"'
    if row.temporary and not temporary:
        revoke = f'REVOKE TEMPORARY ON DATABASE "{row.database}" FROM PUBLIC, "{row.name}"'
        yield f"{it} may make temporary tables, which only jobs need. Run: {revoke}"
    if row.empties:
        revoke = f'REVOKE TRUNCATE, TRIGGER, REFERENCES ON ALL TABLES IN SCHEMA public FROM PUBLIC, "{row.name}"'
        yield f"{it} may empty {_some(row.empties)} or put triggers on it, past row security. Run: {revoke}"


def _of_tables(connection: Connection) -> Iterator[str]:
    for row in connection.execute(_TABLES):
        if not (row.on_ and row.forced):
            repair = f"ALTER TABLE {row.name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
            yield f"Row security is not {'forced' if row.on_ else 'on'} on the table {row.name}. As its owner: {repair}"
        if row.for_everybody:
            repair = f"As its owner: DROP POLICY … ON {row.name}"
            yield f"The table {row.name} has a row security policy for everybody. {repair}"
    for name in connection.scalars(_VIEWS):
        yield f"The view {name} reads with the rights of its owner, past row security. As its owner: DROP VIEW {name}"
    for name in connection.scalars(_OWNERS):
        yield f'The owner of the tables, {name}, may sign in. Run: ALTER ROLE "{name}" NOLOGIN'


def _some(names: list[str]) -> str:
    rest = len(names) - 3
    return f"{', '.join(names[:3])} and {rest} more" if rest > 0 else " and ".join(names)
