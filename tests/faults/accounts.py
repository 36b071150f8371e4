"""Two accounts with equal books, one to be disturbed and one not, and what they hold beside ids and times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.businesses.models import Business
from tests.faults.crew import until
from tests.support import builders as make

TABLES = ("contact", "contact_source", "contact_key", "crm_policy", "possible_duplicate")
POLICIES = 40
FIRST = ("Ada", "Bertram", "Clementine", "Dorothea", "Ezekiel", "Florence", "Gulliver", "Hyacinth")
LAST = ("Abernathy", "Blackwood", "Castellano", "Drummond", "Eisenberg")  # unlike each other: nobody is a candidate
_OWN = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-|^\d{4}-\d\d-\d\dT\d\d:")  # ids and moments
# Sealed for, or hashed with a key of, one FMO; or counted over the whole installation.
_SEALED = {"mbi", "mbi_hash", "hash", "value", "content_hash", "batch"}


def account(store: Session, name: str) -> Business:
    """An account whose NPN wrote forty policies of forty people, the same whatever its name."""
    fmo = make.fmo(store, name)
    business = make.business(store, make.agent(store, fmo, "1001"), f"{name.title()} Business")
    feed = make.feed_run(store, fmo)
    for number in range(POLICIES):
        born, phone = date(1930 + number, 1 + number % 12, 1 + number % 28), f"614-555-01{number:02}"
        person = {"first_name": FIRST[number % 8], "last_name": LAST[number // 8], "phone": phone}
        person["email"] = f"member{number}@mail.example"
        numbered = {"policy_number": f"P{number}", "member_number": f"H{number}", "source_row": number}
        make.policy(store, make.member(store, fmo, birth_date=born, **person), feed, "1001", **numbered)
    return business


def content(engine: Engine, business_id: UUID) -> dict[str, Any]:
    """What the account holds and what the log says of it, without what differs from account to account by nature."""
    found: dict[str, Any] = {}
    with engine.connect() as connection:
        for table in TABLES:
            rows = connection.execute(
                text(f"SELECT to_jsonb(t) FROM {table} t WHERE business_id = :business"), {"business": business_id}
            ).scalars()
            found[table] = sorted(str(sorted(_plain(row).items(), key=str)) for row in rows)
        entries = text("SELECT action, count(*) FROM access_entry WHERE business_id = :business GROUP BY 1 ORDER BY 1")
        logged = connection.execute(entries, {"business": business_id}).all()
        found["log"] = [tuple(row) for row in logged if row.action in ("policy.disclosed", "sync.succeed")]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if k not in _SEALED and not _is_own(v)}
    if isinstance(value, list):
        return [_plain(one) for one in value if not _is_own(one)]
    return value


def _is_own(value: Any) -> bool:
    return isinstance(value, str) and bool(_OWN.match(value))


@contextmanager
def held_up(engine: Engine) -> Iterator[None]:
    """Let every run stand still in the middle of its writes: its contacts are written, its policies are not."""
    connection = engine.connect()
    connection.execute(text("LOCK TABLE crm_policy IN SHARE MODE"))
    try:
        yield
    finally:
        with suppress(SQLAlchemyError):  # where the database itself was taken away meanwhile
            connection.rollback()
        connection.invalidate()
        connection.close()


def wait_until_held(engine: Engine) -> None:
    """Wait until a run stands there."""
    waiting = text("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'crm_policy'::regclass")

    def look() -> bool:
        with engine.connect() as connection:
            return connection.execute(waiting).first() is not None

    until(look, "a run in the middle of its writes")


def run_of(engine: Engine, run_id: UUID | str) -> Any:
    """The run's row."""
    with engine.connect() as connection:
        return connection.execute(text("SELECT * FROM sync_run WHERE id = :id"), {"id": run_id}).one()


def wait_for(engine: Engine, run_id: UUID | str, *states: str) -> Any:
    """The run's row as soon as it is in one of `states`."""
    return until(
        lambda: found if (found := run_of(engine, run_id)).status in states else None, f"a run that is {states}"
    )


def at_work(engine: Engine) -> int:
    """How many transactions work for runs right now."""
    held = text(
        "SELECT count(DISTINCT pid) FROM pg_locks WHERE relation = 'crm_policy'::regclass"
        " AND mode = 'RowExclusiveLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with engine.connect() as connection:
        return int(connection.execute(held).scalar_one())
