"""The limit of Policy Sync: contacts matched beforehand, one set of statements, no row security, no lock, no report."""

from __future__ import annotations

from time import perf_counter
from typing import Any
from uuid import UUID

from psycopg import Connection

from portal.compliance.models import AccessEntry
from portal.crm.models import Contact, ContactKey, ContactSource, CrmPolicy
from portal.sync.statements.source import COPIED

_MODELS = (Contact, ContactSource, ContactKey, CrmPolicy, AccessEntry)
TABLES = tuple(model.__tablename__ for model in _MODELS)
_TIMES = {"created_at", "updated_at"}


def _columns(model: type[Any]) -> list[str]:
    return [c.name for c in model.__table__.columns if c.computed is None and c.name not in _TIMES]


def _missing(model: type[Any], key: str = "business_id, id") -> str:
    """Insert what the account should hold and does not."""
    table, names = model.__tablename__, _columns(model)
    wanted = ", ".join(f"w.{name}" for name in names)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {wanted} FROM wanted.{table} w"
        f" LEFT JOIN {table} t USING ({key}) WHERE t.id IS NULL"
    )


def _changed(model: type[Any]) -> str:
    """Bring the carrier's values of what is there up to date where they differ."""
    table = model.__tablename__
    return (
        f"UPDATE {table} t SET carried = w.carried, mbi = w.mbi, mbi_hash = w.mbi_hash FROM wanted.{table} w"
        " WHERE t.business_id = w.business_id AND t.id = w.id AND t.carried <> w.carried"
    )


_OWN = ("business_id", "id", "fmo_id", "policy_id", "member_id", "contact_id", "npn", "added_run_id", "changed_run_id")
_TOLD = (*COPIED, "premium")
_OF_BOOK = "policy p JOIN wanted.crm_policy w ON w.policy_id = p.id AND p.fmo_id = w.fmo_id"
_COPY = f"""
INSERT INTO crm_policy ({", ".join((*_OWN, *_TOLD))})
SELECT {", ".join(f"w.{name}" for name in _OWN)}, {", ".join(f"p.{name}" for name in _TOLD)}
FROM {_OF_BOOK} LEFT JOIN crm_policy t ON t.business_id = w.business_id AND t.policy_id = p.id
WHERE p.fmo_id = %(fmo)s AND p.writing_npn = %(npn)s AND t.id IS NULL
"""
_RENEW = f"""
UPDATE crm_policy t SET {", ".join(f"{name} = p.{name}" for name in _TOLD)}, updated_at = now()
FROM {_OF_BOOK} WHERE p.fmo_id = %(fmo)s AND p.writing_npn = %(npn)s
  AND t.business_id = w.business_id AND t.policy_id = p.id AND t.content_hash <> p.content_hash
"""
_SET = (
    *(_missing(Contact), _changed(Contact), _missing(ContactSource), _changed(ContactSource), _missing(ContactKey)),
    *(_COPY, _RENEW, _missing(AccessEntry, "fmo_id, at, id")),
)


def want(setup: Connection[Any], business_id: UUID, name: str) -> None:
    """Keep, under `name`, what the account holds now: what the limit has to bring about."""
    setup.execute(f"CREATE SCHEMA {name}")
    for table in TABLES:
        setup.execute(f"CREATE TABLE {name}.{table} AS SELECT * FROM {table} WHERE business_id = '{business_id}'")
        setup.execute(f"ANALYZE {name}.{table}")


def bring(setup: Connection[Any], fmo_id: UUID, npn: str, name: str) -> float:
    """Make the account hold what was kept under `name`, writing new and changed rows only; the seconds it took."""
    begun = perf_counter()
    with setup.transaction():
        setup.execute("SET LOCAL work_mem = '64MB'")
        setup.execute("SET LOCAL enable_nestloop = off")
        for statement in _SET:
            values = {"fmo": fmo_id, "npn": npn} if "%(" in statement else None
            setup.execute(statement.replace("wanted.", f"{name}."), values)
    taken = perf_counter() - begun
    for table in TABLES:
        wanted = setup.execute(f"SELECT count(*) FROM {name}.{table}").fetchone()
        written = setup.execute(f"SELECT count(*) FROM {table}").fetchone()
        if wanted != written:
            raise RuntimeError(f"The limit wrote {written} rows of {table} and not {wanted}.")
    return taken
