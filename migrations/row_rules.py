"""Row security for tables that later migrations make: rights and policies, one line per login.

The conditions compare with settings that are local to the transaction; the second migration says why they are
written so.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

SELECT, INSERT, UPDATE, DELETE = "SELECT", "INSERT", "UPDATE", "DELETE"
LOGINS = ("identity", "fmo", "agent", "compliance", "emergency", "jobs", "sealer")
Line = tuple[str, dict[str, str], str]  # login, {verb: columns or "" for all}, rows


def setting(name: str, cast: str = "") -> str:
    """SQL for one of the transaction's settings; NULL where it is not set."""
    return f"(select nullif(current_setting('portal.{name}', true), ''){cast})"


FMO = f"fmo_id = {setting('fmo_id', '::uuid')}"
BUSINESS = f"{FMO} AND business_id = {setting('business_id', '::uuid')}"
# A job that names a Business reaches no other; one that names none reaches the FMO's accounts.
JOB = f"{FMO} AND ({setting('business_id')} IS NULL OR business_id = {setting('business_id', '::uuid')})"
ACTOR = setting("actor_id", "::uuid")
WHOLE = f"{setting('reach')} = 'whole'"


def login(name: str) -> str:
    """The quoted database login for a kind of work."""
    database = op.get_bind().execute(text("SELECT current_database()")).scalar_one()
    return f'"{database}_{name}"'


def protect(
    table: str, lines: list[Line], *, own: str | None = None, checks: dict[tuple[str, str], str] | None = None
) -> None:
    """Force row security on a new table and open it by `lines`.

    `own` narrows agents restrictively (the own-NPN rule). `checks`: (login, verb) → what new rows must fulfil where
    that is not what the old ones must.
    """
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for who, verbs, rows in lines:
        for verb, columns in verbs.items():
            allow(table, who, verb, rows, columns=columns, check=(checks or {}).get((who, verb)))
    if own is not None:
        agent = login("agent")
        narrowed = f"CREATE POLICY own_npn ON {table} AS RESTRICTIVE FOR ALL TO {agent}"
        op.execute(f"{narrowed} USING ({own}) WITH CHECK (true)")


def allow(table: str, who: str, verb: str, rows: str, *, columns: str = "", check: str | None = None) -> None:
    """One right and its policy, also for a table that has others already."""
    grant(table, who, verb, columns)
    new = f"WITH CHECK ({check or rows})"
    rule = {INSERT: new, UPDATE: f"USING ({rows}) {new}"}.get(verb, f"USING ({rows})")
    op.execute(f"CREATE POLICY {who}_{verb.lower()} ON {table} FOR {verb} TO {login(who)} {rule}")


def grant(table: str, who: str, verb: str, columns: str = "") -> None:
    """A right alone, where a policy for the verb is there already: further columns."""
    op.execute(f"GRANT {verb}{f' ({columns})' if columns else ''} ON {table} TO {login(who)}")


def revoke(table: str, who: str, verb: str, columns: str = "") -> None:
    """Take back what `grant` gave."""
    op.execute(f"REVOKE {verb}{f' ({columns})' if columns else ''} ON {table} FROM {login(who)}")


def disallow(table: str, who: str, verb: str, columns: str = "") -> None:
    """Take back what `allow` gave."""
    op.execute(f"DROP POLICY {who}_{verb.lower()} ON {table}")
    revoke(table, who, verb, columns)
