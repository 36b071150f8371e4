"""Social security numbers of a carrier file: after it is loaded, nothing anywhere has them."""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.book.models import FeedFile, FeedProblem, FeedRun, Policy
from portal.book.operations import request
from portal.connectors.readers import MAX_BYTES
from portal.core.crypto import decrypt_bytes
from portal.identity.models import Fmo
from tests.portal.book.conftest import Load
from tests.portal.book.rows import AETNA, person, table

NUMBERS = ("900610042", "900-61-0042", "900610043", "900-61-0043")


def _with_numbers() -> bytes:
    rows = [
        AETNA | {"Subscriber SSN": NUMBERS[0]},
        AETNA | person(2) | {"Subscriber SSN": NUMBERS[1]},
        AETNA | person(3) | {"Subscriber SSN": NUMBERS[2], "Coverage Effective Date": "never"},
        AETNA | person(4) | {"Subscriber SSN": "", "Medicare Number": NUMBERS[3]},
    ]
    return table([*AETNA, "Subscriber SSN"], rows)


def _everything(engine: Engine) -> str:
    """All rows of all tables as text."""
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                                         "'public'::regnamespace")).scalars().all()  # fmt: skip
        return "\n".join(
            str(row)
            for name in tables
            for row in connection.exec_driver_sql(f'SELECT CAST(t AS text) FROM public."{name}" t').scalars()
        )


def test_nothing_keeps_a_number(
    load: Load, store: Session, setup_engine: Engine, fmo: Fmo, caplog: pytest.LogCaptureFixture,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Not the book, not the kept file when it is decrypted, not the rows not taken, no log, no folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    body = _with_numbers()
    with caplog.at_level(logging.DEBUG):
        run = load(body)
    assert (run.status, run.new, run.refused) == ("succeeded", 3, 1), run.error
    assert (run.sha256, run.size) == (hashlib.sha256(body).hexdigest(), len(body))
    assert "The column “Subscriber SSN” was emptied before the file was kept." in run.notes
    pieces = store.scalars(select(FeedFile.body).where(FeedFile.run_id == run.id).order_by(FeedFile.piece)).all()
    kept = b"".join(decrypt_bytes(piece, fmo_id=fmo.id, field=request.FIELD) for piece in pieces).decode()
    told = _everything(setup_engine)
    assert "Abbot" in told and "ABBOT" in kept and store.scalars(select(FeedProblem)).one().column_name
    for place in (told, kept, caplog.text, str(run.notes)):
        assert [number for number in NUMBERS if number in place] == []
    assert list(tmp_path.iterdir()) == []


def test_the_same_file_with_and_without_its_numbers_is_the_same_book(load: Load, store: Session) -> None:
    """Nothing else is lost at the door."""
    load(_with_numbers())
    rows = [AETNA, AETNA | person(2), AETNA | person(4, **{"Medicare Number": ""})]
    again = load(table([*AETNA, "Subscriber SSN"], rows), day="20261104")
    assert (again.new, again.changed, again.unchanged) == (0, 0, 3)


def test_a_file_that_cannot_be_read_is_not_kept(load: Load, store: Session) -> None:
    """Its run has failed and says why; its bytes are nowhere."""
    run = load(b"%PDF-1.7 SSN 900-61-0042")
    assert run.status == "failed" and run.finished_at and run.error and "PDF" in run.error
    assert run.error.endswith("Nothing in the book was changed.")
    assert store.scalars(select(FeedFile)).all() == [] == store.scalars(select(Policy)).all()


def test_a_file_that_is_too_large_is_turned_away_before_it_is_copied(
    load: Load, store: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two gigabytes, of which nothing but the hash is taken."""
    monkeypatch.setattr(shutil, "copyfileobj", lambda *_: pytest.fail("the file was copied"))
    path = tmp_path / "book.csv"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)
    run: FeedRun = load(path)
    assert run.status == "failed" and run.error and f"{MAX_BYTES // 1024**2} MB" in run.error
    assert run.size == 2 * 1024**3
    assert store.scalars(select(FeedFile)).all() == []
