"""The officers' page about keeping the log: the years, holds by one and lifted by another, approvals by two."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.compliance.retention.models import LegalHold, LogArchive, LogTerm
from portal.core.ids import new_id
from portal.core.permissions import access_of
from portal.core.scope import Role
from tests.portal.compliance.test_access import entries, logged
from tests.support import builders as make
from tests.support.world import Office, World

PAGE = "/compliance/retention"
REASON = "A claim about the autumn of 2026"


def _second(store: Session, client_for: Any, office: Office) -> FlaskClient:
    found: FlaskClient = client_for(make.user(store, office.fmo, Role.COMPLIANCE, last_name="Second"))
    return found


def _all(store: Session, model: Any) -> list[Any]:
    store.rollback()
    return list(store.scalars(select(model).execution_options(populate_existing=True)))


def test_the_page_of_a_new_log(world: World, store: Session, client_for: Any) -> None:
    told = client_for(world.summit.compliance).get(PAGE)
    assert told.status_code == 200
    assert (
        "10 years" in told.text and "None yet. The first is archived" in told.text and "Nothing is logged" in told.text
    )
    assert [entry.action for entry in entries(store, world.summit)] == ["retention.view"]


def test_the_oldest_month_and_when_its_term_ends(world: World, store: Session, client_for: Any) -> None:
    logged(store, world.summit, at=datetime(2026, 2, 14, tzinfo=UTC))
    logged(store, world.lakeside, at=datetime(2025, 2, 14, tzinfo=UTC))
    told = client_for(world.summit.compliance).get(PAGE).text
    assert "Feb 2026" in told and "1 Mar 2036" in told and "2025" not in told


def test_the_years(world: World, store: Session, client_for: Any) -> None:
    officer = client_for(world.summit.compliance)
    for wrong in ("5", "51", "many", ""):
        refused = officer.post(f"{PAGE}/term", data={"years": wrong})
        assert refused.status_code == 422 and "There is a problem" in refused.text
    assert officer.post(f"{PAGE}/term", data={"years": "10"}).status_code == 303
    assert _all(store, LogTerm) == []
    officer.post(f"{PAGE}/term", data={"years": "12"})
    assert "12 years" in officer.get(PAGE).text
    [entry] = entries(store, world.summit, "retention.change")
    assert entry.detail == {"years": 12, "earlier_years": 10}
    assert "10 years" in client_for(world.lakeside.compliance).get(PAGE).text


@pytest.mark.parametrize("endpoint", ["change_term", "lift_hold", "approve"])
def test_what_may_end_a_month_wants_somebody_who_proved_to_be_themself(app: Flask, endpoint: str) -> None:
    access = access_of(app.view_functions[f"retention.{endpoint}"])
    assert access is not None and access.fresh


@pytest.mark.parametrize("kind", ["log", "member", "person", "business"])
def test_a_hold_from_the_form_to_the_row_and_back(world: World, store: Session, client_for: Any, kind: str) -> None:
    member = new_id()
    given = {"log": "", "member": str(member), "person": "amy qagentamy", "business": world.amy.business.name}[kind]
    is_of = {"log": None, "member": member, "person": world.amy.admin.id, "business": world.amy.business.id}[kind]
    officer = client_for(world.summit.compliance)
    assert officer.get(f"{PAGE}/holds/new?kind={kind}&subject={member}").status_code == 200
    made = officer.post(f"{PAGE}/holds/new", data={"kind": kind, "subject": given, "reason": REASON})
    assert made.status_code == 303
    [hold] = _all(store, LegalHold)
    assert (hold.kind, hold.subject_id, hold.placed_by) == (kind, is_of, world.summit.compliance.id)
    assert REASON not in hold.reason, "it may name people"
    shown = officer.get(PAGE).text
    assert REASON in shown and "In force" in shown and "Another officer can lift it" in shown
    assert {"person": "Qagentamy", "business": given, "member": str(member), "log": "whole log"}[kind] in shown
    [entry] = entries(store, world.summit, "legal_hold.place")
    assert (entry.subject_ids, entry.member_ids) == ([hold.id], [member] if kind == "member" else [])


@pytest.mark.parametrize(
    ("kind", "subject", "reason", "says"),
    [
        ("", "", REASON, "Choose what is held."),
        ("member", "Stray Qstray", REASON, "Enter the member&#39;s id"),
        ("person", "q", REASON, "enough of the name for one alone"),
        ("person", "zzz", REASON, "Nobody has this name."),
        ("business", "", REASON, "Enter the id"),
        ("log", "", "", "Say why."),
        ("log", "", "short", "at least 10 characters"),
    ],
)
def test_a_hold_that_is_not_said_rightly(
    world: World, store: Session, client_for: Any, kind: str, subject: str, reason: str, says: str
) -> None:
    data = {"kind": kind, "subject": subject, "reason": reason}
    refused = client_for(world.summit.compliance).post(f"{PAGE}/holds/new", data=data)
    assert refused.status_code == 422 and says in refused.text
    assert _all(store, LegalHold) == []


def test_another_officer_lifts_it_and_who_placed_it_does_not(world: World, store: Session, client_for: Any) -> None:
    first, second = client_for(world.summit.compliance), _second(store, client_for, world.summit)
    first.post(f"{PAGE}/holds/new", data={"kind": "log", "subject": "", "reason": REASON})
    [hold] = _all(store, LegalHold)
    place, why = f"{PAGE}/holds/{hold.id}/lift", "The court has decided"
    assert "You placed this hold yourself" in first.get(place).text
    assert first.post(place, data={"reason": why}).status_code == 303
    assert _all(store, LegalHold)[0].lifted_at is None
    assert second.post(place, data={"reason": ""}).status_code == 422
    assert second.post(place, data={"reason": why}).status_code == 303
    [hold] = _all(store, LegalHold)
    assert hold.lifted_at is not None and why not in hold.lifted_reason
    assert why in second.get(PAGE).text and "It was lifted by" in second.get(place).text
    assert second.post(place, data={"reason": why}).status_code == 303, "a double click"
    assert len(entries(store, world.summit, "legal_hold.lift")) == 1
    assert client_for(world.lakeside.compliance).get(place).status_code == 404


def _archive(store: Session, office: Office, month: date) -> LogArchive:
    begin = datetime(month.year, month.month, 1, tzinfo=UTC)
    row = LogArchive(
        fmo_id=office.fmo.id, id=new_id(), month=month, begin_at=begin, end_at=begin + timedelta(days=31),
        entries=1234, seals=3, file="x", size=1, sha256=bytes(32), key_id="k", signature=bytes(64), version=1,
    )  # fmt: skip
    return make.add(store, row)


def _approve(client: FlaskClient, archive_id: UUID) -> int:
    return client.post(f"{PAGE}/archives/{archive_id}/approve").status_code


def test_two_officers_approve_the_end_of_a_month(world: World, store: Session, client_for: Any) -> None:
    first, second = client_for(world.summit.compliance), _second(store, client_for, world.summit)
    archive = _archive(store, world.summit, date(2016, 10, 1))
    assert "1,234" in first.get(PAGE).text and "Waits for approval" in first.get(PAGE).text
    assert [_approve(first, archive.id), _approve(first, archive.id)] == [303, 303]
    shown = first.get(PAGE).text
    assert "Waits for a second person" in shown and "/approve" not in shown
    assert _approve(second, archive.id) == 303
    [row] = _all(store, LogArchive)
    assert row.approved_by == world.summit.compliance.id and row.second_by not in (None, row.approved_by)
    assert "Leaves with the next run" in second.get(PAGE).text
    told = [entry.detail for entry in entries(store, world.summit, "log_archive.approve")]
    assert told == [{"month": "2016-10", "count": 1234}] * 2
    assert _approve(client_for(world.lakeside.compliance), archive.id) == 404


def test_of_an_archive_an_officer_may_write_their_own_word_alone(world: World, store: Session, acting_as: Any) -> None:
    from sqlalchemy import update
    from sqlalchemy.exc import DBAPIError

    from portal.core.models import table_of
    from portal.extensions import db

    _archive(store, world.summit, date(2016, 10, 1))
    for values in ({"approved_by": new_id()}, {"ended_at": datetime.now(UTC)}, {"entries": 1}):
        with acting_as(Role.COMPLIANCE, world.summit.fmo), pytest.raises(DBAPIError):
            db.session.execute(update(table_of(LogArchive)).values(**values))
