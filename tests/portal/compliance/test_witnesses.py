"""A mailbox and a store with locked objects know what is hidden by whoever owns database, keys and folder."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from minio import Minio
from minio.error import S3Error
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from portal.compliance.seals import chain, operations, store, witnesses
from portal.config import Settings, anchors
from portal.config.anchors import Anchors
from portal.identity import mail
from tasks import sealer
from tests.portal.compliance.test_access import logged
from tests.portal.compliance.test_seals import Log
from tests.support import s3_peer
from tests.support.world import World

BUCKET = "seals"


@pytest.fixture
def log(
    app: Flask, setup_engine: Engine, store: Session, world: World, seal: Callable[[], int], monkeypatch: Any
) -> Log:
    monkeypatch.setattr(operations, "BATCH", 10)
    monkeypatch.setattr(operations, "STEP", 100)
    monkeypatch.setattr(sealer, "application", lambda: app)
    return Log(app, setup_engine, store, world, seal)


@pytest.fixture
def use(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[[Anchors], None]:
    """Have the portal use other anchors."""

    def change(made: Anchors) -> None:
        changed = replace(settings, anchor=made)
        for module in (sealer, store):
            monkeypatch.setattr(module, "load_settings", lambda: changed)

    return change


@pytest.fixture
def mails(settings: Settings, use: Callable[[Anchors], None], monkeypatch: pytest.MonkeyPatch) -> list[EmailMessage]:
    """What the anchor's mailbox gets."""
    got: list[EmailMessage] = []
    use(Anchors(settings.anchor.folder, "seals@archive.example"))
    monkeypatch.setattr(mail, "deliver", got.append)
    return got


@pytest.fixture(scope="module")
def peer() -> Iterator[str]:
    s3_peer.there_or_skip()
    with s3_peer.running() as host:
        yield host


@pytest.fixture
def bucket(peer: str, settings: Settings, use: Callable[[Anchors], None]) -> Minio:
    """The portal's own account at a store whose bucket of this test has object lock."""
    place = anchors.Store(peer, False, BUCKET, "portal", "A-key-of-tests", "us-east-1")
    use(Anchors(settings.anchor.folder, None, place))
    client = Minio(endpoint=peer, access_key="portal", secret_key="A-key-of-tests", secure=False, region="us-east-1")
    if not client.bucket_exists(bucket_name=BUCKET):
        client.make_bucket(bucket_name=BUCKET, object_lock=True)
    return client


def cut_the_tail(log: Log, settings: Settings) -> None:
    """Remove the last five entries with their seal and the anchor's folder, and have the portal write that anew."""
    log.harm(
        "DELETE FROM access_entry e USING seal_member m WHERE m.id = e.id AND m.fmo_id = :fmo AND m.n = 3",
        "DELETE FROM seal_member WHERE fmo_id = :fmo AND n = 3",
        "DELETE FROM seal WHERE fmo_id = :fmo AND n = 3",
    )
    shutil.rmtree(settings.anchor.folder)
    with log.app.app_context():
        operations._anchor(log.fmo_id)


def rewrite_the_chain(log: Log, settings: Settings) -> None:
    """Date every seal anew, sign it with the portal's own key, and have the folder written anew."""
    previous = chain.BEGIN
    for link in log.links():
        made = chain.signed(replace(link, previous=previous, sealed_at=link.sealed_at.replace(microsecond=7)))
        log.harm(
            "UPDATE seal SET sealed_at = :at, previous = :previous, hash = :hash, signature = :signature"
            " WHERE fmo_id = :fmo AND n = :n",
            at=made.sealed_at, previous=previous, hash=made.hash, signature=made.signature, n=made.n,
        )  # fmt: skip
        previous = made.hash
    shutil.rmtree(settings.anchor.folder)
    with log.app.app_context():
        operations._anchor(log.fmo_id)


HARMS = [
    (cut_the_tail, "Seal 3 is missing; a witness was told of it as of"),
    (rewrite_the_chain, "is not the one that a witness was told of as of"),
]


def verified(app: Flask, *copies: Path) -> tuple[int, list[str]]:
    """Exit status and faults of the command."""
    given = [word for copy in copies for word in ("--anchor", str(copy))]
    done = app.test_cli_runner().invoke(args=["log", "verify", "--json", *given])
    return done.exit_code, json.loads(done.output)["faults"]


@pytest.mark.parametrize(("harm", "said"), HARMS)
def test_mails_tell_what_the_database_and_the_folder_hide(
    log: Log, mails: list[EmailMessage], settings: Settings, tmp_path: Path, harm: Any, said: str
) -> None:
    sealer.Witnesses().tell()
    [sent] = mails
    assert sent["To"] == "seals@archive.example"
    quoted = "".join(f"> {line}\n" for line in sent.get_content().splitlines())
    (copy := tmp_path / "mails").write_text(f"{sent.as_string()}\n\nAsa Forward wrote:\n{quoted}")
    assert verified(log.app, copy) == (0, [])
    harm(log, settings)
    assert verified(log.app) == (0, []), "the control: without the mail nothing is seen"
    status, [fault] = verified(log.app, copy)
    assert status == 1 and said in fault


@pytest.mark.parametrize(("harm", "said"), HARMS)
def test_a_store_tells_by_itself(log: Log, bucket: Minio, settings: Settings, harm: Any, said: str) -> None:
    sealer.Witnesses().tell()
    assert [one.n for one in store.told(log.fmo_id)] == [3]
    assert log.faults() == []
    harm(log, settings)
    [fault] = log.faults()
    assert said in fault


def test_what_a_store_keeps_can_neither_be_removed_nor_hidden(log: Log, bucket: Minio) -> None:
    sealer.Witnesses().tell()
    [kept] = bucket.list_objects(bucket_name=BUCKET, prefix=f"{log.fmo_id}/", recursive=True, include_version=True)
    name, version = str(kept.object_name), kept.version_id
    lock = bucket.stat_object(bucket_name=BUCKET, object_name=name, version_id=version).metadata or {}
    assert lock["x-amz-object-lock-mode"] == "COMPLIANCE"
    until = datetime.fromisoformat(lock["x-amz-object-lock-retain-until-date"])
    assert until - log.links()[-1].sealed_at > timedelta(days=3650)
    with pytest.raises(S3Error, match="AccessDenied"):
        bucket.remove_object(bucket_name=BUCKET, object_name=name, version_id=version)
    bucket.remove_object(bucket_name=BUCKET, object_name=name)  # leaves a mark that hides it from who does not look
    assert [one.n for one in store.told(log.fmo_id)] == [3]


def test_a_bucket_without_lock_is_refused(log: Log, bucket: Minio, peer: str, use: Any, settings: Settings) -> None:
    bucket.make_bucket(bucket_name=f"plain-{log.fmo_id}")
    place = anchors.Store(peer, False, f"plain-{log.fmo_id}", "portal", "A-key-of-tests", "us-east-1")
    use(Anchors(settings.anchor.folder, None, place))
    with log.app.app_context(), pytest.raises(store.StoreAway, match="the store says InvalidRequest"):
        store.put(witnesses.newest())


def test_a_store_that_is_away_is_a_fault_and_no_secret_is_told(
    log: Log, use: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "TRIES", 0)
    use(Anchors(settings.anchor.folder, None, anchors.Store("127.0.0.1:9", False, "b", "key-x", "secret-x", "r")))
    [fault] = log.faults()
    assert fault.startswith("The store of the anchor cannot be read (it could not be asked") and "-x" not in fault


def test_who_was_told_is_told_again_after_an_hour_and_only_what_is_new(
    log: Log, mails: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, at = sealer.Witnesses(), [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: at[0])
    told.tell()
    logged(log.store, log.world.summit)
    log.seal()
    told.tell()
    assert len(mails) == 1
    at[0] += sealer.TELL_EVERY
    told.tell()
    told.tell()
    assert [[one.n for one in witnesses.read(one_mail.get_content())] for one_mail in mails] == [[3], [4]]


def test_a_mail_server_that_is_away_is_tried_again(
    log: Log, mails: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(message: EmailMessage) -> None:
        raise mail.MailFailed("The mail server could not be used (TimeoutError).")

    told = sealer.Witnesses()
    with monkeypatch.context() as failing:
        failing.setattr(mail, "deliver", away)
        told.tell()
    told.tell()
    assert len(mails) == 1


def test_a_file_without_lines_and_a_foreign_chain_are_said(log: Log, tmp_path: Path) -> None:
    (copy := tmp_path / "mails").write_text("Nothing of ours.")
    done = log.app.test_cli_runner().invoke(args=["log", "verify", "--anchor", str(copy)])
    assert done.exit_code == 1 and "No line of an anchor was found" in done.output
    foreign = witnesses.Told(UUID(int=7), 1, bytes(32), "2026-01-02T03:04:05.678901Z")
    copy.write_text(foreign.line)
    assert verified(log.app, copy) == (1, [f"A witness was told of the chain {UUID(int=7)}, which is not there."])
