"""The report of a run: every change and what was left out with its reason, expected against actual, and the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.identity.models import Fmo, User
from portal.sync import queries
from portal.sync.models import SyncLine, SyncRun
from portal.sync.statements import lines
from tests.portal.sync.runs import admin_scope, rows, sync
from tests.portal.sync.test_rehearsal import rehearsed
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.people import acting

Client = Callable[[User], FlaskClient]


@pytest.fixture
def fmo(store: Session) -> Fmo:
    return make.fmo(store)


@pytest.fixture
def admin(client_for: Client, store: Session, fmo: Fmo) -> FlaskClient:
    """A browser of the FMO's admin."""
    return client_for(make.user(store, fmo))


@pytest.fixture
def run(app: Flask, store: Session, fmo: Fmo) -> SyncRun:
    """A run that added, updated, brought back and left out, with what was expected of it."""
    business = make.business(store, make.agent(store, fmo, "1001"))
    feed = make.feed_run(store, fmo)
    people = [make.member(store, fmo, last_name=f"Case{word}") for word in ("one", "two", "three", "four")]
    policies = [make.policy(store, person, feed, "1001") for person in people[:3]]
    sync(app, store, business)
    store.execute(text("UPDATE crm_policy SET removed_at = now() WHERE policy_id = :p"), {"p": policies[2].id})
    store.execute(text('UPDATE contact SET typed = \'{"last_name": "Qtyped"}\''))
    policies[0].status, policies[0].content_hash = "terminated", "changed"
    people[1].city = "Waco"
    store.commit()
    make.policy(store, people[3], feed, "1001", policy_number="=1+1")
    told = rehearsed(app, fmo.id, business, "1001")
    return sync(app, store, business, expected=told.as_json())


def test_a_run_before_which_nothing_was_shown_is_held_against_the_book(
    app: Flask, store: Session, fmo: Fmo, admin: FlaskClient
) -> None:
    business = make.business(store, make.agent(store, fmo, "1001"))
    feed = make.feed_run(store, fmo)
    for _ in range(3):
        make.policy(store, make.member(store, fmo), feed, "1001")
    sync(app, store, business)
    store.execute(
        text(
            "UPDATE crm_policy SET removed_at = now() WHERE policy_number = (SELECT min(policy_number) FROM crm_policy)"
        )
    )
    make.policy(store, make.member(store, fmo), feed, "1001")
    store.commit()

    run = sync(app, store, business)

    assert run.expected == {"by_book": True, "policies": 3} and run.policies == 3
    page = admin.get(f"/fmo/runs/{run.id}").text
    assert "Nothing was shown before this run" in page and "the account has exactly that" in page
    store.execute(text('UPDATE sync_run SET expected = \'{"by_book": true, "policies": 4}\''))
    store.commit()
    assert "does not hold what your book had" in admin.get(f"/fmo/runs/{run.id}").text


def _entries(engine: Engine, action: str) -> list[Any]:
    return rows(engine, "SELECT * FROM access_entry WHERE action = :a ORDER BY at", a=action)


def test_every_change_is_told_with_its_reason(admin: FlaskClient, run: SyncRun, setup_engine: Engine) -> None:
    page = admin.get(f"/fmo/runs/{run.id}")

    assert page.status_code == 200
    for told in (
        "Is new in the account", "The carrier tells something new of the policy", "Test Admin",
        "The carrier tells something new of the member", "The agent removed it; it stays out until they restore it",
        "Everything came as it was shown before.", "Casefour, Mae", "Caseone, Mae", "Left out (1)", "Updated (2)",
    ):  # fmt: skip
        assert told in page.text, told
    assert "Qtyped" not in page.text
    [entry] = _entries(setup_engine, "sync.read")
    assert len(entry.member_ids) == 4
    some = admin.get(f"/fmo/runs/{run.id}?what=skipped", htmx=True)
    assert "Casethree" in some.text and "Casefour" not in some.text and "<html" not in some.text


def test_the_file_holds_the_fmos_own_and_is_logged(admin: FlaskClient, run: SyncRun, setup_engine: Engine) -> None:
    answer = admin.get(f"/fmo/runs/{run.id}/changes.csv")

    assert answer.status_code == 200 and answer.headers["Content-Disposition"].startswith("attachment")
    [header, *found] = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert header[:3] == ["What", "Reason", "Last name"]
    assert [row[0] for row in found] == ["Added", "Updated", "Updated", "Left out"]
    assert [row[6] for row in found if row[0] == "Added"] == ["'=1+1"] and "Qtyped" not in answer.text
    [entry] = _entries(setup_engine, "sync.export")
    assert len(entry.member_ids) == 4 and entry.subject_ids == [run.id]


def test_what_differs_is_told_and_why(admin: FlaskClient, run: SyncRun, store: Session, fmo: Fmo) -> None:
    store.refresh(run)
    run.expected = {**(run.expected or {}), "added": 7}
    store.commit()
    page = admin.get(f"/fmo/runs/{run.id}").text
    assert "the book or the account changed" in page and "Everything came" not in page
    make.feed_run(store, fmo, file_name="between.csv", finished_at=run.finished_at)
    page = admin.get(f"/fmo/runs/{run.id}").text
    assert "a carrier&#39;s file was loaded: between.csv" in page or "a carrier's file was loaded: between.csv" in page


def test_a_large_run_takes_few_rows_and_is_paged(
    app: Flask, admin: FlaskClient, store: Session, fmo: Fmo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "A_LINE", 20)
    business = make.business(store, make.agent(store, fmo, "1001"))
    feed, member = make.feed_run(store, fmo), make.member(store, fmo)
    numbers = {make.policy(store, member, feed, "1001").policy_number for _ in range(55)}
    run = sync(app, store, business)
    assert sorted(len(line.policy_ids) for line in store.query(SyncLine)) == [15, 20, 20]

    pages = [admin.get(f"/fmo/runs/{run.id}?size=25&page={page}").text for page in (1, 2, 3)]

    found = [{number for number in numbers if f">{number}<" in page} for page in pages]
    assert [len(one) for one in found] == [25, 25, 5] and set.union(*found) == numbers
    assert "of 55" in pages[2]


def test_a_run_that_is_not_over_shows_no_report(admin: FlaskClient, store: Session, fmo: Fmo) -> None:
    business = make.business(store, make.agent(store, fmo, "1001"))
    moving = {"status": "running", "phase": "Matching contacts", "progress_done": 3, "progress_total": 9}
    run = crm.sync_run(store, business, **moving, finished_at=None, started_at=datetime.now(UTC))
    page = admin.get(f"/fmo/runs/{run.id}").text
    assert "Matching contacts" in page and "Every change" not in page and "Expected and actual" not in page


def test_a_policy_that_the_book_lost_is_told_without_it(
    admin: FlaskClient, store: Session, fmo: Fmo, run: SyncRun
) -> None:
    crm.sync_line(store, run, [UUID(int=7)], what="released", reason="moved")
    assert "No longer in the book" in admin.get(f"/fmo/runs/{run.id}").text
    assert admin.get(f"/fmo/runs/{run.id}/changes.csv").text.count("Released") == 1


def test_what_the_account_holds_now_stands_beside_what_the_run_brought(
    app: Flask, admin: FlaskClient, store: Session, fmo: Fmo
) -> None:
    agent = make.agent(store, fmo, "1001")
    business = make.business(store, agent)
    feed, person = make.feed_run(store, fmo), make.member(store, fmo)
    gone, _ = make.policy(store, person, feed, "1001"), make.policy(store, person, feed, "1001")
    sync(app, store, business)
    store.execute(text("UPDATE crm_policy SET released_at = now() WHERE policy_id = :p"), {"p": gone.id})
    store.commit()

    panel = admin.get(f"/fmo/runs/business/{business.id}").text
    assert "The account holds 1 policy and 1 contact with a policy now." in panel
    assert "this run brought 2 policies; the account then had 2 policies and 1 contact with a policy" in panel
    assert "Contacts with a policy" in panel
    assert "1 policy and 1 contact with a policy in it now" in admin.get(f"/fmo/runs/producer/{agent.id}").text


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"policies": 0, "contacts": 0, "added": 0}, "No policy in your book was under an NPN of this account on "),
        ({"policies": 0, "contacts": 0, "added": 0, "removed_by_agent": 2}, "the account then had 0 policies"),
        ({"added": 0}, "On 3 Feb 2026 this run brought no new policy; the account then had 1 policy and 1 contact"),
        ({"without_email": 1}, "1 contact had no e-mail."),
    ],
)
def test_the_sentence_of_a_run_tells_what_was(
    admin: FlaskClient, store: Session, fmo: Fmo, counts: dict[str, int], told: str
) -> None:
    business = make.business(store, make.agent(store, fmo, "1001"))
    run = crm.sync_run(store, business, finished_at=datetime(2026, 2, 3, 12, tzinfo=UTC), **counts)
    assert told in admin.get(f"/fmo/runs/{run.id}").text


def test_an_npn_that_is_left_out_says_whether_it_has_an_account_of_its_own(
    app: Flask, admin: FlaskClient, store: Session, fmo: Fmo
) -> None:
    agency = make.agency(store, fmo, "2001")
    business = make.business(store, agency)
    pat, lee = (make.agent(store, fmo, npn, agency) for npn in ("2002", "2003"))
    feed = make.feed_run(store, fmo)
    for agent in (pat, lee):
        make.policy(store, make.member(store, fmo), feed, agent.npn)
    own = make.business(store, pat, "Pat alone")

    with acting(app, admin_scope(fmo.id)):
        assert {gap["npn"]: gap["accounts"] for gap in queries.gaps_of(business.id)} == {
            "2002": ["Pat alone"],
            "2003": [],
        }
    run = sync(app, store, business)
    page = admin.get(f"/fmo/runs/{run.id}").text
    assert page.count(f'href="/fmo/businesses/{own.id}">Pat alone</a>') == 1


def test_a_change_of_the_member_is_not_told_as_one_of_the_policy(
    app: Flask, admin: FlaskClient, store: Session, fmo: Fmo
) -> None:
    """A file's row is one content: its hash differs whichever of the two the carrier changed."""
    business = make.business(store, make.agent(store, fmo, "1001"))
    feed = make.feed_run(store, fmo)
    people = [make.member(store, fmo, last_name=f"Case{word}") for word in ("policy", "member", "both", "unseen")]
    policies = [make.policy(store, person, feed, "1001") for person in people]
    sync(app, store, business)
    for policy in policies:
        policy.content_hash = f"changed {policy.id}"
    people[1].city = people[2].city = "Waco"
    policies[0].term_date = policies[2].term_date = datetime(2027, 1, 1, tzinfo=UTC).date()
    store.commit()

    run = sync(app, store, business)

    found = store.execute(text("SELECT reason, policy_ids FROM sync_line WHERE run_id = :r"), {"r": run.id}).all()
    assert {one.id: reason for reason, ids in found for one in policies if one.id in ids} == {
        policies[0].id: "policy", policies[1].id: "member", policies[2].id: "both", policies[3].id: "unseen",
    }  # fmt: skip
    page = admin.get(f"/fmo/runs/{run.id}").text
    assert "something new of the policy and of the member" in page and "in what the account does not show" in page


def test_a_reason_without_words_shows_no_code(admin: FlaskClient, store: Session, fmo: Fmo, run: SyncRun) -> None:
    crm.sync_line(store, run, [UUID(int=7)], what="updated", reason="some_code")
    assert "some_code" not in admin.get(f"/fmo/runs/{run.id}").text
    assert "some_code" not in admin.get(f"/fmo/runs/{run.id}/changes.csv").text
