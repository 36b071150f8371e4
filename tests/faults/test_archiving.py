"""Archiving a month when whoever does it is killed, or the disk is full: the next run makes it whole."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy import Engine

from portal.config import Settings
from tests.faults.crew import ROOT, until
from tests.faults.test_compliance import held_up, waiting
from tests.faults.test_disk import NO_MOUNT, fill
from tests.portal.compliance.conftest import seal as seal
from tests.portal.compliance.retention.test_ending import OLD, Keeper
from tests.portal.compliance.retention.test_ending import keeper as keeper
from tests.portal.compliance.retention.test_ending import old_months as old_months
from tests.portal.compliance.test_access import entries

RETAIN = [sys.executable, "-m", "flask", "--app", "wsgi", "log", "retain"]


def is_whole(keeper: Keeper, settings: Settings) -> None:
    """One archive, whose file proves itself, told once in the log; nothing half made lies about."""
    [archive] = keeper.archives()
    assert archive.entries == 9
    assert len(entries(keeper.store, keeper.world.summit, "log_archive.write")) == 1
    mine = [one.name for one in settings.archive.iterdir() if one.name.startswith(str(archive.fmo_id))]
    assert mine == [archive.file]


@pytest.mark.parametrize("table", ["seal", "log_archive", "access_entry"], ids=["file", "record", "entry"])
def test_killed_where_it_writes(keeper: Keeper, settings: Settings, setup_engine: Engine, table: str) -> None:
    keeper.log(keeper.world.summit, OLD, 9)
    assert keeper.states() == {str(OLD.later(-1)): "ended", str(OLD): "refused"}, "empty, and not sealed yet"
    keeper.seal()
    keeper.store.rollback()
    with held_up(setup_engine, table, "ACCESS EXCLUSIVE" if table == "seal" else "SHARE"):
        retain = subprocess.Popen(RETAIN, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: waiting(setup_engine, table), "a run of the retention")
        retain.kill()
        retain.wait()
    states = keeper.states()
    assert states[str(OLD)] in ("archived", "waits")
    is_whole(keeper, settings)
    assert keeper.states() == {str(OLD): "waits"}
    is_whole(keeper, settings)


def test_a_full_disk(keeper: Keeper, settings: Settings) -> None:
    keeper.log(keeper.world.summit, OLD, 9)
    keeper.seal()
    settings.archive.mkdir(mode=0o700, parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(settings.archive)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip(NO_MOUNT)
    try:
        fill(settings.archive)
        step = keeper.run()[str(OLD)]
        assert step.state == "refused" and "No space left on device" in step.why
        assert keeper.archives() == []
        (settings.archive / "filler").unlink()
        assert keeper.states() == {str(OLD): "archived"}
        is_whole(keeper, settings)
    finally:
        subprocess.run(["umount", "-l", str(settings.archive)], check=True)
