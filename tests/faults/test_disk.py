"""A disk that is full: a sentence, an account as it was, and a Retry that succeeds once there is room."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.runtime import folders
from tests.faults.accounts import account, content, run_of, wait_for
from tests.faults.crew import Crew
from tests.portal.sync.runs import ask_for_run, versions

NO_MOUNT = "A small file system could not be mounted (that needs root), so no disk was filled."


@contextmanager
def small_disk_for(engine: Engine, table: str) -> Iterator[Path]:
    """A file system of sixteen megabytes, on which one table stands."""
    place = Path("/tmp") / f"portal-disk-{uuid4().hex[:8]}"  # the server's user must pass through every parent
    place.mkdir(mode=0o755)
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        place.rmdir()
        pytest.skip(NO_MOUNT)
    try:
        user = folders.server_user(Path(_data(engine)))
        if user:
            subprocess.run(["chown", f"{user.pw_uid}:{user.pw_gid}", str(place)], check=True)
        _execute(engine, f"CREATE TABLESPACE small LOCATION '{place}'")
        _execute(engine, f"ALTER TABLE {table} SET TABLESPACE small")
        yield place
    finally:
        (place / "filler").unlink(missing_ok=True)
        _execute(engine, f"ALTER TABLE {table} SET TABLESPACE pg_default")
        _execute(engine, "DROP TABLESPACE IF EXISTS small")
        subprocess.run(["umount", "-l", str(place)], check=False)
        place.rmdir()


@pytest.fixture
def small_disk(setup_engine: Engine) -> Iterator[Path]:
    """The disk on which the copies of policies stand."""
    with small_disk_for(setup_engine, "crm_policy") as place:
        yield place


def fill(disk: Path) -> None:
    """Leave no room."""
    with (disk / "filler").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"\0" * 65536)


def _data(engine: Engine) -> str:
    """The data folder of the server."""
    with engine.connect() as connection:
        return str(connection.execute(text("SHOW data_directory")).scalar_one())


def _execute(engine: Engine, statement: str) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))


def test_a_full_disk(small_disk: Path, crew: Crew, app: Flask, store: Session, setup_engine: Engine) -> None:
    business = account(store, "disturbed")
    before, said = versions(setup_engine), len(crew.said())
    fill(small_disk)

    run_id = ask_for_run(app, business)
    failed = wait_for(setup_engine, run_id, "failed", "succeeded")

    assert failed.status == "failed" and failed.attempt == 1
    assert "disk is full. Nothing in the account was changed." in failed.error and "Retry" in failed.error
    assert versions(setup_engine) == before
    assert "Traceback" not in crew.said()[said:]
    (small_disk / "filler").unlink()
    again = ask_for_run(app, business)
    assert wait_for(setup_engine, again, "failed", "succeeded").status == "succeeded"
    assert len(content(setup_engine, business.id)["crm_policy"]) == 40
    assert run_of(setup_engine, run_id).status == "failed"
