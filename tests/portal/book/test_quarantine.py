"""Refused rows wait, are put right and loaded once, dismissed, or told by a later file."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.book.models import FeedRun, Member, Policy
from portal.book.operations import run_feed
from portal.book.quarantine.bodies import digest_of
from portal.book.quarantine.models import RefusedRow, ValueAlias
from portal.compliance.models import AccessEntry
from portal.connectors.declared import Column
from portal.connectors.layouts import load_layouts
from portal.connectors.one_row import header_of
from portal.core import scope
from portal.identity.models import Fmo, User
from tests.portal.book.conftest import Load, jobs_scope
from tests.portal.book.rows import AETNA, aetna, mutual, person, table
from tests.support import builders

Client = Callable[[User], FlaskClient]
Work = Callable[[], FeedRun]
GONE = {"Member Status": "Gone"}
NO_DAY = {"Coverage Effective Date": "31/31/2026"}
NOT_BORN = {"Date of Birth": "31/31/1950"}


@pytest.fixture
def admin(client_for: Client, store: Session, fmo: Fmo) -> FlaskClient:
    """A browser of the FMO's admin."""
    return client_for(builders.user(store, fmo))


@pytest.fixture
def work(app: Flask, store: Session, fmo: Fmo) -> Work:
    """`work()` runs the run that waits, as a worker would, and gives it."""

    def worked() -> FeedRun:
        store.rollback()
        run = store.scalars(select(FeedRun).where(FeedRun.status == "queued")).one()
        with app.app_context(), scope.acting(jobs_scope(fmo)):
            run_feed(run.id)
        store.rollback()
        store.expire_all()
        return store.scalars(select(FeedRun).where(FeedRun.id == run.id)).one()

    return worked


def _rows(store: Session) -> list[RefusedRow]:
    store.rollback()
    store.expire_all()
    return list(store.scalars(select(RefusedRow).order_by(RefusedRow.created_at, RefusedRow.row)))


def _states(store: Session) -> list[str]:
    return [row.state for row in _rows(store)]


def _form(page: str) -> dict[str, str]:
    """What a browser would send: every input of the form of values, and the boxes that are ticked."""
    form = page.split('aria-label="Values of the row"', 1)[1].split("</form>")[0]
    tags = [dict(re.findall(r'(\w+)="([^"]*)"', tag)) | {"tag": tag} for tag in re.findall(r"<input[^>]*>", form)]
    return {
        tag["name"]: html.unescape(tag.get("value", ""))
        for tag in tags
        if tag.get("type") != "checkbox" or " checked" in tag["tag"]
    }


def _place(header: str) -> int:
    return list(AETNA).index(header)


def _change(admin: FlaskClient, row: RefusedRow, action: str = "load", **values: str) -> Any:
    address = f"/fmo/quarantine/{row.id}"
    return admin.post(address, data=_form(admin.get(address).text) | values | {"action": action})


def test_a_refused_row_waits_once(load: Load, store: Session, admin: FlaskClient) -> None:
    """The same file again, or the same row in the next one, makes no second one."""
    run = load(aetna({}, person(3, **GONE)))
    load(aetna(person(3, **GONE)), day="20261104")
    load(aetna(person(3, **GONE), person(4)), day="20261201")
    (row,) = _rows(store)
    assert (row.state, row.column_name, str(row.as_of)) == ("waiting", "Member Status", "2026-12-01")
    assert "Gone" not in row.body and "Case" not in row.body
    shown = admin.get("/fmo/quarantine").text
    assert "The status word in “Member Status” is not" in shown and f"/fmo/quarantine/{row.id}" in shown
    assert ">1 row<" in admin.get("/fmo/quarantine?carrier=aetna&column=Member Status").text
    assert "Nothing matches" in admin.get(f"/fmo/quarantine?run={run.id}").text


def test_a_status_is_chosen_and_the_word_is_learned(
    load: Load, store: Session, admin: FlaskClient, work: Work, book: Callable[[], dict[str, Policy]]
) -> None:
    """Checked, loaded exactly once with the carrier's own word beside it; the next file is read without asking."""
    load(aetna(person(3, **GONE)))
    (row,) = _rows(store)
    place = _place("Member Status")
    checked = _change(admin, row, "check", **{f"status-{place}": "terminated"})
    assert checked.status_code == 200 and "It can be read now" in checked.text and "Terminated" in checked.text
    assert _states(store) == ["waiting"] and not book()
    sent = _change(admin, row, **{f"status-{place}": "terminated"})
    assert sent.status_code == 303 and _states(store) == ["loading"]
    again = admin.post(f"/fmo/quarantine/{row.id}", data={"version": "1", "action": "load"})
    assert "in the meantime" in admin.get(again.location).text
    run = work()
    assert (run.status, run.new, run.refused, run.parent_id, str(run.as_of)) == (
        "succeeded", 1, 0, row.run_id, "2026-11-03")  # fmt: skip
    (policy,) = book().values()
    assert (policy.status, policy.status_raw, policy.source_run_id) == ("terminated", "Gone", run.id)
    assert _states(store) == ["loaded"]
    following = load(aetna(person(3, **GONE), person(4, **GONE)), day="20261201")
    assert (following.refused, following.new, following.unchanged) == (0, 1, 1)
    assert any("2 values were read as decided by hand: “Gone” in “Member Status”" in note for note in following.notes)
    assert len(_rows(store)) == 1


def test_a_persons_value_is_put_right_for_that_row_alone(
    load: Load, store: Session, admin: FlaskClient, work: Work
) -> None:
    """The same row is read again as decided; another person's with the same mistake waits."""
    load(aetna(person(3, **NOT_BORN)))
    (row,) = _rows(store)
    _change(admin, row, **{f"cell-{_place('Date of Birth')}": "03/04/1951"})
    work()
    alias = store.scalars(select(ValueAlias)).one()
    assert "31/31" not in str(vars(alias)) and alias.written is None
    following = load(aetna(person(3, **NOT_BORN), person(4, **NOT_BORN)), day="20261201")
    assert (following.refused, following.unchanged) == (1, 1)
    assert _states(store) == ["loaded", "waiting"]


def test_what_still_cannot_be_read_is_not_sent(load: Load, store: Session, admin: FlaskClient) -> None:
    """422 with the reason and all that was typed."""
    load(aetna(person(3, **NO_DAY, **NOT_BORN)))
    (row,) = _rows(store)
    place = _place("Coverage Effective Date")
    sent = _change(admin, row, **{f"cell-{place}": "01/01/2026"})
    assert sent.status_code == 422 and "Date of Birth" in sent.text and 'value="01/01/2026"' in sent.text
    assert _states(store) == ["waiting"] and store.scalar(select(func.count()).select_from(FeedRun)) == 1


def test_a_dismissed_row_is_not_asked_about_again(load: Load, store: Session, admin: FlaskClient) -> None:
    """With its reason; only the same row."""
    load(aetna(person(3, **GONE)))
    (row,) = _rows(store)
    refused = admin.post(f"/fmo/quarantine/{row.id}/dismiss", data={"version": "1"})
    assert refused.status_code == 422 and "Say why" in refused.text
    admin.post(f"/fmo/quarantine/{row.id}/dismiss", data={"version": "1", "why": "A test of the carrier"})
    late = admin.post(f"/fmo/quarantine/{row.id}/dismiss", data={"version": "1", "why": "Mine"})
    assert "in the meantime" in admin.get(late.location).text
    load(aetna(person(3, **GONE), person(4, **GONE)), day="20261201")
    assert [(one.state, one.why) for one in _rows(store)] == [("dismissed", "A test of the carrier"), ("waiting", None)]


def test_one_decision_for_a_group(load: Load, store: Session, admin: FlaskClient, work: Work) -> None:
    """All rows with the word; those with another mistake wait on."""
    load(aetna(*(person(n, **GONE) for n in range(3)), person(7, **GONE, **NOT_BORN), person(8, **NOT_BORN)))
    sample = next(row for row in _rows(store) if row.column_name == "Member Status")
    page = admin.get("/fmo/quarantine").text
    assert "The same in many rows" in page
    group = admin.get(f"/fmo/quarantine/{sample.id}/group").text
    assert "What does “Gone” mean?" in group and "3 rows wait" in group
    assert admin.post(f"/fmo/quarantine/{sample.id}/group", data={}).status_code == 422
    sent = admin.post(f"/fmo/quarantine/{sample.id}/group", data={"meant": "cancelled", "learn": "y"})
    assert sent.status_code == 303
    run = work()
    assert (run.new, run.rows) == (3, 3)
    assert sorted(_states(store)) == ["loaded", "loaded", "loaded", "waiting", "waiting"]
    assert {row.written for row in store.scalars(select(ValueAlias))} == {"gone"}


def test_a_later_file_that_tells_the_policy_closes_the_row(load: Load, store: Session) -> None:
    """Readably, by the same identity; an older file does not."""
    load(aetna(person(3, **GONE)))
    load(aetna(person(3)), day="20261001")
    assert _states(store) == ["waiting"]
    run = load(aetna(person(3, **{"Member Status": "T"})), day="20261201")
    (row,) = _rows(store)
    assert (row.state, row.told_run_id) == ("told", run.id)


def test_what_a_newer_file_tells_is_not_overwritten(
    load: Load, store: Session, admin: FlaskClient, work: Work, book: Callable[[], dict[str, Policy]]
) -> None:
    """Rows put right are as old as their file."""
    load(aetna(person(3, **GONE)))
    (row,) = _rows(store)
    _change(admin, row, **{f"status-{_place('Member Status')}": "cancelled"})
    with_newer = load(aetna(person(3)), day="20261201")
    run = work()
    assert (with_newer.new, run.new, run.changed) == (1, 0, 0)
    (policy,) = book().values()
    assert policy.status == "active" and _states(store) == ["told"]


def test_words_are_of_one_connector_and_can_be_ended(
    load: Load, store: Session, admin: FlaskClient, work: Work, client_for: Client
) -> None:
    """Another carrier and another FMO read the word as before; ended, it is refused again."""
    other = builders.fmo(store)
    load(aetna(person(3, **GONE)))
    (row,) = _rows(store)
    _change(admin, row, **{f"status-{_place('Member Status')}": "terminated"})
    work()
    assert load(mutual({"Status": "Gone"})).refused == 1
    assert load(aetna(person(4, **GONE)), of=other).refused == 1
    page = admin.get(f"/fmo/connectors/{row.connector_id}").text
    assert "“Gone”" in page and "Read it so no more" in page
    alias = store.scalars(select(ValueAlias)).one()
    address = f"/fmo/connectors/{row.connector_id}/aliases/{alias.id}/end"
    assert client_for(builders.user(store, other)).post(address).status_code == 404
    assert admin.post(address).status_code == 303
    assert "“Gone”" not in admin.get(f"/fmo/connectors/{row.connector_id}").text
    assert load(aetna(person(5, **GONE)), day="20261201").refused == 1


def test_choosing_the_member(load: Load, store: Session, admin: FlaskClient, work: Work) -> None:
    """Found by a posted search; the row then belongs to exactly that person."""
    load(aetna({}, person(3, **{"Medicare Number": "", "First Name": "??", "Date of Birth": ""})))
    (row,) = _rows(store)
    mae = store.scalars(select(Member)).one()
    sent = admin.post(f"/fmo/quarantine/{row.id}/member", data={"q": "abbot"})
    assert "abbot" not in sent.location
    assert f"member={mae.id}" in admin.get(sent.location).text
    filled = admin.get(f"/fmo/quarantine/{row.id}?member={mae.id}").text
    assert 'value="05/17/1950"' in filled or 'value="1950-05-17"' in filled
    admin.post(f"/fmo/quarantine/{row.id}", data=_form(filled) | {"action": "load"})
    work()
    assert {policy.member_id for policy in store.scalars(select(Policy))} == {mae.id}


def test_choosing_the_agent(load: Load, store: Session, admin: FlaskClient, work: Work, fmo: Fmo) -> None:
    """A record of the downline, for a row that names no NPN; what the row names itself is not typed over."""
    amy = builders.agent(store, fmo, npn="1001001", last_name="Stone")
    load(aetna(person(3, **GONE, **{"Writing Agent NPN": ""})))
    (row,) = _rows(store)
    assert f"agent={amy.id}" in admin.get(f"/fmo/quarantine/{row.id}/agent?q=stone").text
    form = _form(admin.get(f"/fmo/quarantine/{row.id}?agent={amy.id}").text)
    assert f"cell-{_place('Writing Agent NPN')}" not in form
    admin.post(
        f"/fmo/quarantine/{row.id}", data=form | {f"status-{_place('Member Status')}": "active", "action": "load"}
    )
    work()
    policy = store.scalars(select(Policy)).one()
    assert (policy.writing_npn, policy.writer_source) == ("1001001", "hand")


def test_the_chosen_agent_gets_a_policy_that_the_book_has_already(
    load: Load, store: Session, admin: FlaskClient, work: Work, fmo: Fmo
) -> None:
    """Also where the row, put right, says nothing new but whose it is."""
    amy = builders.agent(store, fmo, npn="1001001", last_name="Stone")
    nameless = {"Writing Agent NPN": "", "Writing Agent TIN": ""}
    load(aetna(person(3, **nameless)))
    load(aetna(person(3, **nameless) | NOT_BORN), day="20261201")
    (row,) = _rows(store)
    form = _form(admin.get(f"/fmo/quarantine/{row.id}?agent={amy.id}").text)
    born = {f"cell-{_place('Date of Birth')}": person(3)["Date of Birth"], "action": "load"}
    admin.post(f"/fmo/quarantine/{row.id}", data=form | born)
    done = work()
    policy = store.scalars(select(Policy)).one()
    assert (policy.writing_npn, policy.writer_source, done.changed) == ("1001001", "hand", 1)


def test_the_log_holds_no_value(load: Load, store: Session, admin: FlaskClient, work: Work) -> None:
    """Counts, columns and fields; the look at the values is a read of its own."""
    load(aetna(person(3, **GONE)))
    (row,) = _rows(store)
    _change(admin, row, **{f"status-{_place('Member Status')}": "terminated"})
    work()
    store.rollback()
    entries = store.scalars(select(AccessEntry)).all()
    assert {"refused_row.read", "refused_row.load", "value_alias.learn"} <= {entry.action for entry in entries}
    told = " ".join(str([*vars(entry).values()]) for entry in entries)
    assert "Gone" not in told and "Case" not in told and "1010000" not in told
    read = next(entry for entry in entries if entry.action == "refused_row.read")
    assert row.id in read.subject_ids and "birth_date" in read.fields


@pytest.mark.parametrize("cell", ["=1+1", "<script>alert(1)</script>", "x" * 10_000, 'a"b\nc'])
def test_hostile_cells(load: Load, store: Session, admin: FlaskClient, cell: str) -> None:
    """Shown as text, kept bounded, loaded by nobody."""
    load(aetna(person(3, **{"Member Status": cell})))
    (row,) = _rows(store)
    page = admin.get(f"/fmo/quarantine/{row.id}")
    assert page.status_code == 200 and "<script>alert" not in page.text and "x" * 1_001 not in page.text
    assert len(row.body) < 8_000
    assert _change(admin, row).status_code == 422


def test_a_failed_load_loses_nothing(load: Load, store: Session, admin: FlaskClient, app: Flask) -> None:
    """The row waits again with what was typed."""
    load(aetna(person(3, **NOT_BORN)))
    (row,) = _rows(store)
    _change(admin, row, **{f"cell-{_place('Date of Birth')}": "03/04/1951"})
    store.rollback()
    run = store.scalars(select(FeedRun).where(FeedRun.status == "queued")).one()
    run.status, run.error = "failed", "The worker stopped."
    store.commit()
    page = admin.get(f"/fmo/quarantine/{row.id}").text
    assert "its load failed: The worker stopped." in page and 'value="03/04/1951"' in page
    assert f"/fmo/quarantine/{row.id}" in admin.get("/fmo/quarantine").text
    assert _change(admin, row).status_code == 303


def test_causes_are_those_of_what_is_looked_at(load: Load, admin: FlaskClient) -> None:
    """Of a carrier, of a run: no other's."""
    load(aetna(*(person(n, **GONE) for n in (1, 2))))
    run = load(mutual(*({"Policy Number": f"56{n}-40M", "Status": "Odd"} for n in (1, 2))))
    assert "Causes" in admin.get("/fmo/quarantine").text
    causes = [admin.get(f"/fmo/quarantine?{one}").text for one in ("carrier=mutual_of_omaha", f"run={run.id}")]
    for shown in causes:
        assert (
            "The status word in “Status” is not one that this layout knows." in shown
            and "“Member Status”" not in (shown.split("<h2>Row by row")[0].split("The same in many rows")[1])
        )


def test_a_dismissed_row_stays_so_in_another_order_of_columns(load: Load, store: Session, admin: FlaskClient) -> None:
    row = AETNA | person(3, **GONE)
    load(table(row, [row]))
    admin.post(f"/fmo/quarantine/{_rows(store)[0].id}/dismiss", data={"version": "1", "why": "A test of the carrier"})
    run = load(table(reversed(row), [row]), day="20261201")
    assert (run.status, run.refused) == ("succeeded", 1), run.error
    assert [one.state for one in _rows(store)] == ["dismissed"]


def test_a_row_is_the_same_under_another_header_and_beside_a_further_column() -> None:
    """A column that an admin has accepted under a new name fills the same field; one that fills none says nothing."""
    layout, row = load_layouts()["aetna"], AETNA | person(3, **GONE)
    found, key = header_of(layout, list(row)), Column("Coverage Effective Date").key
    digest = digest_of(found, list(row.values()), UUID(int=1))
    named = replace(layout, columns={**layout.columns, "effective_date": (Column("Begins"),)})
    places = {Column("Begins").key if one == key else one: place for one, place in found.positions.items()}
    assert digest_of(replace(found, layout=named, positions=places), list(row.values()), UUID(int=1)) == digest
    more = row | {"Note": "something new"}
    assert digest_of(header_of(layout, list(more)), list(more.values()), UUID(int=1)) == digest
    assert digest_of(found, list((row | {"City": "Akron"}).values()), UUID(int=1)) != digest


def test_the_runs_page_leads_to_the_row_and_offers_each_download_once(
    load: Load, store: Session, admin: FlaskClient
) -> None:
    run = load(aetna(person(3, **GONE), person(5)))
    (row,) = _rows(store)
    page = admin.get(f"/fmo/feeds/{run.id}").text
    assert f'href="/fmo/quarantine/{row.id}"' in page.split('id="not-taken"')[1]
    assert page.count("Download the carrier file") == page.count("problems.csv") == 1
    assert "Undo this run" in page.split('class="page-header"')[1].split("</header>")[0]
