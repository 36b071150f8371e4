"""What a superuser does to a sealed log, and how the verification names it: every kind of harm by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.compliance.seals import anchor, chain, checking, lines, merkle, operations, signing, statements
from portal.compliance.seals.chain import Link
from portal.compliance.seals.models import INSTALLATION
from portal.compliance.seals.scopes import sealing
from portal.config import LOGINS, Settings
from portal.core.ids import new_id
from portal.core.session import open_session
from tests.portal.compliance.test_access import logged
from tests.support.builders import add
from tests.support.world import World

OLD = datetime.now(UTC) - timedelta(hours=5)


class Log:
    """A log of 25 entries of Summit's in seals of ten, five hours old; and the hand of a superuser on it."""

    def __init__(self, app: Flask, engine: Engine, store: Session, world: World, seal: Callable[[], int]) -> None:
        self.app, self.engine, self.store, self.world, self.seal = app, engine, store, world, seal
        self.fmo_id = world.summit.fmo.id
        self.ids: list[UUID] = []
        for number in range(25):
            self.ids.append(logged(store, world.summit, at=OLD + timedelta(seconds=number)).id)
        seal()

    def harm(self, *statements_: str, **values: Any) -> None:
        """Run statements as the superuser, with every trigger off; `:fmo` is Summit's id."""
        with self.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements_:
                connection.execute(text(statement), {"fmo": self.fmo_id, **values})

    def faults(self) -> list[str]:
        """What the verification says."""
        with self.app.app_context():
            return checking.verify(self.fmo_id).faults

    def links(self) -> list[Link]:
        """Every seal of Summit's."""
        with self.app.app_context(), open_session(sealing(self.fmo_id)) as session:
            return list(statements.seals_after(session, self.fmo_id))


@pytest.fixture
def log(
    app: Flask, setup_engine: Engine, store: Session, world: World, seal: Callable[[], int], monkeypatch: Any
) -> Log:
    monkeypatch.setattr(operations, "BATCH", 10)
    monkeypatch.setattr(operations, "STEP", 100)
    return Log(app, setup_engine, store, world, seal)


def test_a_sealed_log_is_sound(log: Log) -> None:
    assert log.faults() == []
    assert [(link.n, link.count) for link in log.links()] == [(1, 10), (2, 10), (3, 5)]
    assert log.seal() == 0


def test_an_edited_entry(log: Log) -> None:
    log.harm("UPDATE access_entry SET outcome = 'refused' WHERE id = :id", id=log.ids[12])
    [fault] = log.faults()
    assert f"Entry {log.ids[12]}" in fault and "number 3 in seal 2" in fault and fault.endswith("was edited.")


@pytest.mark.parametrize("column", lines.ACCESS_ENTRY)
def test_no_column_can_be_edited_unseen(log: Log, column: str) -> None:
    # The last entry of its seal: however its time or FMO is changed, it is no other one's place.
    change = {
        "fmo_id": "uuidv7()", "id": "uuidv7()", "at": "at - interval '1 microsecond'", "actor_id": "uuidv7()",
        "business_id": "uuidv7()", "session_id": "uuidv7()", "run_id": "uuidv7()", "subject_ids": "ARRAY[uuidv7()]",
        "member_ids": "ARRAY[uuidv7()]", "fields": "ARRAY['mbi']", "also": """'{"policy": []}'""",
        "detail": """'{"count": 1}'""", "version": "version + 1",
    }.get(column, f"coalesce({column}, '') || 'x'")  # fmt: skip
    log.harm(f"UPDATE access_entry SET {column} = {change} WHERE id = :id", id=log.ids[24])
    assert any(str(log.ids[24]) in fault for fault in log.faults())


def test_an_entry_edited_together_with_its_mark(log: Log) -> None:
    log.harm(
        "UPDATE access_entry SET outcome = 'refused' WHERE id = :id",
        "UPDATE seal_member SET mark = :mark WHERE id = :id",
        id=log.ids[12],
        mark=_mark_of(log, log.ids[12], outcome="refused"),
    )
    [fault] = log.faults()
    assert "seal 2" in fault and "do not give its root" in fault


def _mark_of(log: Log, entry_id: UUID, **changed: str) -> int:
    names = lines.columns(log.fmo_id)
    with log.engine.connect() as connection:
        sql = f"SELECT {lines.selected(log.fmo_id)} FROM access_entry e WHERE id = %(id)s"
        row = connection.exec_driver_sql(sql, {"id": entry_id}).one()
    told = [changed.get(name, value) for name, value in zip(names, row, strict=True)]
    return merkle.mark(merkle.leaf(lines.line(names, told)))


def test_a_removed_entry(log: Log) -> None:
    log.harm("DELETE FROM access_entry WHERE id = :id", id=log.ids[0])
    [fault] = log.faults()
    assert f"Entry {log.ids[0]}" in fault and "was removed" in fault


def test_an_entry_removed_with_its_membership(log: Log) -> None:
    log.harm("DELETE FROM access_entry WHERE id = :id", "DELETE FROM seal_member WHERE id = :id", id=log.ids[4])
    [fault] = log.faults()
    assert "1 of 10 entries of seal 1 of" in fault and fault.endswith("together with their membership: number 5.")


def test_a_backdated_entry_before_it_is_sealed_and_after(log: Log) -> None:
    other = logged(log.store, log.world.summit, at=OLD - timedelta(days=40))
    [fault] = log.faults()
    assert str(other.id) in fault and "inserted later with an earlier time" in fault
    log.seal()
    [fault] = log.faults()
    assert f"Entry {other.id} is backdated" in fault and "seal 4" in fault


def test_an_entry_that_was_given_an_earlier_time(log: Log) -> None:
    log.harm("UPDATE access_entry SET at = at - interval '3 days' WHERE id = :id", id=log.ids[20])
    [fault] = log.faults()
    assert str(log.ids[20]) in fault and "was given another time" in fault


def test_an_entry_beside_another_of_the_same_id(log: Log) -> None:
    log.harm("UPDATE access_entry SET id = :id WHERE id = :other", id=log.ids[3], other=_unsealed(log))
    [fault] = log.faults()
    assert f"The id {log.ids[3]} is that of 2 entries" in fault


def _unsealed(log: Log) -> UUID:
    return logged(log.store, log.world.summit, at=OLD - timedelta(days=2)).id


def test_reordered_entries(log: Log) -> None:
    log.harm(
        "UPDATE seal_member SET place = CASE place WHEN 2 THEN 7 ELSE 2 END WHERE fmo_id = :fmo AND n = 1"
        " AND place IN (2, 7)"
    )
    [fault] = log.faults()
    assert "seal 1" in fault and fault.endswith("were reordered: number 2, 7.")


def test_a_missing_seal(log: Log) -> None:
    log.harm("DELETE FROM seal WHERE fmo_id = :fmo AND n = 2")
    [fault] = log.faults()
    assert fault.startswith("Seal 2 is missing; it was anchored as of") and "10 entries are said" in fault


def test_a_tail_that_was_cut_off_stays_a_gap(log: Log) -> None:
    log.harm(
        "DELETE FROM access_entry e USING seal_member m WHERE m.id = e.id AND m.fmo_id = :fmo AND m.n = 3",
        "DELETE FROM seal_member WHERE fmo_id = :fmo AND n = 3",
        "DELETE FROM seal WHERE fmo_id = :fmo AND n = 3",
    )
    [fault] = log.faults()
    assert fault.startswith("Seal 3 is missing; it was anchored as of")
    logged(log.store, log.world.summit)
    log.seal()
    assert [link.n for link in log.links()] == [1, 2, 4]
    assert log.faults() == [fault]


def test_a_seal_that_was_changed(log: Log) -> None:
    log.harm("UPDATE seal SET sealed_at = sealed_at - interval '1 day' WHERE fmo_id = :fmo AND n = 2")
    faults = "\n".join(log.faults())
    assert "was changed: its hash is another one's" in faults and "signature of seal 2" in faults
    assert "is dated before the seal before it" in faults


@pytest.mark.parametrize("named", ["stolen", None])
def test_a_chain_made_anew_with_another_key(log: Log, named: str | None) -> None:
    key, previous = Ed25519PrivateKey.generate(), chain.BEGIN
    own = next(iter(signing.public_keys()))
    log.harm("UPDATE access_entry SET reason = 'forged' WHERE fmo_id = :fmo")
    for link in log.links():
        marks = {entry_id: _mark_of(log, entry_id) for entry_id in log.ids[(link.n - 1) * 10 : link.n * 10]}
        for entry_id, mark in marks.items():
            log.harm("UPDATE seal_member SET mark = :mark WHERE id = :id", mark=mark, id=entry_id)
        bare = replace(link, previous=previous, key_id=named or own, root=_root_of(log, list(marks)))
        hashed = chain.hash_of(bare)
        log.harm(
            "UPDATE seal SET previous = :previous, hash = :hash, key_id = :key, signature = :signature, root = :root"
            " WHERE fmo_id = :fmo AND n = :n",
            previous=previous, hash=hashed, key=bare.key_id, signature=key.sign(chain.statement(bare)), root=bare.root,
            n=link.n,
        )  # fmt: skip
        previous = hashed
    faults = log.faults()
    wrong = "which is not ours" if named else "is not that of our key"
    assert [n for n in (1, 2, 3) if any(f"eal {n} of" in f and wrong in f for f in faults)] == [1, 2, 3]
    assert [n for n in (1, 2, 3) if any(f"Seal {n} of" in f and "the chain was rewritten" in f for f in faults)] == [
        1,
        2,
        3,
    ]
    assert len(faults) == 6


def _root_of(log: Log, ids: list[UUID]) -> bytes:
    names = lines.columns(log.fmo_id)
    with log.engine.connect() as connection:
        sql = f"SELECT {lines.selected(log.fmo_id)} FROM access_entry e WHERE id = ANY(%(ids)s) ORDER BY at, id"
        rows = connection.exec_driver_sql(sql, {"ids": ids}).all()
    return merkle.root([merkle.leaf(lines.line(names, row)) for row in rows])


def test_entries_that_wait_too_long(log: Log) -> None:
    soon = datetime.now(UTC)
    logged(log.store, log.world.summit, at=soon)
    assert log.faults() == []
    late = logged(log.store, log.world.summit, at=soon - timedelta(minutes=11))
    [fault] = log.faults()
    assert fault.startswith(f"1 entry is unsealed for longer than 10 minutes; the oldest is {late.id}")


def test_every_fault_is_named_and_not_only_the_first(log: Log) -> None:
    log.harm("UPDATE access_entry SET reason = 'x' WHERE id = ANY(:ids)", ids=log.ids[1:4])
    log.harm("DELETE FROM access_entry WHERE id = :id", id=log.ids[15])
    log.harm("DELETE FROM seal WHERE fmo_id = :fmo AND n = 3")
    faults = log.faults()
    assert len(faults) == 5
    assert sum(f.endswith("was edited.") for f in faults) == 3


def test_the_anchor_behind_gone_and_altered(log: Log) -> None:
    place = anchor.place(log.fmo_id)
    kept = place.read_text()
    log.harm("UPDATE seal SET sealed_at = sealed_at")  # nothing: triggers off, no change
    place.write_text("".join(kept.splitlines(keepends=True)[:1]))
    assert log.faults() == [], "seals of a moment ago may still be on their way"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checking, "PATIENCE", timedelta(0))
        assert log.faults() == ["Seals 2 to 3 are not in the anchor."]
        place.unlink()
        assert log.faults() == ["Seals 1 to 3 are not in the anchor."]
    place.write_text(kept.replace(log.links()[1].hash.hex(), hashlib.sha256().hexdigest()))
    [fault] = log.faults()
    assert fault.startswith("Seal 2 of") and "is not the one that was anchored" in fault
    place.write_text(kept + "nonsense\n")
    assert log.faults() == ["Line 4 of the anchor cannot be read."]
    place.write_text(kept + kept.splitlines(keepends=True)[0])
    assert log.faults() == ["Line 4 of the anchor, of seal 1, stands after that of seal 3."]


def test_an_anchor_that_could_not_be_written_is_caught_up(log: Log, settings: Settings) -> None:
    place = anchor.place(log.fmo_id)
    kept = place.read_text()
    place.unlink()
    place.mkdir()
    logged(log.store, log.world.summit)
    assert log.seal() == 1, "sealing goes on"
    assert log.faults()[0] == "The anchor cannot be read (Is a directory)."
    place.rmdir()
    log.seal()
    assert place.read_text().startswith(kept) and len(place.read_text().splitlines()) == 4
    assert log.faults() == []


def test_a_late_commit_goes_into_a_later_seal(log: Log, setup_engine: Engine) -> None:
    entry_id = new_id()
    with setup_engine.connect() as slow:
        slow.execute(
            text(
                "INSERT INTO access_entry (fmo_id, id, actor_name, role, action, outcome)"
                " VALUES (:fmo, :id, 'Slow', 'system', 'policy.list', 'done')"
            ),
            {"fmo": log.fmo_id, "id": entry_id},
        )
        after = logged(log.store, log.world.summit, at=datetime.now(UTC))
        assert log.seal() == 1, "one that is open holds nobody up"
        slow.commit()
    assert log.seal() == 1
    assert log.faults() == []
    with setup_engine.connect() as connection:
        seals = connection.execute(text("SELECT id, n FROM seal_member WHERE n > 3")).all()
    assert {(row.id, row.n) for row in seals} == {(after.id, 4), (entry_id, 5)}


def test_of_two_sealers_one_waits_for_nothing(log: Log, app: Flask) -> None:
    logged(log.store, log.world.summit)
    with app.app_context(), open_session(sealing(log.fmo_id)) as first:
        assert statements.lock(first, log.fmo_id)
        assert log.seal() == 0
    assert log.seal() == 1


def test_the_installations_own_log_has_a_chain(log: Log, app: Flask, client_for: Any) -> None:
    from portal.compliance.models import InstallationEntry

    entry = add(log.store, InstallationEntry(action="session.refused", outcome="refused", reason="unknown name"))
    assert log.seal() == 1
    with app.app_context():
        assert checking.verify(INSTALLATION).faults == []
        log.harm("UPDATE installation_entry SET reason = 'other' WHERE id = :id", id=entry.id)
        [fault] = checking.verify(INSTALLATION).faults
    assert str(entry.id) in fault


def test_every_column_of_an_entry_is_in_its_line() -> None:
    from portal.compliance.models import AccessEntry, InstallationEntry

    assert set(lines.ACCESS_ENTRY) == set(AccessEntry.__table__.columns.keys()), "see the docstring of lines"
    assert set(lines.INSTALLATION_ENTRY) == set(InstallationEntry.__table__.columns.keys())


@pytest.mark.parametrize("table", ["access_entry", "seal", "seal_member", "installation_entry", "access_entry_default"])
@pytest.mark.parametrize("work", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
def test_no_login_of_ours_changes_the_log(log: Log, settings: Settings, table: str, work: str) -> None:
    month = f"access_entry_{datetime.now(UTC):%Y_%m}"
    for login in LOGINS:
        engine = create_engine(settings.database_url_for(login))
        for name in {table, month}:
            with engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
                connection.execute(text(work.format(name)))
        engine.dispose()


def test_even_a_superuser_stumbles_over_the_trigger(log: Log, setup_engine: Engine) -> None:
    for work in ("UPDATE seal SET n = n", "DELETE FROM seal_member", "DELETE FROM access_entry"):
        with setup_engine.connect() as connection, pytest.raises(DBAPIError, match="never changed"):
            connection.execute(text(work))


@pytest.mark.deep
@pytest.mark.timeout(1800)
def test_a_million_entries_verify_in_bounded_memory(
    app: Flask, setup_engine: Engine, world: World, seal: Callable[[], int]
) -> None:
    many = (
        "INSERT INTO access_entry (fmo_id, id, at, actor_name, role, action, outcome, subject_ids)"
        " SELECT :fmo, uuidv7(), now() - interval '9 hours' + g * interval '30 milliseconds', 'Many', 'system',"
        " 'policy.list', 'done', ARRAY[uuidv7()] FROM generate_series(1, 1000000) g"
    )
    with setup_engine.begin() as connection:
        connection.execute(text(many), {"fmo": world.summit.fmo.id})
    assert seal() == 1_000_000
    before = psutil.Process().memory_info().rss
    with app.app_context():
        found = checking.verify(world.summit.fmo.id)
    assert (found.entries, found.seals, found.faults) == (1_000_000, 1000, [])
    assert psutil.Process().memory_info().rss - before < 150 * 1024 * 1024
