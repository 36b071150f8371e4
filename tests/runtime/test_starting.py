"""Nothing begins on a database whose wall has a hole, and the refusal says which one and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, make_url, text

from portal.config import EVERY_LOGIN, Settings
from portal.core import crypto, key_use, start, wall
from portal.home import readiness
from portal.runtime import starting
from portal.runtime.upgrade import owner_name
from tests.support.web import another_app

ROOT = Path(__file__).resolve().parents[2]
# What is made wrong, and made right again; {db} is the database, whose name begins every login's.
WRONG = {
    "superuser": ('ALTER ROLE "{db}_fmo" SUPERUSER', 'ALTER ROLE "{db}_fmo" NOSUPERUSER', "_fmo is a superuser"),
    "bypass": (
        'ALTER ROLE "{db}_agent" BYPASSRLS',
        'ALTER ROLE "{db}_agent" NOBYPASSRLS',
        "_agent passes row security",
    ),
    "maker": ('ALTER ROLE "{db}_jobs" CREATEROLE', 'ALTER ROLE "{db}_jobs" NOCREATEROLE', "_jobs may make logins"),
    "member": (
        'GRANT "{db}_fmo" TO "{db}_agent"',
        'REVOKE "{db}_fmo" FROM "{db}_agent"',
        "_agent is a member of {db}_fmo",
    ),
    "reader": (
        'GRANT pg_read_all_data TO "{db}_compliance"',
        'REVOKE pg_read_all_data FROM "{db}_compliance"',
        "_compliance is a member of pg_read_all_data",
    ),
    "owner": (
        # Not one of ours: a table that changes hands and back has lost what its second owner was granted.
        'CREATE TABLE newcomer (id uuid); ALTER TABLE newcomer OWNER TO "{db}_agent"',
        "DROP TABLE newcomer",
        "_agent owns newcomer",
    ),
    "off": (
        'ALTER ROLE "{db}_identity" SET row_security = off',
        'ALTER ROLE "{db}_identity" RESET row_security',
        "_identity signs in with row_security off",
    ),
    "schema": (
        'GRANT CREATE ON SCHEMA public TO "{db}_fmo"',
        'REVOKE CREATE ON SCHEMA public FROM "{db}_fmo"',
        "_fmo may make tables in the schema public",
    ),
    "database": (
        'GRANT CREATE ON DATABASE "{db}" TO "{db}_fmo"',
        'REVOKE CREATE ON DATABASE "{db}" FROM "{db}_fmo"',
        "_fmo may make schemas",
    ),
    "temporary": (
        'GRANT TEMPORARY ON DATABASE "{db}" TO "{db}_agent"',
        'REVOKE TEMPORARY ON DATABASE "{db}" FROM "{db}_agent"',
        "_agent may make temporary tables",
    ),
    "truncate": (
        'GRANT TRUNCATE ON contact TO "{db}_agent"',
        'REVOKE TRUNCATE ON contact FROM "{db}_agent"',
        "_agent may empty contact",
    ),
    "not forced": (
        "ALTER TABLE policy NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE policy FORCE ROW LEVEL SECURITY",
        "Row security is not forced on the table policy",
    ),
    "not on": (
        "ALTER TABLE member DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE member ENABLE ROW LEVEL SECURITY",
        "Row security is not on on the table member",
    ),
    "partition": (
        "ALTER TABLE access_entry_default DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE access_entry_default ENABLE ROW LEVEL SECURITY",
        "the table access_entry_default",
    ),
    "new table": ("CREATE TABLE newcomer (id uuid)", "DROP TABLE newcomer", "the table newcomer"),
    "view": ("CREATE VIEW seen AS SELECT * FROM policy", "DROP VIEW seen", "The view seen reads with the rights"),
    "for everybody": (
        "CREATE POLICY all_of_it ON contact USING (true)",
        "DROP POLICY all_of_it ON contact",
        "contact has a row security policy for everybody",
    ),
    "owner signs in": ('ALTER ROLE "{db}_owner" LOGIN', 'ALTER ROLE "{db}_owner" NOLOGIN', "may sign in"),
    "behind": (
        "UPDATE alembic_version SET version_num = '0001'",
        "UPDATE alembic_version SET version_num = '{head}'",
        "at version 0001, and this program needs {head}. Run: python3 -m portal upgrade",
    ),
    "ahead": (
        "UPDATE alembic_version SET version_num = '9999'",
        "UPDATE alembic_version SET version_num = '{head}'",
        "The database is newer",
    ),
}


@contextmanager
def made_wrong(engine: Engine, settings: Settings, name: str) -> Iterator[str]:
    """One thing wrong for the length of the block; gives what the refusal must say."""
    database = str(make_url(settings.setup_url).database)
    wrong, right, said = (part.replace("{db}", database).replace("{head}", max(wall.heads())) for part in WRONG[name])
    with engine.begin() as work:
        work.execute(text(wrong))
    try:
        yield said
    finally:
        with engine.begin() as work:
            work.execute(text(right))


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_with_its_name(
    app: Flask, settings: Settings, setup_engine: Engine, name: str
) -> None:
    starting.require(settings)
    with made_wrong(setup_engine, settings, name) as said:
        with pytest.raises(starting.Refused) as refused:
            starting.require(settings)
        assert said in str(refused.value)
        with app.app_context():
            assert readiness.parts()["wall"] is False
    starting.require(settings)
    with app.app_context():
        assert readiness.parts()["wall"] is True


def test_each_login_is_looked_at(settings: Settings, setup_engine: Engine) -> None:
    names = [settings.login_name(login) for login in EVERY_LOGIN]
    for name in names:
        with setup_engine.begin() as work:
            work.execute(text(f'ALTER ROLE "{name}" BYPASSRLS'))
        try:
            with pytest.raises(starting.Refused, match=f"The database login {name} passes row security by"):
                starting.require(settings)
        finally:
            with setup_engine.begin() as work:
                work.execute(text(f'ALTER ROLE "{name}" NOBYPASSRLS'))


def test_a_login_that_cannot_sign_in_is_said(settings: Settings, database: None) -> None:
    other = replace(settings, secrets=replace(settings.secrets, secret_key="x" * 40))
    with pytest.raises(starting.Refused, match="cannot sign in to the database"):
        starting.require(other)


def test_a_database_that_is_away_is_no_refusal(settings: Settings) -> None:
    away = replace(settings, given_database_url="postgresql+psycopg://setup@/portal?host=/nowhere")
    with pytest.raises(starting.AwayError):
        starting.require(away)


def test_no_page_is_served_where_the_wall_has_a_hole(settings: Settings, setup_engine: Engine) -> None:
    with another_app() as app:
        client = app.test_client()
        with made_wrong(setup_engine, settings, "not forced"):
            assert client.get("/login").status_code == 503
            assert client.get("/healthz").status_code == 200
        assert client.get("/login").status_code == 200


@pytest.mark.parametrize("command", ["gunicorn", "tasks.worker", "tasks.relay", "flask"])
def test_every_process_ends_with_the_sentence(
    settings: Settings, setup_engine: Engine, database: None, command: str
) -> None:
    arguments = {
        "gunicorn": ["gunicorn", "wsgi:app", "--bind", "127.0.0.1:0", "--no-control-socket"],
        "flask": ["flask", "fmo", "add", "new", "New FMO"],
    }.get(command, [command])
    with made_wrong(setup_engine, settings, "bypass") as said:
        done = subprocess.run(
            [sys.executable, "-m", *arguments], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode != 0
    assert said in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_what_looks_for_faults_works_all_the_same(app: Flask, settings: Settings, setup_engine: Engine) -> None:
    with made_wrong(setup_engine, settings, "partition"):
        told = app.test_cli_runner().invoke(args=["log", "verify"])
    assert "Row security is not forced on access_entry_default." in told.output


def test_the_upgrade_takes_away_what_it_can(settings: Settings, setup_engine: Engine) -> None:
    from portal.runtime.upgrade import upgrade

    for name in ("superuser", "bypass", "member", "reader", "off", "schema", "temporary", "owner signs in"):
        with made_wrong(setup_engine, settings, name):
            upgrade(settings)
            starting.require(settings)


def test_the_owner_is_no_login(settings: Settings, setup_engine: Engine) -> None:
    database = str(make_url(settings.setup_url).database)
    with setup_engine.connect() as work:
        found = work.execute(
            text("SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = :n"),
            {"n": owner_name(database)},
        ).one()
    assert tuple(found) == (False, False, False)


def _given(monkeypatch: pytest.MonkeyPatch, **keys: bytes) -> None:
    monkeypatch.setattr(crypto, "_keys", lambda: keys)


def test_a_key_that_is_needed_may_not_be_missing(
    app: Flask, settings: Settings, setup_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, three = (bytes([n]) + os.urandom(31) for n in range(3))
    with app.app_context(), setup_engine.begin() as work:
        _given(monkeypatch, b=two, a=one)
        assert key_use.faults(work) == []
        key_use.register(work)
        assert key_use.faults(work) == []
        _given(monkeypatch, c=three, b=two, a=one)
        assert key_use.faults(work) == []
        key_use.register(work)
        _given(monkeypatch, c=three, a=one)
        assert key_use.faults(work)[0].startswith("FIELD_KEYS lacks the key b, which stored data need.")
        key_use.note_unused(work, {"b", "a"})
        assert key_use.faults(work) == []
        _given(monkeypatch, c=three)
        assert "lacks the key a" in key_use.faults(work)[0], "it keys the hashes"
        _given(monkeypatch, a=one, c=three)
        assert "put a last" in key_use.faults(work)[0]
        _given(monkeypatch, c=two, a=one)
        assert "gives the name c to another key" in key_use.faults(work)[0]
        # Put in front again, a key is in use again.
        _given(monkeypatch, b=two, c=three, a=one)
        key_use.register(work)
        _given(monkeypatch, c=three, a=one)
        assert "lacks the key b" in key_use.faults(work)[0]
        work.rollback()


def test_what_is_right_is_admitted_and_keys_are_noted(app: Flask, settings: Settings, setup_engine: Engine) -> None:
    with app.app_context():
        assert start.admit(start.pooled, settings) == []
    with setup_engine.connect() as work:
        rows = work.execute(text("SELECT name, hashes, unused_since FROM field_key")).all()
    assert [tuple(row) for row in rows] == [("t1", True, None)]
