"""Watched folders: files are taken once, whole, and never from anywhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.book.arrival.models import ArrivalFile, ArrivalSource
from portal.book.arrival.operations import tidying
from portal.book.models import Connector, FeedRun, Policy
from portal.config import Settings
from portal.identity.models import Fmo
from tests.portal.book.arrival.conftest import Look, let_settle, load_all, outcomes, work, write
from tests.portal.book.rows import aetna
from tests.support import arrival_builders as arrivals


@pytest.fixture
def source(store: Session, connector: Connector, inbox: Path) -> ArrivalSource:
    """Its folder `files`."""
    (inbox / "files").mkdir()
    return arrivals.folder_source(store, connector)


def _runs(store: Session) -> int:
    store.rollback()
    return store.scalar(select(func.count()).select_from(FeedRun)) or 0


def test_a_file_is_taken_at_the_second_look_and_moved_with_its_run(
    app: Flask, store: Session, fmo: Fmo, source: ArrivalSource, inbox: Path, carry_out: Look
) -> None:
    file = write(inbox / "files" / "book_20261103.csv", aetna({}))
    assert outcomes(carry_out(source)) == {"book_20261103.csv": "waiting"}
    assert file.exists() and _runs(store) == 0
    assert outcomes(carry_out(source)) == {"book_20261103.csv": "waiting"}, "seconds apart proves nothing"
    let_settle(store)
    found = carry_out(source)
    assert outcomes(found) == {"book_20261103.csv": "taken"} and found.taken == 1
    [run] = load_all(app, store, fmo)
    assert (run.status, run.new, run.connector_id) == ("succeeded", 1, source.connector_id)
    assert run.requested_by == "Watched folder" and run.requester_id is None
    assert [path.name for path in (inbox / "files" / "done").iterdir()] == [f"{run.id}-book_20261103.csv"]
    assert not file.exists()
    assert store.scalar(select(func.count()).select_from(Policy)) == 1


def test_a_file_that_grows_is_left_alone(store: Session, source: ArrivalSource, inbox: Path, carry_out: Look) -> None:
    file = write(inbox / "files" / "a.csv", b"half")
    carry_out(source)
    for step in range(2):
        let_settle(store)
        file.write_bytes(file.read_bytes() + b" more")
        assert outcomes(carry_out(source)) == {"a.csv": "waiting"}, step
    assert _runs(store) == 0
    let_settle(store)
    assert outcomes(carry_out(source)) == {"a.csv": "taken"}


@pytest.mark.parametrize("name", [".hidden.csv", "a.csv.part", "a.TMP", "a.filepart", "b.csv~"])
def test_unfinished_names_are_left_alone(
    store: Session, source: ArrivalSource, inbox: Path, carry_out: Look, name: str
) -> None:
    write(inbox / "files" / name, b"x")
    carry_out(source)
    let_settle(store)
    assert set(outcomes(carry_out(source)).values()) == {"left"}
    assert _runs(store) == 0


def test_hostile_names_links_and_folders_are_left_alone(
    store: Session, source: ArrivalSource, inbox: Path, carry_out: Look, tmp_path: Path
) -> None:
    secret = write(tmp_path / "secret.csv", b"not theirs")
    (inbox / "files" / "link.csv").symlink_to(secret)
    (inbox / "files" / "folder.csv").mkdir()
    write(inbox / "files" / "new\nline.csv", b"x")
    write(inbox / "files" / "evil\u202egpj.csv", b"x")
    os.mkfifo(inbox / "files" / "pipe.csv")
    Path(os.fsdecode(os.fsencode(inbox / "files") + b"/raw\xff.csv")).write_bytes(b"x")
    carry_out(source)
    let_settle(store)
    found = carry_out(source)
    assert set(outcomes(found).values()) == {"left"} and len(found.lines) == 6
    assert (found.status, found.error) == ("done", None)
    assert _runs(store) == 0


def test_a_folder_that_leads_out_is_not_opened(
    store: Session, connector: Connector, inbox: Path, carry_out: Look, tmp_path: Path
) -> None:
    write(tmp_path / "there" / "a.csv", b"x")
    (inbox / "out").symlink_to(tmp_path / "there")
    for number, folder in enumerate(("out", "../other", "out/../../x", "/etc")):
        found = carry_out(arrivals.folder_source(store, connector, folder=folder, pattern=f"*{number}*"))
        if folder == "/etc":  # only ever below the inbox
            assert found.status == "done" and (inbox / "etc").is_dir()
        else:
            assert found.status == "failed" and found.error and "Nothing was taken" in found.error, folder
    assert _runs(store) == 0


def test_the_fmos_own_folder_may_not_be_a_link(
    store: Session, settings: Settings, source: ArrivalSource, inbox: Path, carry_out: Look
) -> None:
    other = settings.inbox / "somebody-else"
    inbox.rename(other)
    write(other / "files" / "theirs.csv", b"x")
    inbox.symlink_to(other)
    assert carry_out(source).status == "failed"


def test_nothing_is_loaded_twice(
    app: Flask, store: Session, fmo: Fmo, source: ArrivalSource, inbox: Path, carry_out: Look
) -> None:
    for _ in range(2):
        write(inbox / "files" / "book_20261103.csv", aetna({}), age=3)
        carry_out(source)
        let_settle(store)
        last = carry_out(source)
        load_all(app, store, fmo)
    assert outcomes(last) == {"book_20261103.csv": "known"}
    assert _runs(store) == 1 and not (inbox / "files" / "book_20261103.csv").exists()


def test_a_file_whose_run_failed_goes_to_refused_and_may_come_again(
    app: Flask, store: Session, fmo: Fmo, source: ArrivalSource, inbox: Path, carry_out: Look
) -> None:
    for _ in range(2):
        write(inbox / "files" / "book.csv", b"this,is\nno,book\n", age=3)
        carry_out(source)
        let_settle(store)
        assert outcomes(carry_out(source)) == {"book.csv": "taken"}
        assert load_all(app, store, fmo)[-1].status == "failed"
    carry_out(source)
    assert len(list((inbox / "files" / "refused").iterdir())) == 2
    assert list((inbox / "files" / "done").iterdir()) == []


@pytest.mark.parametrize("dies", ["before the hand-in", "before the move"])
def test_a_worker_that_dies_loses_nothing_and_loads_nothing_twice(
    app: Flask, store: Session, fmo: Fmo, source: ArrivalSource, inbox: Path, carry_out: Look, dies: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    write(inbox / "files" / "book_20261103.csv", aetna({}))
    carry_out(source)
    let_settle(store)

    class Killed(BaseException):
        """As a signal that nothing catches."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    from portal.book.arrival.operations import taking

    with monkeypatch.context() as patched:
        if dies == "before the move":
            patched.setattr(tidying, "put_away", die)
        else:
            patched.setattr(taking, "_remember", die)
        with pytest.raises(Killed):
            carry_out(source)
    assert (inbox / "files" / "book_20261103.csv").exists()
    assert _runs(store) == (1 if dies == "before the move" else 0)
    from portal.book.arrival.models import ArrivalLook

    open_look = store.scalars(select(ArrivalLook).where(ArrivalLook.status == "running")).one()
    work(app, source, open_look.id)  # the queue sends it again
    store.rollback()
    assert _runs(store) == 1
    assert [path.name.endswith("-book_20261103.csv") for path in (inbox / "files" / "done").iterdir()] == [True]
    assert load_all(app, store, fmo)[0].status == "succeeded"


def test_a_new_file_of_an_old_name_is_not_moved_away_unread(
    app: Flask, store: Session, fmo: Fmo, source: ArrivalSource, inbox: Path, carry_out: Look,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    file = write(inbox / "files" / "book_20261103.csv", aetna({}))
    carry_out(source)
    let_settle(store)
    moved = tidying.put_away

    def overtaken(place: object, order: object, entries: object) -> None:
        file.unlink()
        write(file, aetna({}, {"Member ID": "102000000002"}))
        moved(place, order, entries)  # type: ignore[arg-type]  # whatever it was given

    with monkeypatch.context() as patched:
        patched.setattr(tidying, "put_away", overtaken)
        assert outcomes(carry_out(source)) == {"book_20261103.csv": "taken"}
    assert file.exists()
    load_all(app, store, fmo)
    carry_out(source)
    let_settle(store)
    assert outcomes(carry_out(source)) == {"book_20261103.csv": "taken"}
    assert len(load_all(app, store, fmo)) == 2


def test_too_large_is_refused_once(
    store: Session, source: ArrivalSource, inbox: Path, carry_out: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.book.arrival import judging

    monkeypatch.setattr(judging, "MAX_BYTES", 10)
    write(inbox / "files" / "a.csv", b"x" * 11)
    carry_out(source)
    let_settle(store)
    found = carry_out(source)
    assert outcomes(found) == {"a.csv": "refused"}
    assert [path.name.endswith("-a.csv") for path in (inbox / "files" / "refused").iterdir()] == [True]
    assert store.scalars(select(ArrivalFile.state)).all() == ["refused"]


def test_testing_takes_nothing(store: Session, source: ArrivalSource, inbox: Path, carry_out: Look) -> None:
    write(inbox / "files" / "a.csv", b"x")
    write(inbox / "files" / "b.txt", b"x")
    carry_out(source)
    let_settle(store)
    found = carry_out(source, "test")
    assert outcomes(found) == {"a.csv": "ready", "b.txt": "ready"}
    assert _runs(store) == 0 and (inbox / "files" / "a.csv").exists()


def test_a_full_disk_is_said_and_loses_nothing(
    store: Session, source: ArrivalSource, inbox: Path, carry_out: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from portal.book.arrival import folder

    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write(inbox / "files" / "a.csv", b"x")
    carry_out(source)
    let_settle(store)
    with monkeypatch.context() as patched:
        patched.setattr(folder, "TemporaryFile", full)
        found = carry_out(source)
    assert found.status == "failed" and found.error and "No space left" in found.error
    assert (inbox / "files" / "a.csv").exists() and _runs(store) == 0
    assert outcomes(carry_out(source)) == {"a.csv": "taken"}
