"""The limit of loading: the rows already normalised and matched, one COPY, one set-based statement, no row security."""

from __future__ import annotations

from time import perf_counter
from typing import Any
from uuid import UUID

from psycopg import Connection

from portal.book.models import Member, Policy

_BY_DATABASE = {"created_at", "updated_at"}
_POLICY = [column.name for column in Policy.__table__.columns if column.name not in _BY_DATABASE]
_MEMBER = [column.name for column in Member.__table__.columns if column.name not in _BY_DATABASE]
_KINDS = ("mbi", "number", "person")
_KEY_OF = "SELECT min(k.value) FROM member_key k WHERE k.fmo_id = m.fmo_id AND k.member_id = m.id AND k.kind"
_KEYS = ", ".join(f"({_KEY_OF} = '{kind}') AS k_{kind}" for kind in _KINDS)
_BOOK = f"""
SELECT {", ".join(f"p.{name}" for name in _POLICY)}, {", ".join(f"m.{name} AS m_{name}" for name in _MEMBER)}, {_KEYS}
FROM policy p JOIN member m ON m.fmo_id = p.fmo_id AND m.id = p.member_id"""


def _rest(columns: list[str], of: str) -> str:
    return ", ".join(f"{name} = {of}.{name}" for name in columns if name not in ("fmo_id", "id"))


_MERGE = f"""
WITH diff AS MATERIALIZED (
  SELECT s.*, p.id IS NULL AS is_new FROM staged s
  LEFT JOIN policy p ON p.fmo_id = s.fmo_id AND p.identity = s.identity
  WHERE p.id IS NULL OR p.content_hash <> s.content_hash
), members AS (
  INSERT INTO member ({", ".join(_MEMBER)})
  SELECT DISTINCT ON (m_id) {", ".join(f"m_{name}" for name in _MEMBER)} FROM diff ORDER BY m_id
  ON CONFLICT (fmo_id, id) DO UPDATE SET {_rest(_MEMBER, "excluded")}, updated_at = now()
), keys AS (
  INSERT INTO member_key (fmo_id, id, member_id, kind, value)
  SELECT fmo_id, uuidv7(), m_id, kind, value FROM (
    SELECT DISTINCT d.fmo_id, d.m_id, k.kind, k.value
    FROM diff d, LATERAL (VALUES {", ".join(f"('{kind}', d.k_{kind})" for kind in _KINDS)}) k (kind, value)
    WHERE k.value IS NOT NULL) k
  ON CONFLICT DO NOTHING
), policies AS (
  INSERT INTO policy ({", ".join(_POLICY)}) SELECT {", ".join(_POLICY)} FROM diff
  ON CONFLICT (fmo_id, identity) DO UPDATE SET {_rest(_POLICY, "excluded")}, updated_at = now()
)
INSERT INTO policy_writer (fmo_id, id, policy_id, npn, source, run_id)
SELECT fmo_id, uuidv7(), id, writing_npn, coalesce(writer_source, 'none'), source_run_id FROM diff WHERE is_new
"""


def snapshot(setup: Connection[Any], fmo_id: UUID) -> bytes:
    """The FMO's book as rows ready to be copied: what a load of its file should end with."""
    with setup.cursor() as cursor, cursor.copy(f"COPY ({_BOOK} WHERE p.fmo_id = '{fmo_id}') TO STDOUT") as copy:
        return b"".join(bytes(part) for part in copy)


def merge(setup: Connection[Any], rows: bytes) -> float:
    """Bring the book to `rows`, writing new and changed ones only; the seconds it took."""
    begun = perf_counter()
    with setup.transaction(), setup.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")
        # As the loader has it: without statistics of a new tenant a nested loop would run for minutes.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(f"CREATE TEMP TABLE staged ON COMMIT DROP AS {_BOOK} WITH NO DATA")
        with cursor.copy("COPY staged FROM STDIN") as copy:
            copy.write(rows)
        cursor.execute("ANALYZE staged")
        cursor.execute(_MERGE)
    return perf_counter() - begun


_COPIED = ("member", "member_key", "policy", "policy_writer")


def tables(setup: Connection[Any], fmo_id: UUID) -> dict[str, bytes]:
    """The FMO's book table by table, as `copy_in` takes it."""
    found = {}
    for name in _COPIED:
        with (
            setup.cursor() as cursor,
            cursor.copy(f"COPY (SELECT * FROM {name} WHERE fmo_id = '{fmo_id}') TO STDOUT") as copy,
        ):
            found[name] = b"".join(bytes(part) for part in copy)
    return found


def copy_in(setup: Connection[Any], rows: dict[str, bytes]) -> float:
    """Copy the rows into the empty tables with all their indexes; the seconds it took."""
    begun = perf_counter()
    with setup.transaction(), setup.cursor() as cursor:
        for name, body in rows.items():
            with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                copy.write(body)
    return perf_counter() - begun
