"""The rights of the login that rotates the field keys: for every column that says that it holds ciphertext, its key and
itself, in one FMO after another. Made after every migration, so that a new column needs no line anywhere."""

from __future__ import annotations

from sqlalchemy import Connection, text

from migrations.row_rules import FMO
from portal.config import KEYS_LOGIN
from portal.core import rotation

_COLUMNS = text("SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'")
_POLICIES = text("SELECT tablename || '.' || policyname FROM pg_policies WHERE schemaname = 'public'")
_LOGIN = text("SELECT current_database() || '_' || :kind")


def grant(connection: Connection) -> None:
    """Give what is missing; a right that is there is not touched, so that nobody waits for it."""
    there = set(connection.scalars(_COLUMNS))
    if "fmo.id" not in there:
        return
    made = set(connection.scalars(_POLICIES))
    who = f'"{connection.scalar(_LOGIN, {"kind": KEYS_LOGIN})}"'

    def give(table: str, verb: str, columns: str, rows: str) -> None:
        connection.execute(text(f"GRANT {verb} ({columns}) ON {table} TO {who}"))
        policy = f"{KEYS_LOGIN}_{verb.lower()}"
        if f"{table}.{policy}" not in made:
            check = f" WITH CHECK ({rows})" if verb == "UPDATE" else ""
            connection.execute(text(f"CREATE POLICY {policy} ON {table} FOR {verb} TO {who} USING ({rows}){check}"))
            made.add(f"{table}.{policy}")

    give("fmo", "SELECT", "id", "true")
    for place in rotation.places():
        if place.name in there:
            table, key = place.column.table.name, [one.name for one in place.key]
            give(table, "SELECT", ", ".join(dict.fromkeys([*key, "fmo_id", place.column.name])), FMO)
            give(table, "UPDATE", place.column.name, FMO)
