"""Months past their term: archived, approved, ended; what is a day younger, held, altered or not approved stays."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.compliance.retention import ending, statements
from portal.compliance.retention.ending import Step, years_before
from portal.compliance.retention.models import LegalHold, LogArchive, LogTerm
from portal.compliance.retention.months import Month, month_of
from portal.compliance.seals import checking, operations, runs
from portal.config import RETENTION_LOGIN, Settings
from portal.core import clock
from portal.core.crypto import encrypt
from portal.core.ids import new_id
from tasks import sealer
from tests.portal.compliance.test_access import entries, logged
from tests.support.builders import add
from tests.support.world import Office, World

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
OLD = month_of(years_before(NOW, 10)).later(-1)  # the newest month that is past ten years


@pytest.fixture
def old_months(setup_engine: Engine, store: Session, settings: Settings) -> Iterator[list[Month]]:
    """Three months of ten years ago in the log: two past the term, one that is not."""
    there = [OLD.later(-1), OLD, OLD.later(1)]
    with setup_engine.begin() as connection:
        owner = settings.login_name("fmo").removesuffix("_fmo") + "_owner"
        connection.execute(text(f'SET LOCAL ROLE "{owner}"'))
        for month in there:
            span = f"FROM ('{month.begin.isoformat()}') TO ('{month.end.isoformat()}')"
            connection.execute(text(f"CREATE TABLE {month.partition} PARTITION OF access_entry FOR VALUES {span}"))
            connection.execute(
                text(f"ALTER TABLE {month.partition} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
            )
    yield there
    store.rollback()
    with setup_engine.begin() as connection:
        for month in there:
            connection.execute(text(f"DROP TABLE IF EXISTS {month.partition}"))


class Keeper:
    """A log of ten years ago, and a clock that can be set."""

    def __init__(self, app: Flask, store: Session, world: World, seal: Callable[[], int]) -> None:
        self.app, self.store, self.world, self.seal = app, store, world, seal
        self.now = NOW

    def log(self, office: Office, month: Month, number: int, **values: Any) -> list[UUID]:
        """Entries of `office` in the last minutes of a month."""
        last = month.end - timedelta(seconds=number)
        return [logged(self.store, office, at=last + timedelta(seconds=n), **values).id for n in range(number)]

    def run(self, by: str = "", *, dry: bool = False) -> dict[str, Step]:
        """A run of the retention; what became of which month."""
        with self.app.app_context():
            return {str(step.month): step for step in ending.run(self.now, by=by, dry=dry)}

    def states(self, by: str = "") -> dict[str, str]:
        return {month: step.state for month, step in self.run(by).items()}

    def archives(self) -> list[LogArchive]:
        self.store.rollback()
        return self.store.query(LogArchive).order_by(LogArchive.month, LogArchive.fmo_id).populate_existing().all()

    def approve(self, *officers: UUID) -> None:
        """Every archive is approved by the first, and by the second where there is one."""
        for archive in self.archives():
            archive.approved_by, archive.approved_name, archive.approved_at = officers[0], "First", clock.now()
            if len(officers) > 1:
                archive.second_by, archive.second_name, archive.second_at = officers[1], "Second", clock.now()
        self.store.commit()

    def faults(self, office: Office) -> list[str]:
        with self.app.app_context():
            return checking.verify(office.fmo.id).faults

    def left(self, office: Office) -> int:
        return len([entry for entry in entries(self.store, office) if entry.action == "policy.list"])


@pytest.fixture
def keeper(
    app: Flask, store: Session, world: World, seal: Callable[[], int], old_months: list[Month], settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Keeper:  # fmt: skip
    monkeypatch.setattr(operations, "BATCH", 4)
    monkeypatch.setattr(operations, "STEP", 400)
    monkeypatch.setattr(ending, "WAIT", 0.05)
    return Keeper(app, store, world, seal)


def test_past_the_term_archived_and_verifiable_one_day_younger_still_there(keeper: Keeper) -> None:
    summit, lakeside = keeper.world.summit, keeper.world.lakeside
    keeper.log(summit, OLD, 10), keeper.log(lakeside, OLD, 3)
    younger = logged(keeper.store, summit, at=OLD.end)
    keeper.seal()
    keeper.now = OLD.end.replace(year=OLD.end.year + 10) - timedelta(seconds=1)
    assert keeper.states() == {str(OLD.later(-1)): "ended"}, "an empty month needs nobody's approval"
    keeper.now += timedelta(seconds=1)
    assert keeper.states() == {str(OLD): "archived"}
    assert keeper.states() == {str(OLD): "waits"}
    keeper.approve(new_id(), new_id())
    assert keeper.run()[str(OLD)] == Step(OLD, 13, "ended")
    assert keeper.states() == {}
    assert [entry.id for entry in entries(keeper.store, summit, "policy.list")] == [younger.id]
    assert keeper.left(lakeside) == 0
    keeper.seal()
    for office, number in ((summit, 10), (lakeside, 3)):
        with keeper.app.app_context():
            found = checking.verify(office.fmo.id)
        assert (found.faults, found.archived) == ([], number)
        [entry] = entries(keeper.store, office, "log_archive.end")
        assert entry.detail == {"month": str(OLD), "count": number}


def test_a_seal_over_the_edge_of_a_month_is_proven_on_both_sides(keeper: Keeper) -> None:
    summit = keeper.world.summit
    keeper.log(summit, OLD.later(-1), 6)
    for n in range(6):
        logged(keeper.store, summit, at=OLD.begin + timedelta(seconds=n))
    keeper.log(summit, OLD, 2)
    keeper.seal()
    keeper.run()
    assert [len(archive.parts) for archive in keeper.archives()] == [1, 1], "the second of four seals is shared"
    keeper.approve(new_id(), new_id())
    first, second = OLD.later(-1), OLD
    assert keeper.states() == {str(first): "ended", str(second): "ended"}
    keeper.seal()
    assert keeper.faults(summit) == []


def test_a_month_beside_an_archived_one_is_archived_later(keeper: Keeper) -> None:
    summit = keeper.world.summit
    keeper.log(summit, OLD.later(-1), 6)
    for n in range(6):
        logged(keeper.store, summit, at=OLD.begin + timedelta(seconds=n))
    keeper.seal()
    keeper.now = OLD.begin.replace(year=OLD.begin.year + 10)
    keeper.run()
    keeper.approve(new_id(), new_id())
    assert keeper.states() == {str(OLD.later(-1)): "ended"}
    keeper.seal()
    assert keeper.faults(summit) == [], "half of the shared seal is archived"
    keeper.now = NOW
    assert keeper.states() == {str(OLD): "archived"}


def test_two_people_or_one_and_the_operator(keeper: Keeper) -> None:
    keeper.log(keeper.world.summit, OLD, 2)
    keeper.seal()
    keeper.run()
    assert keeper.states("Olive Operator")[str(OLD)] == "waits", "the operator alone is one"
    keeper.approve(new_id())
    assert keeper.states()[str(OLD)] == "waits", "an officer alone is one"
    assert keeper.states("Olive Operator")[str(OLD)] == "ended"
    [entry] = entries(keeper.store, keeper.world.summit, "log_archive.end")
    assert entry.actor_name == "Olive Operator"


@pytest.mark.parametrize("kind", ["log", "member", "person", "business"])
def test_a_hold_of_one_fmo_keeps_the_month_for_all(keeper: Keeper, kind: str) -> None:
    member = new_id()
    who = {"member_ids": [member], "actor_id": member, "business_id": member, "detail": {"business": str(member)}}
    field = {"member": "member_ids", "person": "actor_id", "business": "detail"}.get(kind, "member_ids")
    keeper.log(keeper.world.lakeside, OLD, 2), keeper.log(keeper.world.summit, OLD, 1, **{field: who[field]})
    keeper.seal()
    keeper.run()
    keeper.approve(new_id(), new_id())
    hold = _hold(keeper, kind, None if kind == "log" else member)
    assert keeper.run()[str(OLD)] == Step(OLD, 3, "held", f"Legal hold {hold.id}.")
    with pytest.raises(DBAPIError, match="under a legal hold"):
        _end_by_hand(keeper, OLD)
    hold.lifted_at, hold.lifted_by = clock.now(), new_id()
    keeper.store.commit()
    assert keeper.states()[str(OLD)] == "ended"


def test_a_hold_of_what_the_month_does_not_name_keeps_nothing(keeper: Keeper) -> None:
    keeper.log(keeper.world.summit, OLD, 1)
    keeper.seal()
    _hold(keeper, "member", new_id())
    assert keeper.states()[str(OLD)] == "archived"


def _hold(keeper: Keeper, kind: str, subject: UUID | None) -> LegalHold:
    fmo_id = keeper.world.summit.fmo.id
    reason = encrypt("A claim at court", fmo_id=fmo_id, field="legal_hold")
    return add(
        keeper.store,
        LegalHold(fmo_id=fmo_id, kind=kind, subject_id=subject, reason=reason, placed_by=new_id(), placed_name="Ann"),
    )


def _end_by_hand(keeper: Keeper, month: Month, as_of: datetime = NOW, operator: str = "Mallory") -> None:
    with keeper.app.app_context():
        engine = ending.engine_of()
        try:
            with engine.begin() as connection:
                statements.end(connection, month, as_of, operator)
        finally:
            engine.dispose()


def test_a_longer_term_of_one_fmo_keeps_the_month_for_all(keeper: Keeper) -> None:
    keeper.log(keeper.world.lakeside, OLD, 1), keeper.log(keeper.world.summit, OLD, 1)
    keeper.seal()
    summit = keeper.world.summit
    who = {"fmo_id": summit.fmo.id, "set_by": summit.compliance.id, "set_name": "Officer"}
    add(keeper.store, LogTerm(**who, years=12, set_at=NOW))
    assert str(OLD) not in keeper.states()
    add(keeper.store, LogTerm(**who, years=6, set_at=NOW + timedelta(minutes=1)))
    assert keeper.states()[str(OLD)] == "archived", "the other one's ten years are over, too"


def test_the_database_itself_refuses_what_the_policy_forbids(keeper: Keeper, settings: Settings) -> None:
    keeper.log(keeper.world.summit, OLD, 2)
    keeper.seal()
    with pytest.raises(DBAPIError, match="not archived"):
        _end_by_hand(keeper, OLD)
    keeper.run()
    with pytest.raises(DBAPIError, match="not approved by two people"):
        _end_by_hand(keeper, OLD)
    keeper.approve(new_id())
    with pytest.raises(DBAPIError, match="not approved by two people"):
        _end_by_hand(keeper, OLD, operator="")
    with pytest.raises(DBAPIError, match="within the term"):
        _end_by_hand(keeper, OLD, as_of=NOW - timedelta(days=60))
    who = {"fmo_id": keeper.world.summit.fmo.id, "set_by": new_id(), "set_name": "Officer"}
    longer = add(keeper.store, LogTerm(**who, years=20, set_at=NOW))
    with pytest.raises(DBAPIError, match="within the term"):
        _end_by_hand(keeper, OLD, as_of=NOW + timedelta(days=40_000))
    keeper.store.delete(longer)
    keeper.store.commit()
    logged(keeper.store, keeper.world.summit, at=OLD.begin)
    with pytest.raises(DBAPIError, match="not archived as it is now"):
        _end_by_hand(keeper, OLD)
    assert keeper.run("Olive")[str(OLD)].state == "refused", "an entry that came later is not lost with the month"
    this = month_of(clock.now())
    with pytest.raises(DBAPIError, match="not six years old"):
        _end_by_hand(keeper, this, as_of=NOW + timedelta(days=40_000))


def test_the_login_sees_nothing_and_no_other_login_ends_a_month(keeper: Keeper, settings: Settings) -> None:
    for login in ("compliance", "jobs", "sealer", "identity", "fmo", "keys"):
        engine = create_engine(settings.database_url_for(login))
        with engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
            statements.end(connection, OLD, NOW, "x")
        engine.dispose()
    engine = create_engine(settings.database_url_for(RETENTION_LOGIN))
    for table in ("access_entry", "log_archive", "legal_hold", "seal", OLD.partition):
        with engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text(f"SELECT 1 FROM {table}"))
    with engine.connect() as connection, pytest.raises(DBAPIError, match="must be owner"):
        connection.execute(text(f"DROP TABLE {OLD.partition}"))
    engine.dispose()


def test_forced_row_security_is_back_after_a_month_ended(keeper: Keeper, setup_engine: Engine) -> None:
    keeper.log(keeper.world.summit, OLD, 1)
    keeper.seal()
    keeper.run()
    keeper.approve(new_id(), new_id())
    assert keeper.states()[str(OLD)] == "ended"
    sql = (
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND relname <> 'alembic_version' AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    with setup_engine.connect() as connection:
        assert connection.execute(text(sql)).all() == []


@pytest.mark.parametrize("harm", ["gone", "changed", "forged"])
def test_a_month_whose_archive_went_bad_stays(keeper: Keeper, settings: Settings, harm: str) -> None:
    keeper.log(keeper.world.summit, OLD, 3)
    keeper.seal()
    keeper.run()
    keeper.approve(new_id(), new_id())
    [archive] = keeper.archives()
    path = settings.archive / archive.file
    kept, signature = path.read_bytes(), archive.signature
    if harm == "gone":
        path.unlink()
    elif harm == "changed":
        path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    else:
        archive.signature = bytes(64)
        keeper.store.commit()
    step = keeper.run("Olive")[str(OLD)]
    assert (step.state, keeper.left(keeper.world.summit)) == ("refused", 3), "weeks lie between archive and approval"
    path.write_bytes(kept)
    archive.signature = signature
    keeper.store.commit()
    assert keeper.states()[str(OLD)] == "ended"


def test_an_altered_log_is_not_archived(keeper: Keeper, setup_engine: Engine) -> None:
    ids = keeper.log(keeper.world.summit, OLD, 3)
    keeper.seal()
    with setup_engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE access_entry SET outcome = 'refused' WHERE id = :id"), {"id": ids[1]})
    step = keeper.run()[str(OLD)]
    assert step.state == "refused" and "is not right any more" in step.why
    assert keeper.archives() == [] and keeper.left(keeper.world.summit) == 3


def test_what_is_in_no_seal_is_not_archived(keeper: Keeper) -> None:
    keeper.log(keeper.world.summit, OLD, 3)
    step = keeper.run()[str(OLD)]
    assert step.state == "refused" and "0 of them under its seals" in step.why


def test_a_damaged_file_a_missing_one_and_a_record_that_is_not_ours(keeper: Keeper, settings: Settings) -> None:
    summit = keeper.world.summit
    keeper.log(summit, OLD, 3)
    keeper.seal()
    keeper.run()
    keeper.approve(new_id(), new_id())
    keeper.run()
    keeper.seal()
    assert keeper.faults(summit) == []
    [archive] = keeper.archives()
    path = settings.archive / archive.file
    kept = path.read_bytes()
    path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    assert "is not what was archived" in str(keeper.faults(summit))
    path.unlink()
    assert "cannot be read (No such file or directory)" in str(keeper.faults(summit))
    path.write_bytes(kept)
    archive.signature = bytes(64)
    keeper.store.commit()
    faults = keeper.faults(summit)
    assert len(faults) == 4 and "not signed by a key of ours" in faults[-1]
    assert all(fault.endswith("was removed.") for fault in faults[:3])


@pytest.mark.parametrize("how", ["gone", "changed", "record"])
def test_nothing_leaves_the_log_for_an_archive_that_was_lost_meanwhile(
    keeper: Keeper, settings: Settings, how: str
) -> None:
    keeper.log(keeper.world.summit, OLD, 3)
    keeper.seal()
    keeper.run()
    keeper.approve(new_id(), new_id())
    [archive] = keeper.archives()
    path = settings.archive / archive.file
    if how == "gone":
        path.unlink()
    elif how == "changed":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        archive.seals = 99
        keeper.store.commit()
    step = keeper.run()[str(OLD)]
    why = {"gone": "cannot be read", "changed": "changed or damaged", "record": "not signed"}[how]
    assert step.state == "refused" and why in step.why
    assert keeper.left(keeper.world.summit) == 3


def test_an_archive_is_checked_without_the_portal(keeper: Keeper, settings: Settings, tmp_path: Path) -> None:
    summit = keeper.world.summit
    keeper.log(summit, OLD.later(-1), 6)
    for n in range(6):
        logged(keeper.store, summit, at=OLD.begin + timedelta(seconds=n))
    keeper.seal()
    keeper.run()
    for archive in keeper.archives():
        folder = tmp_path / archive.file
        file = str(settings.archive / archive.file)
        done = keeper.app.test_cli_runner().invoke(args=["log", "unpack", file, str(folder), "--by", "Olive"])
        assert done.exit_code == 0, done.output
        checked = _verify(folder)
        assert checked.returncode == 0 and "6 entries are what was sealed" in checked.stdout, checked.stdout
        lines = (folder / "entries.jsonl").read_text().splitlines(keepends=True)
        (folder / "entries.jsonl").write_text("".join(lines[1:]))
        whole = json.loads(lines[0])["path"] is None
        assert _verify(folder).returncode == (1 if whole else 0), "of a whole seal none may be missing"
        (folder / "entries.jsonl").write_text("".join(lines).replace("Qadminsummit", "Somebody else", 1))
        assert _verify(folder).returncode == 1
    assert {entry.actor_name for entry in entries(keeper.store, summit, "log_archive.export")} == {"Olive"}


def _verify(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(folder / "verify_pack.py")]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_officers_read_how_much_is_archived(keeper: Keeper, client_for: Any) -> None:
    summit = keeper.world.summit
    keeper.log(summit, OLD, 3)
    keeper.seal()
    keeper.run()
    keeper.approve(new_id(), new_id())
    keeper.run()
    keeper.seal()
    with keeper.app.app_context():
        runs.daily()
    assert "3 entries are archived, as the seals say." in client_for(summit.compliance).get("/compliance/seal").text


def test_the_sealer_ends_daily_what_is_approved(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper.log(keeper.world.summit, OLD, 1)
    keeper.seal()
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with keeper.app.app_context():
        sealer._retain()
        assert len(keeper.archives()) == 1
        keeper.approve(new_id(), new_id())
        sealer._retain()
    assert [archive.ended_by for archive in keeper.archives() if archive.ended_at] == [None]


def test_the_command_says_what_it_did(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper.log(keeper.world.summit, OLD, 1)
    keeper.seal()
    monkeypatch.setattr(clock, "now", lambda: NOW)
    run = keeper.app.test_cli_runner().invoke
    told = json.loads(run(args=["log", "retain", "--dry-run", "--json"]).output)
    assert [month["state"] for month in told["months"]] == ["would", "would"] and keeper.archives() == []
    assert f"{OLD} with 1 entries was archived. It waits for approval." in run(args=["log", "retain"]).output
    keeper.approve(new_id())
    assert f"{OLD} with 1 entries was taken out of the log." in run(args=["log", "retain", "--by", "Olive"]).output
    assert run(args=["log", "retain"]).output == "No month of the log is past its term.\n"
