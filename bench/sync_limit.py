"""The limit of Policy Sync: one bare set of statements that looks at the whole account and writes the same rows.

Contacts are matched beforehand: it is told whose they are, and takes keys, report and log from what a run left. No row
security, no lock, no progress, no watermark. What a re-sync of everything cannot go without it does: it compares every
member's values and every policy with the book, and looks for copies that belong no longer.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any
from uuid import UUID

from psycopg import Connection

from portal.compliance.models import AccessEntry
from portal.crm.models import TYPED_FIELDS, Contact, ContactKey, ContactSource, CrmPolicy
from portal.sync.models import SyncLine
from portal.sync.operations.planning import LARGE
from portal.sync.statements.source import COPIED

_MODELS = (Contact, ContactSource, ContactKey, CrmPolicy, AccessEntry, SyncLine)
TABLES = tuple(model.__tablename__ for model in _MODELS)
_TIMES = {"created_at", "updated_at"}


def _columns(model: type[Any]) -> str:
    return ", ".join(c.name for c in model.__table__.columns if c.computed is None and c.name not in _TIMES)


def _all(model: type[Any], narrowed: str) -> str:
    """Insert what a run left in a table, as far as `narrowed` (SQL about w) says."""
    table, names = model.__tablename__, _columns(model)
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM wanted.{table} w WHERE {narrowed}"


def _value(field: str) -> str:
    column = "to_char(m.birth_date, 'YYYY-MM-DD')" if field == "birth_date" else f"nullif(m.{field}, '')"
    return f"'{field}' VALUE {column}"


# What the account's members tell today, and which sources are missing; made once for all that follows.
_TOLD_BY_MEMBERS = f"""
CREATE TEMP TABLE told ON COMMIT DROP AS
SELECT m.id AS member_id, m.mbi, m.mbi_hash, m.carrier, m.as_of, w.id, w.contact_id, w.rung, t.id IS NULL AS missing,
       json_object({", ".join(map(_value, TYPED_FIELDS))} ABSENT ON NULL RETURNING jsonb) AS carried
FROM (SELECT DISTINCT member_id FROM policy WHERE fmo_id = %(fmo)s AND writing_npn = %(npn)s) p
JOIN member m ON m.fmo_id = %(fmo)s AND m.id = p.member_id
JOIN wanted.contact_source w ON w.member_id = m.id
LEFT JOIN contact_source t ON t.business_id = w.business_id AND t.member_id = w.member_id
"""
_CONTACTS = """
INSERT INTO contact (fmo_id, business_id, id, carried, mbi, mbi_hash, member_id)
SELECT %(fmo)s, %(business)s, contact_id, carried, mbi, mbi_hash, member_id FROM told WHERE missing
"""
_SOURCES = """
INSERT INTO contact_source (fmo_id, business_id, id, contact_id, member_id, carried, mbi, mbi_hash, carrier, as_of,
                            rung)
SELECT %(fmo)s, %(business)s, id, contact_id, member_id, carried, mbi, mbi_hash, carrier, as_of, rung
FROM told WHERE missing
"""
_KEYS = _all(ContactKey, "w.contact_id IN (SELECT contact_id FROM told WHERE missing)")
_RENEW_SOURCES = """
UPDATE contact_source t SET carried = v.carried, mbi = v.mbi, mbi_hash = v.mbi_hash, as_of = v.as_of
FROM told v WHERE t.business_id = %(business)s AND t.member_id = v.member_id
  AND (t.carried <> v.carried OR t.as_of <> v.as_of OR t.mbi_hash IS DISTINCT FROM v.mbi_hash)
"""
_RENEW_CONTACTS = """
UPDATE contact k SET carried = v.carried, mbi = v.mbi, mbi_hash = v.mbi_hash, updated_at = now()
FROM told v WHERE k.business_id = %(business)s AND v.contact_id = k.id
  AND (k.carried <> v.carried OR k.mbi_hash IS DISTINCT FROM v.mbi_hash)
"""
_OWN = ("business_id", "id", "fmo_id", "policy_id", "member_id", "contact_id", "npn", "added_run_id", "changed_run_id")
_TOLD = (*COPIED, "premium")
_COPY = f"""
WITH added AS (
  INSERT INTO crm_policy ({", ".join((*_OWN, *_TOLD))})
  SELECT {", ".join(f"w.{name}" for name in _OWN)}, {", ".join(f"p.{name}" for name in _TOLD)}
  FROM policy p JOIN wanted.crm_policy w ON w.policy_id = p.id AND p.fmo_id = w.fmo_id
  LEFT JOIN crm_policy t ON t.business_id = w.business_id AND t.policy_id = p.id
  WHERE p.fmo_id = %(fmo)s AND p.writing_npn = %(npn)s AND t.id IS NULL
  RETURNING policy_id
)
{_all(AccessEntry, "w.subject_ids[1] IN (SELECT policy_id FROM added)")}
"""
_RENEW = f"""
UPDATE crm_policy t SET {", ".join(f"{name} = p.{name}" for name in _TOLD)}, updated_at = now()
FROM policy p WHERE p.fmo_id = %(fmo)s AND p.writing_npn = %(npn)s
  AND t.business_id = %(business)s AND t.policy_id = p.id
  AND (t.content_hash <> p.content_hash OR t.as_of <> p.as_of OR t.npn <> p.writing_npn)
"""
_RELEASE = """
UPDATE crm_policy t SET released_at = now(), released_reason = 'moved'
WHERE t.business_id = %(business)s AND t.released_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM policy p WHERE p.fmo_id = %(fmo)s AND p.id = t.policy_id AND p.writing_npn = %(npn)s)
"""
_LINES = _all(SyncLine, "NOT EXISTS (SELECT 1 FROM sync_line t WHERE t.business_id = w.business_id AND t.id = w.id)")
_SET = (
    *(_TOLD_BY_MEMBERS, _CONTACTS, _SOURCES, _RENEW_SOURCES, _RENEW_CONTACTS, _KEYS),
    *(_COPY, _RENEW, _RELEASE, _LINES),
)


def want(setup: Connection[Any], business_id: UUID, name: str) -> None:
    """Keep, under `name`, what the account holds now: what the limit has to bring about."""
    setup.execute(f"CREATE SCHEMA {name}")
    for table in TABLES:
        # Of the log only what was delivered: the rest is no part of the work.
        only = " AND action = 'policy.disclosed'" if table == "access_entry" else ""
        rows = f"SELECT * FROM {table} WHERE business_id = '{business_id}'{only}"
        setup.execute(f"CREATE TABLE {name}.{table} AS {rows}")
        setup.execute(f"ANALYZE {name}.{table}")


def bring(setup: Connection[Any], fmo_id: UUID, npn: str, name: str, policies: int) -> float:
    """Make the account hold what was kept under `name`, writing new and changed rows only; the seconds it took."""
    [business] = setup.execute(f"SELECT business_id FROM {name}.contact LIMIT 1").fetchone() or [None]
    values = {"fmo": fmo_id, "npn": npn, "business": business}
    begun = perf_counter()
    with setup.transaction():
        setup.execute("SET LOCAL work_mem = '64MB'")
        if policies > LARGE:
            setup.execute("SET LOCAL enable_nestloop = off")
        setup.execute("SET LOCAL jit = off")
        for statement in _SET:
            setup.execute(statement.replace("wanted.", f"{name}."), values if "%(" in statement else None)
    taken = perf_counter() - begun
    _check(setup, name)
    return taken


def _check(setup: Connection[Any], name: str) -> None:
    for table in TABLES:
        wanted = setup.execute(f"SELECT count(*) FROM {name}.{table}").fetchone()
        only = " WHERE action = 'policy.disclosed'" if table == "access_entry" else ""
        written = setup.execute(f"SELECT count(*) FROM {table}{only}").fetchone()
        if wanted != written:
            raise RuntimeError(f"The limit wrote {written} rows of {table} and not {wanted}.")
