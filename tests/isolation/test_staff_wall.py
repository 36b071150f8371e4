"""Presets of the FMO's staff in PostgreSQL alone: which rows their requests reach, and whom they may change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from portal.book.models import Member
from portal.config import Settings
from portal.core.ids import new_id
from portal.core.models import Base
from portal.core.scope import Role
from portal.core.unseen import ShownUnseen, unseen
from portal.extensions import db
from portal.sync import queries as sync
from portal.sync.statements import gaps
from portal.sync.sums import statements as sums
from tests.architecture.source import ROOT
from tests.isolation.ground import Ground
from tests.support.people import acting

pytestmark = pytest.mark.shared_data
COUNTING = {
    "portal/core/unseen.py",
    "portal/home/queries.py",
    "portal/provisioning/queries.py",
    "portal/sync/operations/rehearsal.py",
    "portal/sync/operations/release.py",
    "portal/sync/queries.py",
    "portal/sync/sums/statements.py",
}
SEE = (Role.FMO_ADMIN, Role.FMO_STEWARD)
STAFF = (*SEE, Role.FMO_SUPPORT, Role.FMO_USERS)


_MIGRATION = next((ROOT / "migrations" / "versions").glob("*_staff_walls.py"))
OF_MEMBERS: tuple[str, ...] = import_module(f"migrations.versions.{_MIGRATION.stem}").OF_MEMBERS


@pytest.fixture(scope="module")
def fmo_engine(settings: Settings, database: None) -> Iterator[Engine]:
    """The login of the FMO's pages."""
    engine = create_engine(settings.database_url_for("fmo"))
    yield engine
    engine.dispose()


@contextmanager
def _as(engine: Engine, ground: Ground, role: Role | str, actor: UUID | None = None) -> Iterator[Connection]:
    office = ground.world.summit
    with engine.connect() as connection:
        values = {"fmo_id": office.fmo.id, "role": str(role), "actor_id": actor or new_id(), "reach": "whole"}
        for name, value in values.items():
            connection.execute(text("SELECT set_config(:n, :v, true)"), {"n": f"portal.{name}", "v": str(value)})
        yield connection
        connection.rollback()


def _seen(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f'SELECT count(fmo_id) FROM "{table}"')).scalar_one())


@pytest.mark.parametrize(
    "table", [name for name in OF_MEMBERS if name not in ("member_key", "left_policy", "feed_file")]
)
def test_rows_of_members_are_for_those_who_work_with_them(fmo_engine: Engine, ground: Ground, table: str) -> None:
    for role in (*STAFF, "", "fmo_other"):
        with _as(fmo_engine, ground, role) as connection:
            assert bool(_seen(connection, table)) == (role in SEE), role


def test_every_table_with_a_member_is_behind_the_wall(setup_engine: Engine) -> None:
    sql = "SELECT tablename FROM pg_policies WHERE policyname = 'of_members'"
    with setup_engine.connect() as connection:
        walled = set(connection.execute(text(sql)).scalars())
        granted = connection.execute(
            text("SELECT DISTINCT tablename FROM pg_policies WHERE policyname LIKE 'fmo\\_%' AND cmd <> 'INSERT'")
        ).scalars()
        readable = set(granted)
    assert walled == set(OF_MEMBERS)
    telling = {"member_id", "policy_id", "policy_ids", "contact_id", "mbi", "birth_date"}
    for name, table in Base.metadata.tables.items():
        if name in readable and telling & set(table.columns.keys()):
            assert name in walled, f"{name} tells of members; add it to the wall of the staff"
    for mapper in Base.registry.mappers:
        kind, name = getattr(mapper.class_, "__sensitive__", None), str(mapper.class_.__tablename__)
        assert kind is None or name not in readable or name in walled, name


def test_who_counts_gets_the_figures_of_who_sees(app: Flask, ground: Ground) -> None:
    office, account = ground.world.summit, ground.world.amy
    figures = []
    for role in (Role.FMO_ADMIN, Role.FMO_SUPPORT):
        user = office.admin if role is Role.FMO_ADMIN else office.staff[role]
        with acting(app, user):
            counted = sums.count(office.fmo.id).sum()
            held = sync.holds(account.business.id), sync.policies_under(account.business.id, "1001001")
            assert sums.strays(office.fmo.id) == 0
            figures.append((counted, *held))
    assert figures[0] == figures[1]
    assert figures[0][0].book and figures[0][1]["policies"]


def test_counting_ends_where_it_ends_also_after_an_error(app: Flask, ground: Ground) -> None:
    office = ground.world.summit
    with acting(app, office.staff[Role.FMO_SUPPORT]):
        assert db.session.scalars(select(Member)).all() == []
        with unseen("count"):
            pass
        assert db.session.scalars(select(Member)).all() == []
        with pytest.raises(LookupError), unseen("count"):
            raise LookupError
        assert db.session.scalars(select(Member)).all() == []
        assert gaps.find(office.fmo.id, ["1001001"]) == []


def test_no_record_comes_out_while_counting(app: Flask, ground: Ground) -> None:
    with acting(app, ground.world.summit.staff[Role.FMO_SUPPORT]):
        with pytest.raises(ShownUnseen), unseen("count"):
            db.session.scalars(select(Member)).all()
        db.session.rollback()


def test_only_known_modules_count_what_is_not_seen() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "portal").rglob("*.py")
        if "unseen(" in path.read_text() or "portal.task" in path.read_text()
    }
    assert found == COUNTING


# who acts → (whose row, the change) that the database must refuse
_SELF = ("role = 'fmo_users'", "state = 'deactivated'", "email = 'else@summit.example'", "suspended_at = now()")
_OFFICER = ("state = 'deactivated'", "email = 'else@summit.example'", "role = 'fmo_admin'")
RAISED = [(role, "self", change) for role in STAFF for change in _SELF if change != f"role = '{role}'"]
RAISED += [(role, "officer", change) for role in STAFF for change in _OFFICER]
RAISED += [(role, "self", "role = 'fmo_admin'") for role in STAFF[1:]]
RAISED += [(role, "agent", "role = 'fmo_support', business_id = NULL") for role in STAFF]
RAISED += [(role, "steward", "role = 'compliance'") for role in STAFF if role is not Role.FMO_STEWARD]
RAISED += [
    (Role.FMO_USERS, "admin", "state = 'deactivated'"),
    (Role.FMO_USERS, "admin", "role = 'fmo_support'"),
    (Role.FMO_USERS, "steward", "role = 'fmo_admin'"),
    (Role.FMO_SUPPORT, "steward", "state = 'deactivated'"),
    (Role.FMO_STEWARD, "support", "state = 'deactivated'"),
    (Role.FMO_STEWARD, "agent", "state = 'deactivated'"),
]
ALLOWED = [
    (Role.FMO_ADMIN, "steward", "role = 'fmo_admin'"),
    (Role.FMO_ADMIN, "agent", "state = 'deactivated'"),
    (Role.FMO_USERS, "steward", "role = 'fmo_support'"),
    (Role.FMO_USERS, "agent", "state = 'deactivated'"),
    (Role.FMO_SUPPORT, "agent", "role = 'agent_all'"),
]


def _change(engine: Engine, ground: Ground, role: Role, whose: str, change: str) -> int:
    office = ground.world.summit
    people = {role: office.admin, **office.staff}
    me = office.admin if role is Role.FMO_ADMIN else people[role]
    rows = {"self": me, "officer": office.compliance, "agent": ground.world.amy.admin, "admin": office.admin}
    rows |= {"steward": office.staff[Role.FMO_STEWARD], "support": office.staff[Role.FMO_SUPPORT]}
    with _as(engine, ground, role, me.id) as connection:
        done = connection.execute(text(f"UPDATE portal_user SET {change} WHERE id = :id"), {"id": rows[whose].id})
        return done.rowcount


@pytest.mark.parametrize(("role", "whose", "change"), RAISED)
def test_nobody_raises_themselves_or_touches_who_is_not_theirs(
    fmo_engine: Engine, ground: Ground, role: Role, whose: str, change: str
) -> None:
    with pytest.raises(DBAPIError) as refused:
        _change(fmo_engine, ground, role, whose, change)
    assert getattr(refused.value.orig, "sqlstate", "") in ("42501", "23514")


@pytest.mark.parametrize(("role", "whose", "change"), ALLOWED)
def test_what_is_theirs_to_decide_is_done(
    fmo_engine: Engine, ground: Ground, role: Role, whose: str, change: str
) -> None:
    assert _change(fmo_engine, ground, role, whose, change) == 1


@pytest.mark.parametrize(
    ("role", "given", "taken"),
    [
        (Role.FMO_ADMIN, "fmo_admin", True),
        (Role.FMO_ADMIN, "compliance", False),
        (Role.FMO_USERS, "fmo_steward", True),
        (Role.FMO_USERS, "fmo_admin", False),
        (Role.FMO_SUPPORT, "fmo_support", False),
        (Role.FMO_STEWARD, "fmo_support", False),
    ],
)
def test_new_people_are_made_by_who_may(
    fmo_engine: Engine, ground: Ground, role: Role, given: str, *, taken: bool
) -> None:
    made = text(
        "INSERT INTO portal_user (fmo_id, id, email, first_name, last_name, role, state)"
        " VALUES (:fmo, :id, 'new@summit.example', 'New', 'Person', :role, 'invited')"
    )
    values = {"fmo": ground.world.summit.fmo.id, "id": new_id(), "role": given}
    with _as(fmo_engine, ground, role) as connection:
        if taken:
            connection.execute(made, values)
            return
        with pytest.raises(ProgrammingError) as refused:
            connection.execute(made, values)
        assert getattr(refused.value.orig, "sqlstate", "") == "42501"


def test_sign_in_raises_nobody(settings: Settings, ground: Ground) -> None:
    engine = create_engine(settings.database_url_for("identity"))
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="nobody becomes that here"):
        connection.execute(
            text("UPDATE portal_user SET role = 'fmo_admin' WHERE id = :id"),
            {"id": ground.world.summit.staff[Role.FMO_SUPPORT].id},
        )
    engine.dispose()


@pytest.mark.parametrize("change", ["role = 'fmo_support'", "state = 'deactivated'", "suspended_at = now()"])
def test_the_last_administrator_stays(fmo_engine: Engine, ground: Ground, change: str) -> None:
    office = ground.world.summit
    refused = pytest.raises(ProgrammingError, match="the last administrator stays")
    others = text("UPDATE portal_user SET state = 'deactivated' WHERE role = 'fmo_admin' AND id <> :id")
    with _as(fmo_engine, ground, Role.FMO_ADMIN) as connection, refused:  # by one who has been taken out meanwhile
        connection.execute(others, {"id": office.admin.id})
        connection.execute(text(f"UPDATE portal_user SET {change} WHERE id = :id"), {"id": office.admin.id})


def test_only_an_administrator_changes_rules_and_decides_what_waits(fmo_engine: Engine, ground: Ground) -> None:
    office = ground.world.summit
    decide = (
        "UPDATE held_change SET status = 'rejected', decided_by = CAST(current_setting('portal.actor_id') AS uuid),"
        " decided_name = 'x', decided_at = now()"
    )
    for statement in ("UPDATE fmo SET rules = rules", decide):
        for role in STAFF[1:]:
            actor = office.staff[role].id
            with _as(fmo_engine, ground, role, actor) as connection, pytest.raises(ProgrammingError, match="row-level"):
                connection.execute(text(statement))
        with _as(fmo_engine, ground, Role.FMO_ADMIN) as connection:
            assert connection.execute(text(statement)).rowcount >= 1
