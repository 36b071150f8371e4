"""The wall alone: every login tries every verb on every table, for its own tenant and for others, in plain SQL.

The catalog says what to expect: a verb that is granted works on own rows and no other; one that is not is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from portal.config import LOGINS, Login, Settings
from portal.core.ids import new_id
from portal.core.models import Base
from tests.isolation.ground import Ground

pytestmark = pytest.mark.shared_data
TABLES = sorted(Base.metadata.tables)
VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE")
LOGGED = ("access_entry", "access_day")  # the FMO's, whatever Business they name
SIGNED_IN: tuple[Login, ...] = ("fmo", "agent", "emergency", "compliance")
# Rows of every tenant, for the logins that work before a tenant is known or for all of them.
_SIGNING_IN = (
    "fmo", "portal_user", "credential", "invitation", "login_session", "outbox", "access_entry", "emergency_access",
    "officer_notice",
)  # fmt: skip
_PASSKEYS = ("passkey", "passkey_challenge")
_GUESSING = ("guess_tries", "known_browser", "letter")
_SINGLE_SIGN_ON = ("sso_provider", "sso_identity", "sso_flow", "sso_session", "sso_logout_token")
_NO_TENANT_YET = (*_SIGNING_IN, *_PASSKEYS, *_GUESSING, *_SINGLE_SIGN_ON, "installation_entry", "field_key")
LIFTED = ("lifted_by", "lifted_name", "lifted_at", "lifted_reason")
UNDECIDED = dict.fromkeys(("case_id", "note", "decided_by", "decided_name", "decided_at"))
_OF_ANYBODY = ("emergency_access", "recertification_line")  # rows about people, seen by others
EVERYWHERE = {("identity", name) for name in _NO_TENANT_YET} | {
    ("jobs", "outbox"),
    ("jobs", "fmo"),
    ("sealer", "fmo"),
    ("sealer", "installation_entry"),
}


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whose rows: an FMO's, and within it a Business's where the table has one."""

    fmo_id: UUID
    business_id: UUID
    user_id: UUID


@pytest.fixture
def tenants(ground: Ground) -> dict[str, Tenant]:
    """Amy's, her neighbour's in the same FMO, and the other FMO's."""
    accounts = {"own": ground.world.amy, "neighbour": ground.world.nora, "other": ground.world.lou}
    return {
        name: Tenant(account.business.fmo_id, account.business.id, account.admin.id)
        for name, account in accounts.items()
    }


@pytest.fixture(scope="module")
def engines(settings: Settings, database: None) -> Iterator[dict[Login, Engine]]:
    """One engine a login, as the program has them."""
    made = {login: create_engine(settings.database_url_for(login)) for login in LOGINS}
    yield made
    for engine in made.values():
        engine.dispose()


@contextmanager
def _at_work(engine: Engine, login: Login, tenant: Tenant | None, user_id: UUID | None = None) -> Iterator[Connection]:
    """A transaction of `login` for `tenant`, rolled back."""
    with engine.connect() as connection:
        values = {"fmo_id": "", "business_id": "", "reach": "", "own_npn": "", "actor_id": "", "role": ""}
        if tenant is not None:
            values |= {"fmo_id": str(tenant.fmo_id), "actor_id": str(user_id or tenant.user_id), "reach": "whole"}
            if login in ("fmo", "compliance"):
                values |= {"role": {"fmo": "fmo_admin"}.get(login, login)}
            if login in ("agent", "emergency", "jobs"):
                values |= {"business_id": str(tenant.business_id), "role": "agent_admin"}
        for name, value in values.items() if tenant is not None else ():
            connection.execute(text("SELECT set_config(:n, :v, true)"), {"n": f"portal.{name}", "v": value})
        yield connection
        connection.rollback()


def _columns(engine: Engine, settings: Settings, login: Login, table: str, verb: str) -> list[str]:
    """The columns of `table` on which `login` holds `verb`; for DELETE all or none."""
    who = settings.login_name(login)
    held = "has_column_privilege(:who, a.attrelid, a.attnum, :verb)"
    if verb == "DELETE":
        held = "has_table_privilege(:who, a.attrelid, :verb)"
    sql = (
        f"SELECT a.attname FROM pg_attribute a WHERE a.attrelid = to_regclass(:t) AND a.attnum > 0 AND NOT attisdropped"
        f" AND a.attgenerated = '' AND {held} ORDER BY a.attnum"
    )
    with engine.connect() as connection:
        return list(connection.execute(text(sql), {"who": who, "t": f"public.{table}", "verb": verb}).scalars())


def _key(table: str) -> str:
    """The column that says whose a row of `table` is."""
    columns = Base.metadata.tables[table].columns
    if table in ("fmo", "business"):
        return "id"
    return "business_id" if "business_id" in columns and table not in ("portal_user", *LOGGED) else "fmo_id"


def _of(table: str, login: Login, tenant: Tenant) -> UUID:
    """The value of `_key` in that tenant's rows, as far as `login` tells tenants apart."""
    return tenant.fmo_id if table == "fmo" or _key(table) == "fmo_id" else tenant.business_id


def _sample(setup_engine: Engine, table: str, tenant: Tenant, user_id: UUID | None = None) -> dict[str, Any]:
    """One row of `table` of that tenant."""
    columns = Base.metadata.tables[table].columns
    where, values = f"{_key(table)} = :key", {"key": _of(table, "jobs", tenant)}
    if user_id is not None and "user_id" in columns and table not in _OF_ANYBODY:
        where, values = f"{where} AND user_id = :user", {**values, "user": user_id}
    if table == "portal_user":
        where, values = f"{where} AND business_id = :business", {**values, "business": tenant.business_id}
    if table == "contact":
        # What an agent made: only that may their login delete.
        where += " AND NOT hidden AND made_by IS NOT NULL AND member_id IS NULL"
    if table == "member_key":
        where += " AND kind = 'mbi'"
    if "fmo_id" not in columns and table != "fmo":
        where, values = "true", {}
    order = "id"  # what was planted first, wherever in the table it stands by now
    if "recipient_id" in columns:
        order, values = "(recipient_id = :business) DESC, id", {**values, "business": tenant.business_id}
    query = f'SELECT * FROM "{table}" WHERE {where} ORDER BY {order} LIMIT 1'
    with setup_engine.connect() as connection:
        found = connection.execute(text(query), values).mappings().first()
    assert found is not None, f"plant a row of {table} for every tenant in tests/isolation/ground.py"
    return dict(found)


def _officer(ground: Ground, login: Login, tenant: Tenant) -> UUID:
    """Who acts: tokens of searches are seen by their own user only."""
    office = ground.world.summit if tenant.fmo_id == ground.world.summit.fmo.id else ground.world.lakeside
    return {"fmo": office.admin.id, "emergency": office.admin.id, "compliance": office.compliance.id}.get(
        login, tenant.user_id
    )


def _reach(table: str, login: Login, whose: str) -> bool:
    """Whether `whose` rows are within what `login`, at work for "own", may reach in a table at all."""
    if (login, table) in EVERYWHERE or whose == "own":
        return True
    if login == "jobs" and "recipient_id" in Base.metadata.tables[table].columns:
        return False  # what is kept about deliveries to one account is no other account's run's
    # An officer and a feed see the whole FMO: the neighbour is theirs too.
    whole_fmo = login in ("fmo", "compliance") or (login, table) == ("jobs", "business") or table == "fmo"
    return whose == "neighbour" and (whole_fmo or _key(table) == "fmo_id")


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("table", TABLES)
def test_select(
    engines: dict[Login, Engine], setup_engine: Engine, settings: Settings, ground: Ground, tenants: dict[str, Tenant],
    table: str, login: Login,
) -> None:  # fmt: skip
    granted = _columns(setup_engine, settings, login, table, "SELECT")
    own, user_id = tenants["own"], _officer(ground, login, tenants["own"])
    with _at_work(engines[login], login, own, user_id) as connection:
        if not granted:
            with pytest.raises(ProgrammingError, match="permission denied"):
                connection.execute(text(f'SELECT 1 FROM "{table}"'))
            return
        for whose, tenant in tenants.items():
            row = _sample(setup_engine, table, tenant, _officer(ground, login, tenant))
            if "id" not in granted:
                continue
            seen = connection.execute(text(f'SELECT id FROM "{table}" WHERE id = :id'), {"id": row["id"]}).all()
            expected = _reach(table, login, whose) and not _hidden_from(login, table, whose)
            assert bool(seen) == expected, f"{whose} row of {table}"


def _hidden_from(login: Login, table: str, whose: str) -> bool:
    """What a login may not see even within its FMO."""
    if whose == "own" or (login, table) in EVERYWHERE:
        return False
    # Searches are the user's own; an agent sees the people of the own account and writes its log.
    # Whoever has an emergency access is an officer in every account, and writes the log of one.
    hidden = {"agent": ("search_token", "portal_user", "access_entry"), "emergency": ("access_entry",)}
    return table in hidden.get(login, ())


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_seen_without_a_tenant(
    engines: dict[Login, Engine], setup_engine: Engine, settings: Settings, ground: Ground, table: str, login: Login
) -> None:
    granted = _columns(setup_engine, settings, login, table, "SELECT")
    if not granted or (login, table) in EVERYWHERE:
        return
    with _at_work(engines[login], login, None) as connection:
        assert connection.execute(text(f'SELECT count("{granted[0]}") FROM "{table}"')).scalar_one() == 0


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("table", TABLES)
def test_insert(
    engines: dict[Login, Engine], setup_engine: Engine, settings: Settings, ground: Ground, tenants: dict[str, Tenant],
    table: str, login: Login,
) -> None:  # fmt: skip
    columns = _columns(setup_engine, settings, login, table, "INSERT")
    own, user_id = tenants["own"], _officer(ground, login, tenants["own"])
    for whose, tenant in tenants.items():
        row = _sample(setup_engine, table, tenant, _officer(ground, login, tenant))
        row["id"] = new_id() if table != "credential" else row["id"]
        if table == "access_entry" and login in SIGNED_IN:
            row |= {"actor_id": user_id, "business_id": tenant.business_id}
        if (table, login) == ("emergency_access", "fmo"):
            row["user_id"] = user_id  # nobody asks for somebody else
        if (table, login) == ("legal_hold", "compliance"):  # placed by whoever is at work, and not lifted
            row |= {"placed_by": user_id, **dict.fromkeys(LIFTED)}
        if table == "misdelivery" and login in ("fmo", "jobs"):
            row |= UNDECIDED  # what the book says is nobody's decision
        if (table, login) == ("outbox", "compliance"):
            row |= {"job": "send_invitation", "args": [str(tenant.fmo_id)]}
        if (table, login) == ("outbox", "agent"):
            row |= {"job": "find_duplicates", "args": [str(tenant.fmo_id), str(own.business_id)]}
        with _at_work(engines[login], login, own, user_id) as connection:
            refused = _refused(connection, partial(_insert, connection, table, columns, row))
        expected = bool(columns) and (_reach(table, login, whose) and not _hidden_from(login, table, whose))
        if table == "portal_user" and login in ("identity", "compliance"):
            expected = False  # somebody is at work, who makes no people at sign-in; an officer makes officers alone
        if columns and table == "business":
            expected = row["fmo_id"] == own.fmo_id  # a new Business: its id is its own
        assert refused is not expected, f"{whose} row into {table}"


@pytest.mark.parametrize("login", ["fmo", "jobs"])
@pytest.mark.parametrize("decided", [{"verdict": "right"}, {"decided_by": new_id()}, {"note": "Qsealed"}])
def test_what_delivers_cannot_say_that_a_delivery_was_right(
    engines: dict[Login, Engine], setup_engine: Engine, ground: Ground, tenants: dict[str, Tenant], login: Login,
    decided: dict[str, Any],
) -> None:  # fmt: skip
    own = tenants["own"]
    row = _sample(setup_engine, "misdelivery", own, own.user_id) | UNDECIDED
    row |= {"id": new_id(), "delivered_run_id": new_id(), **decided}
    with _at_work(engines[login], login, own, own.user_id) as connection:
        assert _refused(connection, partial(_insert, connection, "misdelivery", list(row), row))


@pytest.mark.parametrize("login", SIGNED_IN)
def test_nobody_writes_the_log_in_anothers_name(
    engines: dict[Login, Engine], setup_engine: Engine, ground: Ground, tenants: dict[str, Tenant], login: Login
) -> None:
    own, user_id = tenants["own"], _officer(ground, login, tenants["own"])
    row = _sample(setup_engine, "access_entry", own, user_id)
    row |= {"id": new_id(), "actor_id": new_id(), "business_id": own.business_id}
    with _at_work(engines[login], login, own, user_id) as connection:
        assert _refused(connection, partial(_insert, connection, "access_entry", list(row), row))


def _insert(connection: Connection, table: str, columns: list[str], row: dict[str, Any]) -> None:
    if not columns:
        connection.execute(text(f'INSERT INTO "{table}" (id) VALUES (:id)'), {"id": row["id"]})
        return
    bound = Base.metadata.tables[table].insert().values({name: row[name] for name in columns})
    connection.execute(bound.inline())


def _refused(connection: Connection, work: Any) -> bool:
    """Whether the wall refused `work`: permission denied or a row of another tenant. What is taken was let through."""
    savepoint = connection.begin_nested()
    try:
        work()
    except IntegrityError:
        return False
    except DBAPIError as error:
        assert getattr(error.orig, "sqlstate", "") == "42501", str(error.orig)
        return True
    finally:
        savepoint.rollback()
    return False


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
def test_change(
    engines: dict[Login, Engine], setup_engine: Engine, settings: Settings, ground: Ground, tenants: dict[str, Tenant],
    table: str, login: Login, verb: str,
) -> None:  # fmt: skip
    columns = _columns(setup_engine, settings, login, table, verb)
    own, user_id = tenants["own"], _officer(ground, login, tenants["own"])
    column = columns[-1] if columns else "id"
    work = f'UPDATE "{table}" SET "{column}" = "{column}"' if verb == "UPDATE" else f'DELETE FROM "{table}"'
    if verb == "UPDATE" and column not in _columns(setup_engine, settings, login, table, "SELECT"):
        work = f'UPDATE "{table}" SET "{column}" = NULL'
    for whose, tenant in tenants.items():
        row = _sample(setup_engine, table, tenant, _officer(ground, login, tenant))
        with _at_work(engines[login], login, own, user_id) as connection:
            if not columns:
                assert _refused(
                    connection, partial(connection.execute, text(f"{work} WHERE id = :id"), {"id": row["id"]})
                )
                continue
            try:
                changed = connection.execute(text(f"{work} WHERE id = :id"), {"id": row["id"]}).rowcount
            except IntegrityError:
                changed = 1  # held by a row that points at it: it was reached
        expected = _reach(table, login, whose) and not _hidden_from(login, table, whose)
        if (login, table) == ("compliance", "portal_user"):
            expected = False  # an agent's row; officers write one another's, see test_officers.py
        if (login, table) == ("agent", "portal_user"):
            expected = False  # the row is the Administrator's own: they suspend others, see test_suspension.py
        assert bool(changed) == expected, f"{verb} of {whose} row of {table}"


@pytest.mark.parametrize("login", ["fmo", "agent", "compliance", "jobs"])
@pytest.mark.parametrize("table", TABLES)
def test_no_row_can_be_moved_to_another_tenant(
    engines: dict[Login, Engine], setup_engine: Engine, settings: Settings, ground: Ground, tenants: dict[str, Tenant],
    table: str, login: Login,
) -> None:  # fmt: skip
    columns = set(_columns(setup_engine, settings, login, table, "UPDATE"))
    for tenant in (tenants["neighbour"], tenants["other"]):
        for name in ("fmo_id", "business_id"):
            value = getattr(tenant, name)
            same = value == getattr(tenants["own"], name) or (name == "business_id" and login == "fmo")
            if name not in columns or same or (login, table) in EVERYWHERE:
                continue
            with _at_work(engines[login], login, tenants["own"], _officer(ground, login, tenants["own"])) as connection:
                moved = text(f'UPDATE "{table}" SET "{name}" = :value')
                refused = _refused(connection, partial(connection.execute, moved, {"value": value}))
            assert refused, f"{table}.{name}"


def test_settings_are_gone_after_a_failed_transaction(engines: dict[Login, Engine], tenants: dict[str, Tenant]) -> None:
    engine = engines["fmo"]
    for statement in ("SELECT 1/0", "SELECT 1"):
        try:
            with _at_work(engine, "fmo", tenants["own"]) as connection:
                backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
                connection.execute(text(statement))
        except DBAPIError:
            pass
        with engine.connect() as again:
            assert again.execute(text("SELECT pg_backend_pid()")).scalar_one() == backend, "the same connection"
            left = again.execute(text("SELECT current_setting('portal.fmo_id', true)")).scalar_one()
            assert left in (None, "")
            assert again.execute(text("SELECT count(*) FROM policy")).scalar_one() == 0


@pytest.mark.parametrize("login", LOGINS)
def test_no_login_becomes_another(
    engines: dict[Login, Engine], settings: Settings, ground: Ground, login: Login
) -> None:
    others = [settings.login_name(other) for other in LOGINS if other != login]
    for role in [*others, settings.login_name("fmo").removesuffix("_fmo") + "_owner", "portal_setup"]:
        with engines[login].connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(f'SET ROLE "{role}"'))
        with engines[login].connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text("SELECT set_config('role', :role, true)"), {"role": role})


@pytest.mark.parametrize("login", LOGINS)
def test_no_login_switches_row_security_off(engines: dict[Login, Engine], ground: Ground, login: Login) -> None:
    readable = {"identity": "portal_user", "compliance": "access_entry"}.get(login, "business")
    with engines[login].connect() as connection:
        connection.execute(text("SET LOCAL row_security = off"))
        with pytest.raises(ProgrammingError, match="would be affected"):
            connection.execute(text(f"SELECT count(id) FROM {readable}"))


@pytest.mark.parametrize("login", LOGINS)
def test_partitions_of_the_log_cannot_be_named(engines: dict[Login, Engine], ground: Ground, login: Login) -> None:
    with engines[login].connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text("SELECT 1 FROM access_entry_default"))


def test_entries_cannot_be_changed_even_by_the_owner(setup_engine: Engine, ground: Ground) -> None:
    for work in ("UPDATE access_entry SET outcome = 'done'", "DELETE FROM access_entry"):
        with setup_engine.connect() as connection, pytest.raises(DBAPIError, match="never changed"):
            connection.execute(text(work))


def test_a_limited_user_writes_nothing_that_speaks_for_the_account(
    engines: dict[Login, Engine], setup_engine: Engine, settings: Settings, ground: Ground
) -> None:
    business, lee, pat = ground.world.harbor.business, ground.world.lee, ground.world.pat
    tenant = Tenant(business.fmo_id, business.id, lee.user.id)
    limited = {"reach": "", "own_npn": lee.producer.npn, "role": "agent_limited", "merging": "yes"}
    for table in ("upload", "upload_row", "possible_duplicate", "contact_merge", "contact_key"):
        columns = _columns(setup_engine, settings, "agent", table, "INSERT")
        row = _sample(setup_engine, table, tenant) | {"id": new_id(), "number": 9, "by_id": lee.user.id}
        row |= {"contact_id": pat.contact.id, "other_id": lee.contact.id}
        for reach, refused in (("whole", False), ("", True)):
            with _at_work(engines["agent"], "agent", tenant) as connection:
                for name, value in {**limited, "reach": reach}.items():
                    connection.execute(text("SELECT set_config(:n, :v, true)"), {"n": f"portal.{name}", "v": value})
                assert _refused(connection, partial(_insert, connection, table, columns, row)) is refused, table


@pytest.mark.parametrize("change", ["removed_at = now()", "hidden = true", "merged_into = :other", "typed = '{}'"])
def test_a_limited_user_takes_no_contact_out(engines: dict[Login, Engine], ground: Ground, change: str) -> None:
    business, lee, pat = ground.world.harbor.business, ground.world.lee, ground.world.pat
    tenant = Tenant(business.fmo_id, business.id, lee.user.id)
    limited = {"own_npn": lee.producer.npn, "role": "agent_limited", "merging": "yes"}
    statement = text(f"UPDATE contact SET {change} WHERE id = :id RETURNING id")
    known = {"id": lee.contact.id} | ({"other": pat.contact.id} if ":other" in change else {})
    for reach in ("whole", ""):
        with _at_work(engines["agent"], "agent", tenant) as connection:
            for name, value in {**limited, "reach": reach}.items():
                connection.execute(text("SELECT set_config(:n, :v, true)"), {"n": f"portal.{name}", "v": value})
            refused = _refused(connection, partial(connection.execute, statement, known))
            assert refused is (reach == "" and not change.startswith("typed"))


@pytest.mark.parametrize("login", ["fmo", "agent"])
@pytest.mark.parametrize("named", ["own", "neighbour", "other"])
def test_a_job_is_ordered_for_nobody_else(
    engines: dict[Login, Engine], setup_engine: Engine, ground: Ground, tenants: dict[str, Tenant], login: Login,
    named: str,
) -> None:  # fmt: skip
    own, meant = tenants["own"], tenants[named]
    args = [str(meant.fmo_id), str(meant.business_id)]
    for job in ("find_duplicates", "follow_book"):
        values = {"fmo_id": own.fmo_id, "id": new_id(), "job": job, "args": args}
        with _at_work(engines[login], login, own, _officer(ground, login, own)) as connection:
            refused = _refused(connection, partial(_insert, connection, "outbox", list(values), values))
        whose = meant.fmo_id == own.fmo_id if login == "fmo" else (job, named) == ("find_duplicates", "own")
        assert refused is not whose, job
