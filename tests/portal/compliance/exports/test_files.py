"""Long files of the log: ordered, made in one snapshot, killed and begun anew, cancelled, downloaded, forgotten."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from portal.compliance import export
from portal.compliance.exports import making, operations
from portal.compliance.exports.models import LogFile, LogFilePiece
from portal.core import clock
from portal.core.ids import new_id
from portal.core.outbox import Outbox
from portal.core.permissions import access_of
from portal.core.scope import Role
from tasks import jobs
from tests.portal.compliance.test_access import entries, logged
from tests.support import builders as make
from tests.support.world import World

PAGE = "/compliance/exports"


def files(store: Session) -> list[LogFile]:
    store.rollback()
    query = select(LogFile).order_by(LogFile.asked_at, LogFile.id)
    return list(store.scalars(query.execution_options(populate_existing=True)))


def pieces(store: Session) -> list[LogFilePiece]:
    store.rollback()
    return list(store.scalars(select(LogFilePiece).order_by(LogFilePiece.piece)))


def carry_out(store: Session) -> None:
    """What the relay and a worker do."""
    for row in store.scalars(select(Outbox).where(Outbox.job == operations.JOB, Outbox.done_at.is_(None))).all():
        jobs.ALLOWED[row.job](*row.args)
        row.done_at = clock.now()
    store.commit()


def rows_of(officer: FlaskClient, file: LogFile) -> list[list[str]]:
    answer = officer.get(f"{PAGE}/{file.id}/access-log.csv")
    assert answer.status_code == 200 and int(answer.headers["Content-Length"]) == len(answer.data)
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_from_the_order_to_the_file(
    world: World, store: Session, officer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "AT_ONCE", 7)
    monkeypatch.setattr(making, "PIECE", 1000)
    for n in range(40):
        what = {"outcome": "refused", "user_agent": "=1+1", "business_id": world.amy.business.id}
        logged(store, world.summit, at=clock.now() - timedelta(hours=n + 1), **what)
    logged(store, world.summit), logged(store, world.lakeside, outcome="refused")
    assert officer.post(PAGE, data={"outcome": "refused", "nonsense": ""}).status_code == 400
    assert officer.post(PAGE, data={"outcome": "refused"}).status_code == 303
    assert "Under way" in officer.get(PAGE).text
    carry_out(store)
    [file] = files(store)
    assert (file.state, file.total, file.done, file.pieces) == ("ready", 40, 40, len(pieces(store)))
    assert file.pieces > 3 and "policy.list" not in "".join(piece.body for piece in pieces(store))
    shown = officer.get(PAGE).text
    assert "Ready" in shown and "Outcome: Refused" in shown
    assert '1<span class="hidden-text"> waiting</span>' in shown, "the rail tells that one is ready"
    table = rows_of(officer, file)
    name = world.summit.compliance.name
    assert table[1][1] == "Outcome: Refused" and table[3] == ["Made for", name] and table[4] == ["Entries", "40"]
    assert table[6] == list(export.COLUMNS) and len(table) == 7 + 40
    assert {row[export.COLUMNS.index("user_agent")] for row in table[7:]} == {"'=1+1"}
    assert {row[export.COLUMNS.index("business")] for row in table[7:]} == {world.amy.business.name}
    times = [row[1] for row in table[7:]]
    assert times == sorted(times, reverse=True)
    assert "waiting</span>" not in officer.get(PAGE).text
    told = {entry.action: entry for entry in entries(store, world.summit) if entry.subject_ids == [file.id]}
    assert set(told) == {"log_file.order", "log_file.write", "access.export"}
    assert told["access.export"].detail == {"filters": ["outcome"], "count": 40, "capped": False}
    assert {entry.actor_id for entry in told.values()} == {world.summit.compliance.id}


def test_what_comes_while_it_is_made_is_not_in_it(
    world: World, store: Session, officer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "AT_ONCE", 2)
    logged(store, world.summit, member_ids=[member := new_id()]), logged(store, world.summit, member_ids=[member])
    late = []

    def slowly(step: Any) -> Any:
        def after(self: Any, given: Any) -> None:
            late.append(logged(store, world.summit, member_ids=[member], at=clock.now() - timedelta(days=1)))
            step(self, given)

        return after

    for name in ("_begin", "_entries"):  # once it is counted, and while it is read
        monkeypatch.setattr(making._Making, name, slowly(getattr(making._Making, name)))
    officer.post(PAGE, data={"member": str(member)})
    carry_out(store)
    assert late and len(rows_of(officer, files(store)[0])) == 7 + 2
    [told] = entries(store, world.summit, "access.export")
    assert told.member_ids == [member], "the file is about somebody"


def test_a_worker_that_was_killed_begins_anew(
    world: World, store: Session, officer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "PIECE", 100)
    for _ in range(5):
        logged(store, world.summit)

    def killed(self: Any, asked: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(making._Making, "_end", killed)
        officer.post(PAGE, data={"action": "policy.list"})
        with pytest.raises(SystemExit):
            carry_out(store)
    assert files(store)[0].state == "running" and len(pieces(store)) > 1
    carry_out(store)
    assert len(rows_of(officer, files(store)[0])) == 7 + 5
    before = [piece.id for piece in pieces(store)]
    row = store.scalars(select(Outbox).where(Outbox.job == operations.JOB)).one()
    jobs.ALLOWED[row.job](*row.args)
    assert [piece.id for piece in pieces(store)] == before, "sent twice it is made once"


def test_cancelled_while_it_is_made(
    world: World, store: Session, officer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "TELL_EVERY", 0.0)
    monkeypatch.setattr(making, "PIECE", 1)
    logged(store, world.summit)
    begin = making._Making._begin

    def cancelled(self: Any, total: int) -> None:
        begin(self, total)
        with ThreadPoolExecutor(1) as elsewhere:
            place = f"{PAGE}/{self.file.id}/cancel"
            assert elsewhere.submit(officer.post, place).result().status_code == 303

    monkeypatch.setattr(making._Making, "_begin", cancelled)
    officer.post(PAGE, data={})
    carry_out(store)
    [file] = files(store)
    assert (file.state, pieces(store)) == ("cancelled", [])
    assert "Deleted" in officer.get(PAGE).text
    assert officer.get(f"{PAGE}/{file.id}/access-log.csv").status_code == 303


def test_what_fails_is_told_and_leaves_the_others(
    world: World, store: Session, officer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Any) -> None:
        raise OSError("No space left on device")

    officer.post(PAGE, data={})
    with monkeypatch.context() as patch:
        patch.setattr(making._Making, "_put", full)
        with pytest.raises(OSError, match="No space"):
            carry_out(store)
    assert files(store)[0].state == "failed" and "Failed" in officer.get(PAGE).text


@pytest.mark.parametrize("fails", [False, True])
def test_whoever_asked_is_told_on_the_home_and_at_the_log(
    world: World, store: Session, officer: FlaskClient, client_for: Any, fails: bool
) -> None:
    other = client_for(make.user(store, world.summit.fmo, Role.COMPLIANCE))
    officer.post(PAGE, data={"outcome": "refused"})
    [file] = files(store)
    asks = f'hx-get="{PAGE}/{file.id}/progress"'
    for where in ("/compliance/", "/compliance/access"):
        assert asks in officer.get(where).text and asks not in other.get(where).text
    if fails:
        store.execute(update(LogFile).values(state="failed", ended_at=clock.now()))
        store.commit()
    else:
        carry_out(store)
    over = officer.get(f"{PAGE}/{file.id}/progress")
    assert over.status_code == 286, "the page asks no more"
    says = "The log file could not be made." if fails else "The log file is ready."
    assert f'data-announce="{says}"' in over.text and f'href="{PAGE}"' in over.text
    home = officer.get("/compliance/").text
    assert asks not in home and ("Log file that is ready" in home) is not fails
    assert "Log file that is ready" not in other.get("/compliance/").text
    if not fails:
        officer.get(f"{PAGE}/{file.id}/access-log.csv").get_data()
        assert "Log file that is ready" not in officer.get("/compliance/").text, "it was taken along"


def test_a_second_click_and_too_many(world: World, store: Session, officer: FlaskClient) -> None:
    for _ in range(2):
        officer.post(PAGE, data={"outcome": "done"})
    assert len(files(store)) == 1
    for action in ("policy.list", "session.start", "access.list"):
        officer.post(PAGE, data={"action": action})
    assert len(files(store)) == 3
    assert "3 files are being made" in officer.get(PAGE).text


def test_a_week_later_it_is_gone(
    world: World, store: Session, officer: FlaskClient, app: Flask, setup_engine: Engine
) -> None:
    officer.post(PAGE, data={}), officer.post(PAGE, data={"outcome": "done"})
    carry_out(store)
    first, second = files(store)
    old = clock.now() - timedelta(days=7, seconds=1)
    with setup_engine.begin() as connection:
        connection.execute(update(LogFile).where(LogFile.id == first.id).values(asked_at=old))
    with app.app_context():
        assert operations.forget_old() == 1
    assert files(store) == [second] and {piece.file_id for piece in pieces(store)} == {second.id}


def test_one_whose_job_was_given_up_is_not_under_way_for_ever(
    world: World, store: Session, officer: FlaskClient, app: Flask, setup_engine: Engine
) -> None:
    officer.post(PAGE, data={})
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE log_file SET beat_at = now() - interval '11 minutes'"))
    assert "stands still" in officer.get(PAGE).text
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE log_file SET beat_at = now() - interval '25 hours'"))
    with app.app_context():
        operations.forget_old()
    assert files(store)[0].state == "failed"


def test_only_officers_of_the_fmo_and_only_who_proved_it(
    world: World, store: Session, officer: FlaskClient, app: Flask, client_for: Any
) -> None:
    officer.post(PAGE, data={})
    carry_out(store)
    place = f"{PAGE}/{files(store)[0].id}"
    assert officer.get(f"{place}/progress").status_code == 286
    stranger = client_for(world.lakeside.compliance)
    assert [stranger.get(f"{place}/{way}").status_code for way in ("progress", "access-log.csv")] == [404, 404]
    assert stranger.post(f"{place}/cancel").status_code == 404
    assert "Ready" not in stranger.get(PAGE).text
    for endpoint in ("order", "download"):
        access = access_of(app.view_functions[f"exports.{endpoint}"])
        assert access is not None and access.fresh


def test_an_empty_list_says_where_files_come_from(officer: FlaskClient) -> None:
    assert "Open the access log" in officer.get(PAGE).text


def test_the_log_offers_it_where_one_page_of_csv_is_too_short(
    world: World, store: Session, officer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged(store, world.summit)
    words = "Make a file of all that match"
    assert words not in officer.get("/compliance/access").text
    monkeypatch.setattr(export, "MOST", 1)
    shown = officer.get("/compliance/access?outcome=done").text
    assert words in shown and 'name="outcome" value="done"' in shown


@pytest.mark.deep
@pytest.mark.timeout(1800)
def test_a_file_of_any_length_is_made_in_bounded_memory(
    world: World, store: Session, officer: FlaskClient, setup_engine: Engine
) -> None:
    many = (
        "INSERT INTO access_entry (fmo_id, id, at, actor_name, role, action, outcome, subject_ids)"
        " SELECT :fmo, uuidv7(), now() - g * interval '1 second', 'Many', 'system', 'policy.list', 'done',"
        " ARRAY[uuidv7()] FROM generate_series(1, 300000) g"
    )
    with setup_engine.begin() as connection:
        connection.execute(text(many), {"fmo": world.summit.fmo.id})
    officer.post(PAGE, data={"action": "policy.list"})
    before = psutil.Process().memory_info().rss
    carry_out(store)
    assert files(store)[0].done == 300_000
    assert psutil.Process().memory_info().rss - before < 100 * 1024 * 1024
