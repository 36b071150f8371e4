"""A file that looks cut off, or leaves out many policies, waits until an admin has looked."""

from __future__ import annotations

import json
import threading
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.book.absence.short import short_from
from portal.book.models import HeldChange, Policy
from portal.book.operations import AlreadyLoading, NotDecided, approve, reject
from portal.compliance.models import AccessEntry
from portal.extensions import db
from portal.identity.models import Fmo, User
from tests.portal.book.absent import DAYS, Client, Deliver, deliver, full, missing, told, work
from tests.portal.book.rows import aetna, person
from tests.support import builders
from tests.support.people import acting

WHOLE, HALF = range(100), range(50)
AMY, NORA = "1001001", "1003003"


@pytest.fixture
def asker(store: Session, fmo: Fmo) -> User:
    """The admin who hands files in."""
    return builders.user(store, fmo, first_name="Ada")


@pytest.fixture
def second(store: Session, fmo: Fmo) -> User:
    """Another admin."""
    return builders.user(store, fmo, first_name="Ben")


@pytest.fixture
def send(app: Flask, store: Session, fmo: Fmo, asker: User) -> Deliver:
    """`send(body, name)`: the asker hands a file in, the worker runs it."""
    return partial(deliver, app, store, fmo, by=asker)


def waiting(store: Session) -> HeldChange:
    store.rollback()
    store.expire_all()
    return store.scalars(select(HeldChange).where(HeldChange.status == "waiting")).one()


def count(store: Session) -> int:
    store.rollback()
    return store.scalar(select(func.count()).select_from(Policy)) or 0


def test_a_cut_off_file_waits_and_nothing_of_it_is_loaded(
    app: Flask, send: Deliver, store: Session, fmo: Fmo, asker: User
) -> None:
    """Whoever handed it in may say yes: nobody gains or loses a policy by it."""
    send(told(WHOLE), full(DAYS[0]))
    changed = aetna(*(person(n, **{"Plan Name": "Other"}) for n in HALF))
    run = send(changed, full(DAYS[1]))
    assert run.status == "held" and run.error
    assert run.error.startswith(f"The file has 50 rows, 50 % fewer than {full(DAYS[0])} with 100: it may have been cut")
    assert run.error.endswith("It waits under Held changes until an administrator decides.")
    assert store.scalar(select(func.count()).select_from(Policy).where(Policy.plan_name == "Other")) == 0
    held = waiting(store)
    short = short_from(held.effect)
    assert (held.kind, held.asked_by, held.subject_id) == ("shrunk_file", asker.id, run.id)
    assert short and (short.rows, short.before_rows, short.before_day, short.missing) == (50, 100, "2026-10-01", 0)
    assert work(app, store, fmo, run.id).status == "held", "a job that comes twice does not let it through"

    with acting(app, asker) as by:
        approve(held.id, held.digest, by=by)
    run = work(app, store, fmo, run.id)
    assert (run.status, run.changed, run.error) == ("succeeded", 50, None)
    actions = store.scalars(select(AccessEntry.action).order_by(AccessEntry.at, AccessEntry.id)).all()
    assert [one for one in actions if one.startswith("held")] == ["held.keep", "held.approve"]


def test_a_file_that_would_mark_many_waits_with_whose_they_are(
    app: Flask, send: Deliver, store: Session, fmo: Fmo, second: User
) -> None:
    """The second set without them is as long as the one before, so that only what it would mark holds it."""
    rows = [person(n, **{"Writing Agent NPN": AMY if n < 90 else NORA}) for n in WHOLE]
    send(aetna(*rows), full(DAYS[0]))
    fewer = aetna(*rows[:75])
    first = send(fewer, full(DAYS[1]))
    with acting(app, second) as by:
        approve(waiting(store).id, waiting(store).digest, by=by)
    assert work(app, store, fmo, first.id).status == "succeeded"
    run = send(fewer, full(DAYS[2]))
    assert run.status == "held" and run.error
    assert run.error.startswith("25 policies (25 % of 100) would be marked as missing from the feed.")
    short = short_from(waiting(store).effect)
    assert short and short.before_rows is None and short.marks == ((AMY, 15), (NORA, 10))
    assert missing(store) == {}
    with acting(app, second) as by:
        approve(waiting(store).id, waiting(store).digest, by=by)
    assert work(app, store, fmo, run.id).missing == 25
    assert len(missing(store)) == 25


def test_a_rejected_file_has_failed_with_the_reason(app: Flask, send: Deliver, store: Session, asker: User) -> None:
    send(told(WHOLE), full(DAYS[0]))
    run = send(told(HALF), full(DAYS[1]))
    with acting(app, asker) as by:
        reject(waiting(store).id, "The carrier sends it again.", by=by)
    store.refresh(run)
    assert run.status == "failed"
    assert run.error == f"{asker.name} rejected this file: The carrier sends it again. Nothing in the book was changed."
    assert send(told(WHOLE), full(DAYS[2])).status == "succeeded"
    assert missing(store) == {}, "the rejected file is no set"


def test_both_questions_are_asked_and_none_is_lost(
    app: Flask, send: Deliver, store: Session, fmo: Fmo, asker: User, second: User
) -> None:
    """Half as long, and the rest goes to another agent: one yes to its length, a second admin's to its moves."""
    send(told(WHOLE), full(DAYS[0]))
    run = send(told(HALF, **{"Writing Agent NPN": NORA}), full(DAYS[1]))
    length = waiting(store)
    assert length.kind == "shrunk_file"
    with acting(app, asker) as by:
        approve(length.id, length.digest, by=by)
    assert work(app, store, fmo, run.id).status == "held"
    moves = waiting(store)
    assert (moves.kind, moves.effect["pairs"]) == ("file", [[AMY, NORA, 50]])
    with acting(app, asker) as by, pytest.raises(NotDecided, match="Another administrator"):
        approve(moves.id, moves.digest, by=by)
    with acting(app, second) as by:
        approve(moves.id, moves.digest, by=by)
    run = work(app, store, fmo, run.id)
    assert (run.status, run.changed) == ("succeeded", 50)
    store.refresh(length)
    assert length.status == "approved"


def test_a_yes_is_to_the_numbers_that_were_shown(
    app: Flask, send: Deliver, store: Session, fmo: Fmo, asker: User
) -> None:
    """Another file like it came between the question and the answer: the comparison is another, and waits anew."""
    send(told(WHOLE), full(DAYS[0]))
    run = send(told(HALF), full(DAYS[2]))
    held = waiting(store)
    send(told(range(90)), full(DAYS[1]))
    with acting(app, asker) as by:
        approve(held.id, held.digest, by=by)
    assert work(app, store, fmo, run.id).status == "held"
    anew = waiting(store)
    store.refresh(held)
    short = short_from(anew.effect)
    assert held.status == "stale" and short and short.before_rows == 90


@pytest.mark.parametrize(
    ("before", "now", "first", "then"),
    [
        (100, 80, full(DAYS[0]), full(DAYS[1])),
        (30, 11, full(DAYS[0]), full(DAYS[1])),
        (100, 20, full(DAYS[0]), "corrections_20261101.csv"),
        (100, 20, "oak_20261001.csv", "elm_20261101.csv"),
        (100, 20, full(DAYS[1]), full(DAYS[0])),
    ],
)
def test_what_is_loaded_without_asking(send: Deliver, before: int, now: int, first: str, then: str) -> None:
    """A fifth fewer, a small file, one of another name, one of an older day than the other."""
    send(told(range(before)), first)
    assert send(told(range(now)), then).status == "succeeded"


def test_a_file_of_another_connector_without_a_declaration_is_compared_by_its_name(send: Deliver) -> None:
    send(told(WHOLE), "oak_20261001.csv")
    assert send(told(HALF), "oak_20261101.csv").status == "held"


def test_the_same_file_waits_once(app: Flask, send: Deliver, asker: User) -> None:
    send(told(WHOLE), full(DAYS[0]))
    send(told(HALF), full(DAYS[1]))
    with pytest.raises(AlreadyLoading, match="waits for an administrator already"):
        send(told(HALF), full(DAYS[1]))


def test_the_limits_decide(send: Deliver, store: Session, fmo: Fmo) -> None:
    send(told(WHOLE), full(DAYS[0]))
    store.merge(fmo).rules = {"held_fewer_rows": 0}
    store.commit()
    assert send(told(HALF), full(DAYS[1])).status == "succeeded"
    assert send(told(HALF), full(DAYS[2])).status == "held", "it would mark fifty"
    store.merge(fmo).rules = {"held_fewer_rows": 0, "held_missing_share": 50}
    store.commit()
    assert send(told(reversed(HALF)), full("20261202")).missing == 50


def test_looser_limits_need_a_second_admin(client_for: Client, store: Session, fmo: Fmo, asker: User) -> None:
    answer = client_for(asker).post("/fmo/settings", data={"held_fewer_rows": "60", "held_missing_share": "5"})
    assert answer.status_code == 303 and "/fmo/held/" in answer.location
    assert waiting(store).arguments == {"held_fewer_rows": 60}
    page = client_for(asker).get(answer.location).text
    assert "More than this share of rows fewer" in page and "60" in page


def test_a_check_says_that_the_file_would_be_held(send: Deliver, store: Session) -> None:
    send(told(WHOLE), full(DAYS[0]))
    run = send(told(HALF), full(DAYS[1]), dry_run=True)
    assert run.status == "succeeded" and any("50 % fewer" in note and "would be held" in note for note in run.notes)
    assert store.scalar(select(func.count()).select_from(HeldChange)) == 0


def test_two_admins_at_once_decide_once(
    app: Flask, send: Deliver, store: Session, fmo: Fmo, asker: User, second: User
) -> None:
    send(told(WHOLE), full(DAYS[0]))
    run = send(told(HALF), full(DAYS[1]))
    held, said, barrier = waiting(store), [], threading.Barrier(2)

    def decide(who: User) -> None:
        with acting(app, who) as by:
            barrier.wait()
            try:
                approve(held.id, held.digest, by=by)
            except NotDecided as refused:
                said.append(str(refused))

    threads = [threading.Thread(target=decide, args=(who,)) for who in (asker, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["This was decided already. Nothing was done a second time."]
    assert work(app, store, fmo, run.id).status == "succeeded"


def test_the_table_lets_one_admin_decide_this_kind_only(
    setup_engine: Engine, send: Deliver, store: Session, asker: User
) -> None:
    """Even for the owner of everything: a file that moves policies still needs a second."""
    send(told(WHOLE), full(DAYS[0]))
    send(told(HALF), full(DAYS[1]))
    own = "UPDATE held_change SET {} decided_by = asked_by, decided_at = now(), status = 'approved'"
    with setup_engine.connect() as connection, pytest.raises(DBAPIError, match="four_eyes"):
        connection.execute(text(own.format("kind = 'file',")))
    with setup_engine.connect() as connection:
        assert connection.execute(text(own.format(""))).rowcount == 1
        connection.rollback()


def test_the_kind_of_a_question_cannot_be_changed_by_who_may_answer_it(
    app: Flask, send: Deliver, store: Session, asker: User
) -> None:
    send(told(WHOLE), full(DAYS[0]))
    send(told(HALF), full(DAYS[1]))
    with pytest.raises(DBAPIError), acting(app, asker):
        db.session.connection().execute(text("UPDATE held_change SET kind = 'file'"))


def test_the_page_shows_rows_then_and_now_and_whose(
    client_for: Client, send: Deliver, store: Session, fmo: Fmo, asker: User
) -> None:
    builders.agent(store, fmo, AMY, first_name="Amy", last_name="Stone")
    store.merge(fmo).rules = {"held_fewer_rows": 0}
    store.commit()
    send(told(WHOLE), full(DAYS[0]))
    send(told(HALF), full(DAYS[1]))
    run = send(told(HALF), full(DAYS[2]))
    browser = client_for(asker)
    page = browser.get(f"/fmo/held/{waiting(store).id}").text
    for words in ("50 policies (50 % of 100) would be marked", "Amy Stone", "Load it all the same", "Reject"):
        assert words in page, words
    assert "Another administrator must decide" not in page and "second administrator is needed" not in page
    assert "What the file leaves out" in browser.get(f"/fmo/feeds/{run.id}").text
    assert "looks cut off; an administrator must decide" in browser.get("/fmo/").text
    assert "A file that looks cut off" in browser.get("/fmo/held").text
    answer = browser.post(f"/fmo/held/{waiting(store).id}/approve", data={"shown": waiting(store).digest})
    assert answer.location.endswith(f"/fmo/feeds/{run.id}")


def test_the_shell_says_why_it_waits(
    shell: FlaskCliRunner, send: Deliver, store: Session, fmo: Fmo, tmp_path: Path
) -> None:
    send(told(WHOLE), full(DAYS[0]))
    path = tmp_path / full(DAYS[1])
    path.write_bytes(told(HALF))
    answer = shell.invoke(args=["feed", "load", str(path), "--fmo", fmo.slug, "--json"])
    told_of = json.loads(answer.stdout)["held"]
    assert answer.exit_code == 1
    assert (told_of["kind"], told_of["rows"], told_of["rows_before"], told_of["missing"]) == ("shrunk_file", 50, 100, 0)
