"""A dump of the database shows no Medicare number, seed, password, token, credential or kept file."""

from __future__ import annotations

import hashlib
import re

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.book.models import FeedFile
from portal.core import crypto, rotation
from portal.identity import passwords
from portal.identity.models import Credential
from tests.isolation.ground import Ground
from tests.portal.book.rows import aetna
from tests.support import builders as make
from tests.support.servers import PASSWORD

pytestmark = pytest.mark.shared_data
NUMBERS = re.compile(r"[1-9]EG4-?TE5-?MK\d\d", re.IGNORECASE)
SHORT = 6  # what is shorter may stand anywhere by chance
TABLES = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE relkind IN ('r', 'm') AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
AND nspname NOT LIKE 'pg_temp%'
"""


def _dump(engine: Engine) -> str:
    """Every column of every row of every table, as a backup has them."""
    with engine.connect() as connection:
        tables = connection.execute(text(TABLES)).scalars().all()
        assert len(tables) > 40
        return "\n".join(
            row for table in tables for row in connection.execute(text(f"SELECT t::text FROM {table} t")).scalars()
        )


def _secrets(engine: Engine) -> dict[str, list[str]]:
    """Column → what its ciphertext says, of every column that says that it holds some."""
    found: dict[str, list[str]] = {}
    with engine.connect() as connection:
        for place in rotation.places():
            if place.sealed.inside:
                continue
            column, table = place.column.name, place.column.table.name
            rows = connection.execute(text(f"SELECT fmo_id, {column} FROM {table} WHERE {column} LIKE 't1.%'"))
            for fmo_id, stored in rows:
                plain = crypto.decrypt_bytes(stored, fmo_id=fmo_id, field=place.sealed.field)
                found.setdefault(place.name, []).append(plain.decode(errors="replace"))
    return found


def test_a_dump_shows_nothing_that_is_secret(app: Flask, setup_engine: Engine, ground: Ground, store: Session) -> None:
    office = ground.world.summit
    file = aetna({"Medicare Number": "4EG4TE5MK44", "First Name": "KEPTFILE"}).decode()
    body = crypto.encrypt(file, fmo_id=office.fmo.id, field="feed_file")
    make.add(store, FeedFile(fmo_id=office.fmo.id, run_id=office.feed_run.id, piece=1, body=body))
    made = Credential(fmo_id=office.fmo.id, id=office.admin.id, password_hash=passwords.hash_password(PASSWORD))
    store.merge(made)
    store.commit()
    dump = _dump(setup_engine)
    assert office.stray.last_name in dump, "this is a dump"
    assert body in dump and made.password_hash in dump

    assert NUMBERS.search(dump) is None
    assert PASSWORD not in dump
    assert hashlib.sha256(PASSWORD.encode()).hexdigest() not in dump
    assert "KEPTFILE" not in dump
    secrets = _secrets(setup_engine)
    assert {"member.mbi", "feed_file.body", "totp_factor.seed", "sso_provider.secret", "arrival_source.secret"} <= set(
        secrets
    )
    shown = {name for name, values in secrets.items() for value in values if len(value) >= SHORT and value in dump}
    assert shown == set()


def test_the_dump_would_show_what_is_not_encrypted(setup_engine: Engine, ground: Ground) -> None:
    with setup_engine.begin() as connection:
        connection.execute(text("CREATE TABLE leak AS SELECT '4EG4-TE5-MK44' AS number"))
    try:
        assert NUMBERS.search(_dump(setup_engine)) is not None
    finally:
        with setup_engine.begin() as connection:
            connection.execute(text("DROP TABLE leak"))
