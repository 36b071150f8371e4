"""Taking files from a real OpenSSH server, also where the line, the server or its files misbehave."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.arrival import sftp, signing_in
from portal.book.arrival.models import ArrivalSource
from portal.book.arrival.operations import ask
from portal.book.models import Connector, FeedRun
from portal.config import Settings
from portal.core.scope import Role
from portal.identity.models import Fmo
from tests.portal.book.arrival.conftest import (
    Look,
    again,
    let_settle,
    load_all,
    outcomes,
    own,
    runs,
    sftp_source,
    work,
    write,
)  # fmt: skip
from tests.portal.book.rows import aetna
from tests.support.people import acting
from tests.support.sftp import Line, Peer

pytestmark = [pytest.mark.sftp, pytest.mark.usefixtures("openssh")]


def test_a_file_is_taken_once_and_left_there(
    app: Flask, store: Session, fmo: Fmo, source: ArrivalSource, peer: Peer, carry_out: Look
) -> None:
    file = write(peer.folder / "book_20261103.csv", aetna({}), age=60)
    assert outcomes(carry_out(source)) == {"book_20261103.csv": "waiting"}
    let_settle(store)
    assert outcomes(carry_out(source)) == {"book_20261103.csv": "taken"}
    [run] = load_all(app, store, fmo)
    assert (run.status, run.new, run.requested_by) == ("succeeded", 1, "SFTP 127.0.0.1")
    assert outcomes(carry_out(source)) == {"book_20261103.csv": "known"}
    write(file, aetna({}), age=30)  # the same content, put there again
    carry_out(source)
    let_settle(store)
    assert outcomes(carry_out(source)) == {"book_20261103.csv": "known"}
    assert runs(store) == 1 and file.exists()
    write(file, aetna({"Plan Name": "Another plan"}), age=10)
    carry_out(source)
    let_settle(store)
    assert outcomes(carry_out(source)) == {"book_20261103.csv": "taken"}
    assert len(load_all(app, store, fmo)) == 2


def test_a_file_that_grows_between_looks_is_left_alone(
    store: Session, source: ArrivalSource, peer: Peer, carry_out: Look
) -> None:
    file = write(peer.folder / "a.csv", b"half", age=60)
    carry_out(source)
    let_settle(store)
    write(file, b"half and more", age=30)
    assert outcomes(carry_out(source)) == {"a.csv": "waiting"}
    write(peer.folder / "b.csv.filepart", b"x", age=60)
    let_settle(store)
    assert outcomes(carry_out(source)) == {"a.csv": "taken", "b.csv.filepart": "left"}


def test_a_cut_connection_goes_on_where_it_was_cut(
    store: Session, settings: Settings, source: ArrivalSource, peer: Peer, line: Line, carry_out: Look
) -> None:
    body = os.urandom(4_000_000)
    write(peer.folder / "large.csv", body, age=60)
    carry_out(source)
    let_settle(store)
    line.breaks_after = 2_000_000
    cut = carry_out(source)
    assert cut.status == "failed" and cut.error and "the rest is fetched at the next try" in cut.error
    [part] = (settings.data / "arrival" / str(source.id)).glob("*.part")
    here = part.stat().st_size
    assert 500_000 < here < 2_000_000 and body.startswith(part.read_bytes())
    assert part.stat().st_mode & 0o077 == 0 and part.parent.stat().st_mode & 0o077 == 0
    held = again(store, source)
    assert held.failures == 1 and held.next_at is not None and runs(store) == 0

    line.breaks_after, line.carried = None, 0
    assert outcomes(carry_out(source)) == {"large.csv": "taken"}
    assert line.carried < len(body) - here + 200_000, "nothing that is here is fetched again"
    run = store.scalars(select(FeedRun)).one()
    assert (run.size, run.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert list(part.parent.glob("*.part")) == []


def test_a_part_of_a_file_that_changed_is_thrown_away(
    store: Session, source: ArrivalSource, peer: Peer, line: Line, carry_out: Look
) -> None:
    file = write(peer.folder / "large.csv", os.urandom(3_000_000), age=60)
    carry_out(source)
    let_settle(store)
    line.breaks_after = 1_500_000
    carry_out(source)
    line.breaks_after = None
    body = os.urandom(3_000_000)
    write(file, body, age=30)
    carry_out(source)
    let_settle(store)
    assert outcomes(carry_out(source)) == {"large.csv": "taken"}
    assert store.scalars(select(FeedRun.sha256)).all() == [hashlib.sha256(body).hexdigest()]


def test_a_file_that_is_too_large_is_not_fetched(
    store: Session, source: ArrivalSource, peer: Peer, line: Line, carry_out: Look
) -> None:
    write(peer.folder / "huge.csv", b"x")
    os.truncate(peer.folder / "huge.csv", 400 * 1024 * 1024)
    os.utime(peer.folder / "huge.csv", (1_700_000_000, 1_700_000_000))
    carry_out(source)
    let_settle(store)
    assert outcomes(carry_out(source)) == {"huge.csv": "refused"}
    assert line.carried < 200_000 and runs(store) == 0
    assert outcomes(carry_out(source)) == {"huge.csv": "known"} and (peer.folder / "huge.csv").exists()


def test_hostile_names_and_links_are_left_alone(
    store: Session, source: ArrivalSource, peer: Peer, tmp_path: Path, carry_out: Look
) -> None:
    (peer.folder / "link.csv").symlink_to(write(tmp_path / "elsewhere.csv", b"not theirs"))
    (peer.folder / "folder.csv").mkdir()
    for name in (b"new\nline.csv", b"raw\xff.csv", "evil\u202egpj.csv".encode(), b"back\\slash.csv", b"\x1b[2J.csv"):
        Path(os.fsdecode(os.fsencode(peer.folder) + b"/" + name)).write_bytes(b"x")
    carry_out(source)
    let_settle(store)
    found = carry_out(source)
    assert set(outcomes(found).values()) == {"left"} and len(found.lines) == 7
    assert (found.status, found.error) == ("done", None)
    assert all(line["name"].isprintable() for line in found.lines) and runs(store) == 0


def test_files_are_moved_or_deleted_where_that_was_chosen(
    store: Session, connector: Connector, peer: Peer, inbox: Path, carry_out: Look
) -> None:
    (peer.folder / "old").mkdir()
    moving = {"afterwards": "move", "move_to": str(peer.folder / "old"), "pattern": "a*"}
    for source, name in (
        (sftp_source(store, connector, peer.port, peer, **moving), "a.csv"),
        (sftp_source(store, connector, peer.port, peer, afterwards="delete", pattern="b*"), "b.csv"),
    ):
        write(peer.folder / name, name.encode(), age=60)
        carry_out(source)
        assert (peer.folder / name).exists()
        let_settle(store)
        assert outcomes(carry_out(source)) == {name: "taken"}
        assert not (peer.folder / name).exists()
    runs = {run.file_name: run.id for run in store.scalars(select(FeedRun))}
    assert [path.name for path in (peer.folder / "old").iterdir()] == [f"{runs['a.csv']}-a.csv"]


def test_a_server_that_says_nothing_is_given_up(
    store: Session, connector: Connector, peer: Peer, line: Line, source: ArrivalSource, carry_out: Look,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    write(peer.folder / "large.csv", os.urandom(2_000_000), age=60)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = int(mute.getsockname()[1])
        silent = sftp_source(store, connector, line.port, peer, pattern="x*")
        silent.port = port
        store.commit()
        monkeypatch.setattr(signing_in, "SIGN_IN", 2.0)
        found = carry_out(silent)
        assert found.status == "failed" and found.error and "did not answer" in found.error
    monkeypatch.setattr(signing_in, "SIGN_IN", 20.0)
    monkeypatch.setattr(signing_in, "ANSWER", 2.0)
    carry_out(source)
    let_settle(store)
    line.silent_after = 1_000_000
    found = carry_out(source)
    assert found.status == "failed" and found.error and "did not answer" in found.error
    line.silent_after = None
    assert outcomes(carry_out(source)) == {"large.csv": "taken"}


def test_a_worker_killed_while_it_fetches_loses_nothing(
    app: Flask, store: Session, fmo: Fmo, source: ArrivalSource, peer: Peer, line: Line, carry_out: Look,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    body = os.urandom(3_000_000)
    write(peer.folder / "large.csv", body, age=60)
    carry_out(source)
    let_settle(store)
    with acting(app, Role.FMO_ADMIN, fmo):
        look_id = ask(own(source), "take").id
    child = os.fork()
    if child == 0:
        _fetch_until_killed(app, source, look_id)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -9
    assert runs(store) == 0
    line.carried = 0
    work(app, source, look_id)  # the queue sends it again
    store.rollback()
    assert store.scalars(select(FeedRun.sha256)).all() == [hashlib.sha256(body).hexdigest()]
    assert line.carried < 2_500_000


def _fetch_until_killed(app: Flask, source: ArrivalSource, look_id: object) -> None:
    """In a process of its own: what the worker does, until it is killed in the middle of a file."""
    import signal

    from portal.extensions import db

    pieces = iter(range(4))

    def reading(remote: Any, size: int, offset: int) -> Callable[[], Any]:
        if next(pieces, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return held(remote, size, offset)

    held = sftp._reading
    sftp._reading = reading
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose(close=False)
    try:
        work(app, source, look_id)
    finally:
        os._exit(1)
