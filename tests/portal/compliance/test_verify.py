"""`flask log verify` finds what would let the log be changed unseen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.config import Settings
from tests.portal.compliance.test_access import logged
from tests.support.world import World

Result = tuple[int, dict[str, object]]


@pytest.fixture
def verify(app: Flask) -> Callable[[], Result]:
    """Runs the command and gives its exit status and JSON."""

    def run() -> Result:
        done = app.test_cli_runner().invoke(args=["log", "verify", "--json"])
        return done.exit_code, json.loads(done.output)

    return run


@pytest.fixture
def broken(setup_engine: Engine) -> Iterator[Callable[[str, str], None]]:
    """`broken(how, repair)` runs `how` now and `repair` after the test."""
    repairs: list[str] = []

    def damage(how: str, repair: str) -> None:
        with setup_engine.begin() as connection:
            connection.execute(text(how))
        repairs.append(repair)

    yield damage
    with setup_engine.begin() as connection:
        for repair in repairs:
            connection.execute(text(repair))


def test_a_sound_log(world: World, store: Session, seal: Callable[[], int], verify: Callable[[], Result]) -> None:
    logged(store, world.summit), logged(store, world.lakeside)
    seal()
    assert verify() == (0, {"entries": 2, "seals": 2, "faults": [], "sealed": True})


def test_in_words(app: Flask, world: World) -> None:
    done = app.test_cli_runner().invoke(args=["log", "verify"])
    assert done.exit_code == 0
    assert "Nothing wrong was found." in done.output


@pytest.mark.parametrize(
    ("how", "repair", "says"),
    [
        ('GRANT UPDATE ON access_entry TO "{fmo}"', 'REVOKE UPDATE ON access_entry FROM "{fmo}"', "may UPDATE"),
        ('GRANT SELECT ON {part} TO "{agent}"', 'REVOKE SELECT ON {part} FROM "{agent}"', "may SELECT on {part}"),
        ('REVOKE INSERT ON access_entry FROM "{jobs}"', 'GRANT INSERT ON access_entry TO "{jobs}"', "may not INSERT"),
        ("ALTER TABLE {part} DISABLE TRIGGER keep", "ALTER TABLE {part} ENABLE TRIGGER keep", "trigger"),
        (
            "ALTER TABLE {part} NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE {part} FORCE ROW LEVEL SECURITY",
            "Row security",
        ),
        ("ALTER TABLE {part} RENAME TO hidden_part", "ALTER TABLE hidden_part RENAME TO {part}", "is missing"),
    ],
)
def test_faults_of_the_tables(
    how: str,
    repair: str,
    says: str,
    world: World,
    settings: Settings,
    verify: Callable[[], Result],
    broken: Callable[[str, str], None],
) -> None:
    names = {"part": f"access_entry_{datetime.now(UTC):%Y_%m}"}
    for login in ("fmo", "agent", "jobs"):
        names[login] = settings.login_name(login)
    broken(how.format(**names), repair.format(**names))
    status, told = verify()
    assert status == 1
    assert len(told["faults"]) == 1, told  # type: ignore[arg-type]  # a list
    assert says.format(**names) in str(told["faults"])


def test_faults_of_entries(world: World, store: Session, seal: Callable[[], int], verify: Callable[[], Result]) -> None:
    logged(store, world.summit, at=datetime.now(UTC) + timedelta(days=1))
    logged(store, world.summit, version=99)
    logged(store, world.lakeside, at=datetime(1999, 1, 1, tzinfo=UTC))
    seal()
    status, told = verify()
    assert (status, told["entries"]) == (1, 3)
    faults = str(told["faults"])
    assert all(words in faults for words in ("1 entry is dated in the future", "version", "outside every monthly"))
