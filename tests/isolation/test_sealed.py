"""Every column of ciphertext is known as one, so that rotating the keys forgets none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from operator import attrgetter

import pytest
from sqlalchemy import Engine, text

from portal.config import KEYS_LOGIN, Settings
from portal.core import rotation
from portal.core.models import Base
from tests.architecture.source import calls, modules
from tests.isolation.ground import Ground

pytestmark = pytest.mark.shared_data
CIPHERTEXT = r"(^|[\"'\s,{\[])t1\.[A-Za-z0-9+/]{38,}"
SEALING = {"encrypt", "encrypt_bytes"}
# Waits for minutes in a session; where its key goes meanwhile, enrolling begins anew.
SHORT_LIVED = {"session.seed"}
# Columns of which the ground holds no ciphertext; what they say is checked by the test of the fields alone.
BARE: set[str] = set()


def _ciphertext(engine: Engine) -> set[str]:
    """table.column of everything in which ciphertext stands."""
    found = set()
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                query = f'SELECT 1 FROM "{table.name}" WHERE "{column.name}"::text ~ :form LIMIT 1'
                if connection.execute(text(query), {"form": CIPHERTEXT}).scalar():
                    found.add(f"{table.name}.{column.name}")
    return found


def test_ciphertext_stands_in_columns_that_say_so(setup_engine: Engine, ground: Ground) -> None:
    known = {place.name for place in rotation.places()}
    found = _ciphertext(setup_engine)
    assert found - known == set(), "declare these columns with info=sealed(field)"
    assert known - found == BARE, "plant ciphertext in tests/isolation/ground.py for these columns"


def test_every_field_that_is_encrypted_has_a_column() -> None:
    known = {place.sealed.field for place in rotation.places()}
    fields = set(_fields())
    assert len(fields) > 5
    assert fields - known == SHORT_LIVED, "no column says that it holds ciphertext of these fields"


def _fields() -> Iterator[str]:
    """The field that each call of `encrypt` names; a name is looked up in the module that calls."""
    for module in modules():
        for name, call in calls(module):
            fields = [word.value for word in call.keywords if word.arg == "field"]
            if name.rpartition(".")[2] not in SEALING or not fields or module.name == "portal.core.crypto":
                continue
            if isinstance(fields[0], ast.Constant):
                yield str(fields[0].value)
            else:
                yield str(attrgetter(ast.unparse(fields[0]))(import_module(module.name)))


def test_the_login_for_keys_reaches_ciphertext_of_one_fmo_alone(
    setup_engine: Engine, settings: Settings, ground: Ground
) -> None:
    whole = "SELECT table_name FROM information_schema.table_privileges WHERE grantee = :n"
    single = (
        "SELECT table_name || '.' || column_name AS what, privilege_type AS verb"
        " FROM information_schema.column_privileges WHERE grantee = :n"
    )
    with setup_engine.connect() as connection:
        name = {"n": settings.login_name(KEYS_LOGIN)}
        assert connection.execute(text(whole), name).all() == []
        columns = connection.execute(text(single), name).all()
    places = {place.name for place in rotation.places()}
    keys = {f"{one.table.name}.{one.name}" for place in rotation.places() for one in place.key}
    tenants = {f"{place.column.table.name}.fmo_id" for place in rotation.places()}
    assert {row.what for row in columns if row.verb == "UPDATE"} == places
    assert {row.what for row in columns if row.verb == "SELECT"} == places | keys | tenants | {"fmo.id"}
    assert {row.verb for row in columns} == {"SELECT", "UPDATE"}

    engine = rotation.engine_of(settings)
    fmo_id = ground.world.lakeside.fmo.id
    for place in rotation.places():
        table = place.column.table.name
        with engine.begin() as work:
            assert work.execute(text(f"SELECT count(fmo_id) FROM {table}")).scalar() == 0, "no FMO is named"
            work.execute(text("SELECT set_config('portal.fmo_id', :id, true)"), {"id": str(fmo_id)})
            assert set(work.scalars(text(f"SELECT fmo_id FROM {table}"))) <= {fmo_id}
            changed = work.execute(
                text(f"UPDATE {table} SET {place.column.name} = {place.column.name} WHERE fmo_id <> :id"),
                {"id": fmo_id},
            )
            assert changed.rowcount == 0
            work.rollback()
    assert re.fullmatch(r".*_keys", settings.login_name(KEYS_LOGIN))
