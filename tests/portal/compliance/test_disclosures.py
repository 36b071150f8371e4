"""The accounting of a member, requests and judgements: pages and what they leave."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.book.models import Member
from portal.compliance.disclosures import accounting
from portal.compliance.models import AccessEntry
from portal.core.ids import new_id
from portal.core.scope import Role
from tests.portal.compliance.test_access import entries
from tests.support import builders as make
from tests.support import disclosure_builders as told
from tests.support.examples import examples
from tests.support.people import acting
from tests.support.world import Account, Office, World

HERE = "/compliance/disclosures"
OFFICE = ZoneInfo("America/New_York")  # where nobody has said otherwise


def delivery(
    store: Session, office: Office, account: Account, member: Member, policy_id: UUID, **values: Any
) -> AccessEntry:
    """The entry of a delivery, as a run writes it."""
    what = {"action": "policy.disclosed", "outcome": "done", "version": 1, "run_id": new_id(), "reason": "operations"}
    who = {"actor_name": "Sync", "role": "system", "business_id": account.business.id}
    of = {"subject_kind": "policy", "subject_ids": [policy_id], "member_ids": [member.id]}
    row = {"at": datetime.now(UTC) - timedelta(hours=2), **what, **who, **of, **values}
    return make.add(store, AccessEntry(fmo_id=office.fmo.id, id=new_id(), **row))


def left(store: Session, entry: AccessEntry, at: datetime) -> None:
    """The entry of the release of what `entry` delivered."""
    of = {"subject_kind": "policy", "subject_ids": entry.subject_ids, "member_ids": entry.member_ids}
    row = {"actor_name": "Sync", "role": "system", "business_id": entry.business_id, "reason": "moved", "version": 1}
    action = {"action": "policy.released", "outcome": "done"}
    make.add(store, AccessEntry(fmo_id=entry.fmo_id, id=new_id(), at=at, **row, **of, **action))


def test_all_deliveries_in_one_click(world: World, store: Session, client_for: Any) -> None:
    member = make.member(store, world.summit.fmo, last_name="Qunseen")
    then = datetime.now(UTC) - timedelta(days=400)
    entry = delivery(store, world.summit, world.amy, member, new_id(), at=then)
    left(store, entry, then + timedelta(days=30))
    delivery(store, world.summit, world.harbor, member, new_id())
    delivery(store, world.summit, world.harbor, member, new_id(), at=datetime.now(UTC) - timedelta(days=7 * 365))
    told.recipient(store, world.amy.business, name="Stone Insurance", contact="Amy, OH, amy@mail.example", since=then)
    told.recipient(store, world.amy.business, name="Renamed since")
    page = client_for(world.summit.compliance).get(f"{HERE}/{member.id}")
    assert page.status_code == 200
    assert "2 disclosures" in page.text and "none is told to the member" in page.text
    assert "Stone Insurance" in page.text and "Renamed since" not in page.text and "amy@mail.example" in page.text
    assert "until <time" in page.text
    assert "Qunseen" not in page.text
    seen = entries(store, world.summit, "disclosure.accounting")[-1]
    assert (seen.member_ids, seen.detail) == ([member.id], {"lines": 2})


def test_a_wrong_delivery_is_told_and_a_doubtful_one_waits(world: World, store: Session, client_for: Any) -> None:
    member, office = make.member(store, world.summit.fmo, last_name="Qnamed"), world.summit
    wrong, doubt, right = (delivery(store, office, world.amy, member, new_id()) for _ in range(3))
    for entry, verdict, cause in ((wrong, "wrong", "undone"), (doubt, "possible", "file")):
        told.misdelivery(
            store,
            world.amy.people[0].crm_policy,
            policy_id=entry.subject_ids[0],
            member_id=member.id,
            delivered_run_id=entry.run_id,
            verdict=verdict,
            cause=cause,
        )
    officer = client_for(office.compliance)
    page = officer.get(f"{HERE}/{member.id}").text
    assert "3 disclosures" in page and "1 is told to the member" in page
    assert "1 delivery waits for your judgement" in page
    asked = told.request(store, member, office.compliance, "Mae Qnamed, 1 Elm St")
    letter = officer.get(f"{HERE}/requests/{asked.id}/letter").text
    assert "there was one such disclosure" in letter and "Dear Mae Qnamed" in letter and "1 Elm St" in letter
    shown = entries(store, office, "disclosure.letter")[-1]
    assert (shown.member_ids, shown.fields, shown.detail) == ([member.id], ["name"], {"lines": 1})
    assert shown.reason and shown.reason.startswith("Request received on")
    rows = list(csv.DictReader(io.StringIO(officer.get(f"{HERE}/{member.id}/disclosures.csv").text.lstrip("\ufeff"))))
    assert {row["Log entry"]: row["Accountable"] for row in rows} == {
        str(wrong.id): "Yes",
        str(doubt.id): "No",
        str(right.id): "No",
    }


def test_a_judgement_changes_what_is_told_and_the_log_keeps_both(world: World, store: Session, client_for: Any) -> None:
    office = world.summit
    member = make.member(store, office.fmo)
    entry = delivery(store, office, world.amy, member, new_id())
    made = told.misdelivery(
        store,
        world.amy.people[0].crm_policy,
        policy_id=entry.subject_ids[0],
        member_id=member.id,
        delivered_run_id=entry.run_id,
    )
    officer, place = client_for(office.compliance), f"{HERE}/doubts/{made.id}"
    assert str(made.id) in officer.get(f"{HERE}/doubts").text
    assert "Deliveries to judge" in officer.get("/compliance/").text
    assert officer.get(place).status_code == 200
    refused = officer.post(place, data={"verdict": "wrong", "note": "Never theirs."})
    assert refused.status_code == 422 and "Tick the deliveries" in refused.text
    assert officer.post(place, data={"verdict": "wrong", "note": " ", "one": str(made.id)}).status_code == 422
    answer = officer.post(place, data={"verdict": "wrong", "note": "Never theirs.", "one": str(made.id)})
    assert answer.location.endswith(place)  # where the way to a case is
    assert answer.status_code == 303
    assert "1 is told to the member" in officer.get(f"{HERE}/{member.id}").text
    officer.post(place, data={"verdict": "right", "note": "It moved in May.", "one": str(made.id)})
    assert "none is told to the member" in officer.get(f"{HERE}/{member.id}").text
    found = [
        (one.action, one.subject_ids, one.member_ids, one.detail)
        for one in entries(store, office)
        if one.action in ("policy.misdelivered", "policy.rightly_delivered")
    ]
    detail = {
        "business": str(made.recipient_id),
        "delivered_run": str(entry.run_id),
        "misdelivery": str(made.id),
    }
    ids = (entry.subject_ids, [member.id], detail)
    assert found == [("policy.misdelivered", *ids), ("policy.rightly_delivered", *ids)]
    store.expire_all()
    assert "May" not in (store.get_one(type(made), (office.fmo.id, made.id)).note or "")


def test_a_recorded_disclosure_is_sealed_told_and_struck_out(
    world: World, store: Session, client_for: Any, setup_engine: Engine
) -> None:
    office = world.summit
    member = make.member(store, office.fmo)
    officer = client_for(office.compliance)
    sent = {
        "disclosed_on": "2026-03-03",
        "kind": "court",
        "recipient": "Qcounty court",
        "address": "1 Court Way",
        "what": "The policy's status",
        "purpose": "Subpoena 12",
    }
    assert officer.post(f"{HERE}/{member.id}/record", data={**sent, "kind": ""}).status_code == 422
    held = {**sent, "withheld_until": "2099-01-01"}
    refused = officer.post(f"{HERE}/{member.id}/record", data=held)
    assert refused.status_code == 422 and "Only a health oversight agency" in refused.text
    assert officer.post(f"{HERE}/{member.id}/record", data=sent).status_code == 303
    assert officer.post(f"{HERE}/{member.id}/record", data={**held, "kind": "police"}).status_code == 303
    assert officer.post(f"{HERE}/{member.id}/record", data={**sent, "kind": "authorized"}).status_code == 303
    page = officer.get(f"{HERE}/{member.id}").text
    assert "3 disclosures" in page and "1 is told to the member" in page and "Qcounty court" in page
    with setup_engine.connect() as connection:
        found = connection.execute(text("SELECT id, kind, told FROM recorded_disclosure")).all()
    assert all("Qcounty" not in row.told for row in found)
    [court] = [row.id for row in found if row.kind == "court"]
    assert officer.post(f"{HERE}/recorded/{court}", data={"why": "The wrong member."}).status_code == 303
    page = officer.get(f"{HERE}/{member.id}").text
    assert "none is told to the member" in page and "Struck out" in page
    assert "The wrong member." in officer.get(f"{HERE}/recorded/{court}").text


def test_a_request_is_due_put_off_once_and_answered(world: World, store: Session, client_for: Any) -> None:
    office = world.summit
    member = make.member(store, office.fmo)
    officer = client_for(office.compliance)
    today = datetime.now(UTC).date()
    sent = {
        "received_on": today.isoformat(),
        "first_day": (today - timedelta(days=700)).isoformat(),
        "last_day": today.isoformat(),
        "send_to": "Mae, 1 Elm St",
    }
    early = officer.post(f"{HERE}/{member.id}/request", data={**sent, "first_day": "2001-01-01"})
    assert early.status_code == 422 and "six years before the request" in early.text
    came = today - timedelta(days=40)
    edge = {**sent, "received_on": came.isoformat(), "first_day": accounting.six_years(came).first.isoformat()}
    assert officer.post(f"{HERE}/{member.id}/request", data=edge).status_code == 303, "counted from the request"
    before = (accounting.six_years(came).first - timedelta(days=1)).isoformat()
    assert officer.post(f"{HERE}/{member.id}/request", data={**edge, "first_day": before}).status_code == 422
    member = make.member(store, office.fmo)
    place = officer.post(f"{HERE}/{member.id}/request", data=sent).headers["Location"]
    page = officer.get(place).text
    assert "Due in 60 days" in page and "None: the first one in twelve months is free" in page
    assert officer.post(f"{place}/put-off", data={"why": "Files are with the carrier."}).status_code == 303
    assert "Due in 90 days" in officer.get(place).text
    officer.post(f"{place}/put-off", data={"why": "Once more."})
    assert "Due in 90 days" in officer.get(place).text
    assert officer.post(f"{place}/answer").status_code == 303
    page = officer.get(place).text
    assert "Answered" in page and "The letter was sent" not in page
    again = told.request(store, member, office.compliance, due_on=today - timedelta(days=1), received_on=today)
    assert "A fee of what it costs" in officer.get(f"{HERE}/requests/{again.id}").text
    home = officer.get(HERE).text
    assert "1 day overdue" in home
    actions = [one.action for one in entries(store, office) if one.action.startswith("disclosure.")]
    assert actions.count("disclosure.answer") == 1 and actions.count("disclosure.put_off") == 1


def test_another_fmos_member_is_like_none(world: World, store: Session, client_for: Any) -> None:
    theirs = make.member(store, world.lakeside.fmo)
    delivery(store, world.lakeside, world.lou, theirs, new_id())
    officer = client_for(world.summit.compliance)
    foreign, none = (officer.get(f"{HERE}/{key}") for key in (theirs.id, new_id()))
    assert foreign.status_code == none.status_code == 404
    assert foreign.data == none.data
    assert client_for(world.summit.admin).get(f"{HERE}/{world.pat.member.id}").status_code == 404


deliveries = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 2),
        st.integers(0, 3000),
        st.sampled_from(["wrong", "possible", "right", None]),
    ),
    max_size=12,
)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
@examples(12)
@given(made=deliveries)
def test_the_accounting_is_every_delivery_of_the_members_policies(
    app: Flask, world: World, store: Session, made: list[tuple[int, int, int, str | None]]
) -> None:
    """Of random deliveries of three members to two accounts: each member's are all there, and nobody else's."""
    office, accounts = world.summit, [world.amy, world.harbor, world.amy]
    members = [make.member(store, office.fmo) for _ in range(3)]
    truth: dict[int, dict[UUID, bool]] = {0: {}, 1: {}, 2: {}}
    now = datetime.now(UTC)
    for who, account, days, verdict in made:
        entry = delivery(
            store, office, accounts[account], members[who], new_id(), at=now - timedelta(days=days, minutes=1)
        )
        if verdict:
            told.misdelivery(
                store,
                world.amy.people[0].crm_policy,
                recipient_id=accounts[account].business.id,
                policy_id=entry.subject_ids[0],
                member_id=members[who].id,
                delivered_run_id=entry.run_id,
                verdict=verdict,
            )
        if entry.at.astimezone(OFFICE).date() > accounting.six_years().first:
            truth[who][entry.id] = verdict == "wrong"
    for number, member in enumerate(members):
        with acting(app, Role.COMPLIANCE, office.fmo):
            found = accounting.of_member(member.id, accounting.six_years())
        assert found is not None
        kept = {line.entry_id: line.accountable for line in found.lines if line.day > accounting.six_years().first}
        assert kept == truth[number]
        assert len(found.told) == sum(line.accountable for line in found.lines)


def test_days_are_those_of_the_office(app: Flask, world: World, store: Session) -> None:
    """What was delivered at ten in the evening in New York is of that day, though the day after has begun in UTC."""
    member = make.member(store, world.summit.fmo)
    evening = delivery(store, world.summit, world.amy, member, new_id(), at=datetime(2026, 3, 2, 3, tzinfo=UTC))
    with acting(app, Role.COMPLIANCE, world.summit.fmo):
        the_day, after = (accounting.Period(date(2026, 3, day), date(2026, 3, day)) for day in (1, 2))
        found, none = (accounting.of_member(member.id, one) for one in (the_day, after))
    assert found is not None and none is not None
    assert [(line.entry_id, line.day) for line in found.lines] == [(evening.id, date(2026, 3, 1))]
    assert none.lines == []


def test_six_years_back_from_a_leap_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.core.clock.today", lambda: date(2028, 2, 29))
    assert accounting.six_years().first == date(2022, 2, 28)
