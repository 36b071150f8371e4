"""Rotating the field keys while everything works: nothing is lost, nothing is unreadable, nothing old is left."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Flask
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from portal.book.models import FeedFile, Member
from portal.book.report.models import FeedEffect
from portal.config import Settings
from portal.core import crypto, key_use, rotation, start
from portal.core.models import table_of
from portal.crm.models import Contact, ContactSource
from tests.portal.book.conftest import Load
from tests.portal.book.rows import aetna, person
from tests.portal.sync.runs import sync, versions
from tests.support.web import Browser
from tests.support.world import World

NEW, OLD = b"n" + bytes(range(31)), base64.b64decode("MTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3BxcnN0dXY=")
Put = Callable[..., None]


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Put]:
    """`keys(n1=NEW, t1=OLD)`: what stands in FIELD_KEYS from now on."""

    def put(**given: bytes) -> None:
        crypto._cipher.cache_clear()
        monkeypatch.setattr(crypto, "_keys", lambda: given)

    yield put
    crypto._cipher.cache_clear()


@pytest.fixture
def engine(settings: Settings, database: None) -> Engine:
    return rotation.engine_of(settings)


def _mbis(store: Session) -> dict[Any, str]:
    """Who has which Medicare number, as the keys of this moment read it."""
    store.rollback()
    found = {}
    for model in (Member, Contact, ContactSource):
        for row in store.execute(select(model.fmo_id, model.id, model.mbi).where(model.mbi.is_not(None))):
            found[model.__name__, row.id] = crypto.decrypt(row.mbi, fmo_id=row.fmo_id, field="mbi")
    return found


def test_everything_comes_under_the_first_key_and_the_old_one_may_go(
    app: Flask, store: Session, world: World, load: Load, keys: Put, engine: Engine, settings: Settings,
) -> None:  # fmt: skip
    summit = world.summit.fmo
    load(aetna(*(person(number) for number in range(30))), "20261101", of=summit)
    load(aetna(*(person(number, Email=f"e{number}@mail.example") for number in range(30))), of=summit)
    load(
        aetna(*(person(number, **{"Medicare Number": f"9EG4TE5MK{number:02}"}) for number in range(30))),
        "20261105",
        of=summit,
    )
    keys(t1=OLD)
    before, counted = _mbis(store), rotation.status(engine)
    assert counted.old == 0 and counted.by_key["t1"] > 60

    keys(n1=NEW, t1=OLD)
    assert rotation.status(engine).old == counted.by_key["t1"]
    done = rotation.rotate(engine)
    assert (done.left.old, done.unreadable.total()) == (0, 0)
    assert done.left.by_key == {"n1": counted.by_key["t1"]}
    assert done.renewed > 60

    keys(n1=NEW)  # without the old one nothing is missed
    assert _mbis(store) == before
    told = [row.told["mbi"] for row in store.scalars(select(FeedEffect)) if "mbi" in row.told]
    assert told and all(crypto.decrypt(one, fmo_id=summit.id, field="mbi") for pair in told for one in pair if one)
    pieces = store.scalars(select(FeedFile).where(FeedFile.fmo_id == summit.id)).all()
    assert b"9EG4TE5MK05" in b"".join(
        crypto.decrypt_bytes(one.body, fmo_id=summit.id, field="feed_file") for one in pieces
    )
    keys(n1=NEW, t1=OLD)
    assert rotation.rotate(engine).renewed == 0


def test_copies_stay_equal_so_that_a_run_after_it_has_nothing_to_do(
    app: Flask, store: Session, world: World, keys: Put, engine: Engine, setup_engine: Engine
) -> None:
    business = world.amy.business
    sync(app, store, business)
    keys(n1=NEW, t1=OLD)
    rotation.rotate(engine)
    before = versions(setup_engine)
    sync(app, store, business)
    assert versions(setup_engine) == before
    pairs = "SELECT count(*) FROM member m JOIN contact_source s ON s.member_id = m.id WHERE s.mbi = m.mbi"
    with setup_engine.connect() as work:
        assert work.execute(text(pairs)).scalar_one() > 0


def test_it_is_broken_off_and_begun_again(
    store: Session, world: World, keys: Put, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    keys(n1=NEW, t1=OLD)
    before = _mbis(store)
    renew, calls = crypto.renew, []

    def breaks(stored: str, **bound: Any) -> str:
        calls.append(stored)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return renew(stored, **bound)

    monkeypatch.setattr(crypto, "renew", breaks)
    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(engine)
    halfway = rotation.status(engine)
    assert halfway.by_key["n1"] == 4 and halfway.old > 0, "what was done before is kept"
    assert _mbis(store) == before
    monkeypatch.setattr(crypto, "renew", renew)
    assert rotation.rotate(engine).left.old == 0
    assert _mbis(store) == before


@dataclass
class Beside:
    """Threads that do something over and over until they are told to end."""

    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    did: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def begin(self, work: Callable[[int], None]) -> None:
        def loop() -> None:
            try:
                while not self.stop.is_set():
                    work(self.did[work.__name__])
                    self.did[work.__name__] += 1
            except BaseException as error:  # noqa: BLE001  # told by the test
                self.failed.append(f"{work.__name__}: {error!r}")

        self.threads.append(threading.Thread(target=loop))
        self.threads[-1].start()

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(60)


def test_loads_reveals_runs_and_an_old_process_work_beside_it(
    app: Flask, store: Session, world: World, load: Load, keys: Put, engine: Engine, settings: Settings,
    client_for: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch, setup_engine: Engine,
) -> None:  # fmt: skip
    monkeypatch.setattr(rotation, "BATCH", 7)
    summit, amy = world.summit.fmo, world.amy
    load(aetna(*(person(number) for number in range(80))), "20261101", of=summit)
    keys(n1=NEW, t1=OLD)
    work, shown = Beside(), crypto.decrypt(amy.people[0].contact.mbi or "", fmo_id=summit.id, field="mbi")
    browser = client_for(amy.admin)

    def reveal(_: int) -> None:
        answer = browser.post(f"/crm/contacts/{amy.people[0].contact.id}/mbi")
        assert answer.status_code == 200 and shown in answer.text

    def load_more(turn: int) -> None:
        load(
            aetna(*(person(number, City=f"City{turn}") for number in range(80, 95))),
            f"202611{2 + turn % 20:02}",
            of=summit,
        )

    def one_run(_: int) -> None:
        sync(app, other, world.nora.business)

    def write_old(turn: int) -> None:
        """A process that does not know the new key yet; some time later it is restarted."""
        if turn < 40:
            value = _sealed_by_old(f"7EG4TE5MK{turn:02}", summit.id.bytes + b"mbi")
            mine = table_of(Member).c.id == world.nora.people[0].member.id
            with setup_engine.begin() as past:
                past.execute(update(table_of(Member)).where(mine).values(mbi=value))
        work.stop.wait(0.01)

    other = Session(setup_engine, expire_on_commit=False)
    for thing in (reveal, load_more, one_run, write_old):
        work.begin(thing)
    try:
        early = rotation.rotate(engine)
    finally:
        work.end()
        other.close()
    assert work.failed == []
    assert len(work.did) == 4, work.did
    late = rotation.rotate(engine)
    assert (late.left.old, late.unreadable.total(), early.unreadable.total()) == (0, 0, 0)
    keys(n1=NEW)
    found = _mbis(store)
    assert found["Contact", amy.people[0].contact.id] == shown
    assert found["Member", world.nora.people[0].member.id].startswith("7EG4TE5MK")


def _sealed_by_old(mbi: str, bound: bytes) -> str:
    nonce = os.urandom(12)
    return f"t1.{base64.b64encode(nonce + AESGCM(OLD).encrypt(nonce, mbi.encode(), bound)).decode()}"


def test_what_no_key_opens_is_told_and_left(store: Session, world: World, keys: Put, engine: Engine) -> None:
    stray = world.summit.stray
    keys(n1=NEW, t1=OLD)
    store.execute(update(Member).where(Member.id == stray.id).values(mbi=f"gone.{'A' * 52}"))
    store.commit()
    done = rotation.rotate(engine)
    assert done.unreadable == {"member.mbi": 1}
    assert done.left.by_key["gone"] == 1 and "t1" not in done.left.by_key


def test_the_command_counts_rotates_and_says_what_may_go(
    app: Flask, store: Session, world: World, keys: Put, setup_engine: Engine
) -> None:
    keys(n1=NEW, mid=bytes(range(40, 72)), t1=OLD)
    with app.app_context():
        start.admit(start.pooled, app.config["PORTAL"])
    run = app.test_cli_runner().invoke
    counted = run(args=["keys", "rotate", "--status"])
    assert counted.exit_code == 0, counted.output
    assert "n1: 0 values. It encrypts." in counted.output
    assert "  member.mbi: " in counted.output
    done = json.loads(run(args=["keys", "rotate", "--json"]).output)
    assert done["keys"]["t1"] == 0 and done["keys"]["n1"] == done["renewed"] > 0
    assert (done["encrypts"], done["hashes"], done["unused"]) == ("n1", "t1", ["mid"])
    words = run(args=["keys", "rotate"]).output
    assert "mid: 0 values. Nothing needs it: it may be removed from FIELD_KEYS" in words
    assert "t1: 0 values. It keys the hashes and must stay the last of FIELD_KEYS." in words
    with setup_engine.connect() as work:
        entries = (
            work.execute(text("SELECT outcome FROM installation_entry WHERE action = 'keys.rotated'")).scalars().all()
        )
        assert entries == ["done", "done"]
        keys(n1=NEW, t1=OLD)
        assert key_use.faults(work) == [], "the key in the middle may go"
        keys(n1=NEW)
        assert "lacks the key t1" in key_use.faults(work)[0]


def test_a_renewed_value_belongs_to_its_fmo_and_field_as_before(world: World, keys: Put) -> None:
    one, other = world.summit.fmo.id, world.lakeside.fmo.id
    keys(t1=OLD)
    stored = crypto.encrypt("1EG4TE5MK73", fmo_id=one, field="mbi")
    keys(n1=NEW, t1=OLD)
    renewed = crypto.renew(stored, fmo_id=one, field="mbi")
    assert renewed == crypto.renew(stored, fmo_id=one, field="mbi") != stored
    assert crypto.renew(renewed, fmo_id=one, field="mbi") == renewed
    for fmo_id, other_field in ((other, "mbi"), (one, "search")):
        with pytest.raises(crypto.Unreadable):
            crypto.decrypt(renewed, fmo_id=fmo_id, field=other_field)
