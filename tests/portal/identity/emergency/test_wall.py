"""What PostgreSQL itself says about emergency access, whatever the program believes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, TextClause, create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from portal.config import Login, Settings
from portal.core.ids import new_id
from portal.identity.emergency.models import EmergencyAccess
from portal.identity.models import User
from tests.support import builders as make
from tests.support.world import Account, World

At = Callable[..., Connection]


@pytest.fixture
def held(store: Session, world: World) -> EmergencyAccess:
    """A living access of Summit's administrator to Amy's account."""
    return _held(store, world.amy, world.summit.admin)


def _held(store: Session, account: Account, user: User) -> EmergencyAccess:
    row = EmergencyAccess(
        fmo_id=user.fmo_id, id=new_id(), business_id=account.business.id, business_name="Amy", user_id=user.id,
        user_name=user.name, user_role="fmo_admin", session_id=new_id(), reason="A reason of enough characters",
    )  # fmt: skip
    return make.add(store, row)


@pytest.fixture
def at_work(settings: Settings, world: World) -> Iterator[Callable[..., object]]:
    """`with at_work(login, user, business_id) as connection`: settings as the program makes them, rolled back."""
    engines: dict[str, Engine] = {}

    @contextmanager
    def open_one(login: Login, user: User, business_id: UUID | None = None) -> Iterator[Connection]:
        engine = engines.setdefault(login, create_engine(settings.database_url_for(login)))
        with engine.connect() as connection:
            values = {"fmo_id": user.fmo_id, "actor_id": user.id, "business_id": business_id or "", "reach": "whole"}
            for name, value in values.items():
                connection.execute(text("SELECT set_config(:n, :v, true)"), {"n": f"portal.{name}", "v": str(value)})
            yield connection
            connection.rollback()

    yield open_one
    for engine in engines.values():
        engine.dispose()


def _seen(connection: Connection) -> int:
    found = [connection.execute(text(f"SELECT count(*) FROM {t}")).scalar_one() for t in ("contact", "crm_policy")]
    return sum(found)


def _count(at_work: At, user: User, account: Account) -> int:
    with at_work("emergency", user, account.business.id) as connection:
        return _seen(connection)


def test_a_living_access_and_nothing_else_opens_the_account(
    store: Session, world: World, held: EmergencyAccess, at_work: At
) -> None:
    admin, amy = world.summit.admin, world.amy
    assert _count(at_work, admin, amy) >= 2
    other = make.user(store, world.summit.fmo)
    assert _count(at_work, other, amy) == 0, "another person"
    assert _count(at_work, admin, world.nora) == 0, "another Business"
    assert _count(at_work, world.lakeside.admin, amy) == 0, "another FMO"
    for over in (
        "UPDATE emergency_access SET ended_at = now(), ended_how = 'person'",
        "UPDATE emergency_access SET asked_at = now() - interval '1 hour', until = now()",
    ):
        store.execute(text(over))
        assert store.execute(text("SELECT count(*) FROM emergency_access")).scalar_one() == 1
        store.commit()
        assert _count(at_work, admin, amy) == 0, over
        store.execute(text("DELETE FROM emergency_access"))
        store.commit()
        _held(store, amy, admin)
        assert _count(at_work, admin, amy) >= 2


@pytest.mark.parametrize("table", ["note", "upload", "left_policy", "member", "policy", "portal_user", "credential"])
def test_it_reads_nothing_else(world: World, held: EmergencyAccess, at_work: At, table: str) -> None:
    with (
        at_work("emergency", world.summit.admin, world.amy.business.id) as connection,
        pytest.raises(DBAPIError, match="permission denied"),
    ):
        connection.execute(text(f"SELECT 1 FROM {table}"))


@pytest.mark.parametrize("table", ["contact", "crm_policy", "business", "emergency_access", "access_entry"])
def test_it_changes_nothing(world: World, held: EmergencyAccess, at_work: At, table: str) -> None:
    for change in (f"UPDATE {table} SET fmo_id = fmo_id", f"DELETE FROM {table}"):
        with (
            at_work("emergency", world.summit.admin, world.amy.business.id) as connection,
            pytest.raises(DBAPIError, match="permission denied"),
        ):
            connection.execute(text(change))


@pytest.mark.parametrize(
    "forged",
    [
        {"until": "2099-01-01"},
        {"asked_at": "2020-01-01"},
        {"ended_at": None},
        {"finding": "justified"},
    ],
)
def test_nobody_of_the_staff_says_how_long_it_is(world: World, at_work: At, forged: dict[str, str | None]) -> None:
    admin = world.summit.admin
    with at_work("fmo", admin) as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(_insert(forged), _row(admin, world.amy) | forged)
    with at_work("fmo", admin) as connection:
        connection.execute(_insert({}), _row(admin, world.amy))
        (name,) = forged
        if name in ("ended_at", "finding"):
            return
        with pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text(f"UPDATE emergency_access SET {name} = :v"), {"v": forged[name]})


def _row(user: User, account: Account, **other: object) -> dict[str, object]:
    row = {"fmo_id": user.fmo_id, "id": new_id(), "business_id": account.business.id, "business_name": "Amy"}
    row |= {"user_id": user.id, "user_name": user.name, "user_role": "fmo_admin", "session_id": new_id()}
    return {**row, "reason": "A reason of enough characters", **other}


def _insert(further: dict[str, str | None]) -> TextClause:
    names = [*_NAMES, *further]
    return text(f"INSERT INTO emergency_access ({', '.join(names)}) VALUES ({', '.join(':' + n for n in names)})")


_NAMES = ("fmo_id", "id", "business_id", "business_name", "user_id", "user_name", "user_role", "session_id", "reason")


def test_nobody_asks_for_somebody_else_or_elsewhere(world: World, at_work: At) -> None:
    admin, other = world.summit.admin, world.lakeside.admin
    for row in (_row(world.summit.compliance, world.amy), _row(other, world.lou)):
        with at_work("fmo", admin) as connection, pytest.raises(DBAPIError, match="row-level security"):
            connection.execute(_insert({}), row)
    with at_work("fmo", admin) as connection, pytest.raises(IntegrityError):
        connection.execute(_insert({}), _row(admin, world.lou))


@pytest.mark.parametrize("login", ["fmo", "compliance", "identity"])
def test_what_has_ended_stays_so(
    store: Session, world: World, held: EmergencyAccess, at_work: At, login: Login
) -> None:
    store.execute(text("UPDATE emergency_access SET ended_at = now(), ended_how = 'person'"))
    store.commit()
    who = world.summit.compliance if login == "compliance" else world.summit.admin
    with at_work(login, who) as connection, pytest.raises(DBAPIError, match="stays so"):
        connection.execute(text("UPDATE emergency_access SET ended_at = NULL, ended_how = NULL"))


def test_nobody_judges_in_anothers_name_or_before_the_end(
    store: Session, world: World, held: EmergencyAccess, at_work: At
) -> None:
    officer = world.summit.compliance
    judged = "UPDATE emergency_access SET reviewed_at = now(), finding = 'justified', reviewed_by = :by"
    with at_work("compliance", officer) as connection, pytest.raises(IntegrityError):
        connection.execute(text(judged), {"by": officer.id})
    store.execute(text("UPDATE emergency_access SET ended_at = now(), ended_how = 'person'"))
    store.commit()
    with at_work("compliance", officer) as connection, pytest.raises(DBAPIError, match="row-level security"):
        connection.execute(text(judged), {"by": world.summit.admin.id})
    with at_work("fmo", world.summit.admin) as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text(judged), {"by": world.summit.admin.id})
    with at_work("compliance", officer) as connection:
        assert connection.execute(text(judged), {"by": officer.id}).rowcount == 1
