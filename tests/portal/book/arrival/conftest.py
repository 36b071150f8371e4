"""Looks carried out as a worker would, and the inbox of this process."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.book.arrival.models import ArrivalFile, ArrivalLook, ArrivalSource
from portal.book.arrival.operations import ask, look
from portal.book.arrival.signing_in import shown_key
from portal.book.models import Connector, FeedRun
from portal.book.operations import run_feed
from portal.config import Settings
from portal.core import scope
from portal.core.scope import Role
from portal.identity.models import Fmo
from tests.portal.book.conftest import jobs_scope
from tests.support import arrival_builders as arrivals
from tests.support import builders
from tests.support import sftp as peers
from tests.support.people import acting
from tests.support.sftp import Line, Peer

Look = Callable[..., ArrivalLook]


@pytest.fixture
def fmo(store: Session) -> Fmo:
    """An FMO without anything."""
    return builders.fmo(store)


@pytest.fixture
def connector(store: Session, fmo: Fmo) -> Connector:
    """A SmartConnector of it that reads Aetna's layout."""
    return builders.connector(store, fmo, carrier="aetna", layout="aetna", name="Aetna book")


@pytest.fixture
def inbox(settings: Settings, fmo: Fmo) -> Iterator[Path]:
    """The FMO's folder below the inbox; gone afterwards."""
    path = settings.inbox / fmo.slug
    path.mkdir(parents=True)
    yield path
    shutil.rmtree(settings.inbox)
    shutil.rmtree(settings.data / "arrival", ignore_errors=True)


@pytest.fixture
def carry_out(app: Flask, store: Session) -> Look:
    """`carry_out(source, what="take")` asks for a look, lets a worker do it, and gives it once it is over."""

    def looked(source: ArrivalSource, what: str = "take") -> ArrivalLook:
        with acting(app, Role.FMO_ADMIN, source.fmo_id):
            ordered = ask(own(source), what).id
        work(app, source, ordered)
        store.rollback()
        store.expire_all()
        return store.scalars(select(ArrivalLook).where(ArrivalLook.id == ordered)).one()

    return looked


def own(source: ArrivalSource) -> ArrivalSource:
    """The source as the scope at work sees it."""
    from portal.extensions import db

    return db.session.scalars(select(ArrivalSource).where(ArrivalSource.id == source.id)).one()


def work(app: Flask, source: ArrivalSource, look_id: object) -> None:
    """What the job does."""
    from uuid import UUID

    assert isinstance(look_id, UUID)
    with app.app_context(), scope.acting(jobs_scope_of(source)):
        look(look_id)


def jobs_scope_of(source: ArrivalSource) -> scope.Scope:
    """The scope of a worker's job for the source's FMO."""
    return scope.Scope(scope.Login.JOBS, Role.SYSTEM, fmo_id=source.fmo_id)


def load_all(app: Flask, store: Session, fmo: Fmo) -> list[FeedRun]:
    """Load every queued run as the worker would; all runs, oldest first."""
    store.rollback()
    for run_id in store.scalars(select(FeedRun.id).where(FeedRun.status == "queued")).all():
        with app.app_context(), scope.acting(jobs_scope(fmo)):
            run_feed(run_id)
    store.rollback()
    store.expire_all()
    return list(store.scalars(select(FeedRun).order_by(FeedRun.requested_at, FeedRun.id)))


def let_settle(store: Session) -> None:
    """As if what waits had been seen a minute ago, so that the next look finds it settled."""
    earlier = ArrivalFile.seen_at - timedelta(minutes=1)
    store.execute(update(ArrivalFile).values(seen_at=earlier).execution_options(synchronize_session=False))
    store.commit()


def outcomes(found: ArrivalLook) -> dict[str, str]:
    """What became of each file of a look, by name."""
    return {line["name"]: line["outcome"] for line in found.lines}


def write(path: Path, body: bytes, age: int = 0) -> Path:
    """A file as somebody leaves it, `age` seconds old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    if age:
        then = path.stat().st_mtime - age
        os.utime(path, (then, then))
    return path


OWN = asyncssh.generate_private_key("ssh-ed25519")
PRIVATE = OWN.export_private_key("openssh").decode()
PUBLIC = OWN.export_public_key("openssh").decode()


@pytest.fixture
def openssh() -> None:
    """OpenSSH is there; a machine without it skips, loudly, and CI fails."""
    if peers.SSHD and peers.SFTP_SERVER:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(peers.MISSING)
    pytest.skip(peers.MISSING)


@pytest.fixture
def peer(tmp_path: Path, openssh: None) -> Iterator[Peer]:
    """OpenSSH's sshd with an empty folder."""
    (tmp_path / "remote").mkdir()
    with peers.sshd(tmp_path / "remote", tmp_path / "keys", PUBLIC, port=peers.free_port()) as running:
        yield running


@pytest.fixture
def line(peer: Peer) -> Iterator[Line]:
    """A line to it."""
    made = Line(peer.port)
    yield made
    made.close()


@pytest.fixture
def source(store: Session, connector: Connector, peer: Peer, line: Line, inbox: Path) -> ArrivalSource:
    """Its folder through the line, with the key that it has confirmed."""
    return sftp_source(store, connector, line.port, peer)


def sftp_source(store: Session, connector: Connector, port: int, peer: Peer, **values: Any) -> ArrivalSource:
    """A folder of `peer` reached at `port`, with our key, and the host key that it shows."""
    secret = json.dumps({"private_key": PRIVATE, "passphrase": ""})
    held = shown_key("127.0.0.1", port, private=True)
    given = {"host": "127.0.0.1", "port": port, "username": peer.username, "host_key": held, "secret_kind": "key"}
    return arrivals.sftp_source(store, connector, secret, **{**given, "folder": str(peer.folder), **values})


def again(store: Session, source: ArrivalSource) -> ArrivalSource:
    """The source as it is now."""
    store.rollback()
    store.expire_all()
    return store.scalars(select(ArrivalSource).where(ArrivalSource.id == source.id)).one()


def runs(store: Session) -> int:
    """How many feed runs there are."""
    store.rollback()
    return store.scalar(select(func.count()).select_from(FeedRun)) or 0


@pytest.fixture(autouse=True)
def _no_loop_of_others() -> Iterator[None]:
    """A browser of other tests in this process leaves its event loop on; a worker never has one."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)
