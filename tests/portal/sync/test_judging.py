"""What is found of deliveries when copies leave, with real files: wrong, possible, or rightful until then."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from portal.businesses.models import Business, BusinessNpn
from portal.compliance.reviews.models import ReviewRules
from portal.compliance.reviews.rules import Rules
from portal.core.scope import Role
from portal.downline.models import Producer
from portal.extensions import db
from portal.identity.models import Fmo
from portal.sync import operations
from portal.sync.models import SyncRun
from tests.portal.book.conftest import attribute, hold_nothing
from tests.portal.book.rows import aetna, golden, mutual, person
from tests.portal.book.undoing import order, work_off
from tests.portal.sync.runs import admin_scope, rows, sync
from tests.portal.sync.test_undo import load
from tests.support import builders as make
from tests.support.people import acting

AMY, NORA = "1001001", "2002002"
FOUND = """
SELECT m.recipient_id, m.cause, m.verdict, m.npn, m.new_npn, m.policy_id, m.member_id, m.delivered_run_id
FROM misdelivery m ORDER BY m.id
"""
TOLD = """
SELECT e.business_id, e.subject_ids, e.member_ids, e.reason, e.detail FROM access_entry e
WHERE e.action = 'policy.misdelivered' ORDER BY e.id
"""


class Office:
    """An FMO with two agents' accounts."""

    def __init__(self, store: Session) -> None:
        self.fmo: Fmo = make.fmo(store)
        hold_nothing(store, self.fmo)
        self.agents: list[Producer] = [make.agent(store, self.fmo, npn) for npn in (AMY, NORA)]
        self.amy, self.nora = (make.business(store, one) for one in self.agents)


@pytest.fixture
def office(store: Session) -> Office:
    """The office."""
    return Office(store)


def ambetter(npn: str, since: str, **more: str) -> bytes:
    """A file whose row says since when the agent has held the policy."""
    return golden(
        "ambetter",
        {
            "Policy Effective Date": "6/1/2026",
            "Broker NPN": npn,
            "Broker Effective Date": since,
            "Broker Term Date": "",
            **more,
        },
    )


def delivered(engine: Engine, business: Business) -> list[Any]:
    """The entries of deliveries to an account, oldest first."""
    query = "SELECT * FROM access_entry WHERE action = 'policy.disclosed' AND business_id = :b ORDER BY at, id"
    return rows(engine, query, b=business.id)


def test_a_delivery_says_why_it_is_not_accountable_and_who_the_recipient_was(
    app: Flask, store: Session, setup_engine: Engine, office: Office
) -> None:
    load(app, store, office.fmo, aetna(person(1)), "20261101")
    sync(app, store, office.amy)
    [entry] = delivered(setup_engine, office.amy)
    assert (entry.reason, entry.fields) == ("operations", ["person", "contact", "mbi", "coverage"])
    [known] = rows(setup_engine, "SELECT recipient_id, name, contact, npns FROM disclosure_recipient")
    agent = office.agents[0]
    assert tuple(known) == (office.amy.id, office.amy.name, f"{agent.name}, OH, {agent.email}, 555-0100", [AMY])
    load(app, store, office.fmo, aetna(person(1), person(2)), "20261201")
    sync(app, store, office.amy)
    assert len(rows(setup_engine, "SELECT 1 FROM disclosure_recipient")) == 1, "nothing of them has changed"


def test_a_file_that_was_taken_back_delivered_wrongly(
    app: Flask, store: Session, setup_engine: Engine, office: Office
) -> None:
    """Both what it brought and what it moved; what it moved away from its former account was in doubt until then."""
    load(app, store, office.fmo, aetna(person(1)), "20261101")
    sync(app, store, office.amy)
    second = load(
        app,
        store,
        office.fmo,
        aetna(person(1, **{"Writing Agent NPN": NORA}), person(2, **{"Writing Agent NPN": NORA})),
        "20261201",
    )
    sync(app, store, office.nora)
    work_off(app, office.fmo, order(app, office.fmo, second))
    found = rows(setup_engine, FOUND)
    assert [(one.recipient_id, one.cause, one.verdict) for one in found if one.recipient_id == office.nora.id] == [
        (office.nora.id, "undone", "wrong")
    ] * 2
    assert [(one.cause, one.verdict) for one in found if one.recipient_id == office.amy.id] == [("file", "possible")]
    told = rows(setup_engine, TOLD)
    entries = {entry.subject_ids[0]: entry for entry in delivered(setup_engine, office.nora)}
    assert len(told) == 2
    for one in told:
        entry = entries[one.subject_ids[0]]
        assert (one.business_id, one.member_ids, one.reason) == (office.nora.id, entry.member_ids, "undone")
        assert one.detail["delivered_run"] == str(entry.run_id)


def test_a_line_of_the_crosswalk_that_was_corrected_delivered_wrongly(
    app: Flask, store: Session, setup_engine: Engine, office: Office
) -> None:
    line = make.identifier(store, office.agents[0], "0118BK05", carrier="mutual_of_omaha", kind="writing_number")
    run = load(app, store, office.fmo, mutual({}), "20261101")
    assert run.unattributed == 0, "the carrier and the kind are those of the layout"
    sync(app, store, office.amy)
    line.npn, line.producer_id = NORA, office.agents[1].id
    store.commit()
    with acting(app, Role.FMO_ADMIN, office.fmo):
        assert attribute("mutual_of_omaha", "writing_number", "0118BK05") == 1
    [found] = rows(setup_engine, FOUND)
    assert (found.recipient_id, found.cause, found.verdict) == (office.amy.id, "crosswalk", "wrong")
    assert (found.npn, found.new_npn) == (AMY, NORA)
    assert len(rows(setup_engine, TOLD)) == 1


@pytest.mark.parametrize(
    ("since", "cause"), [("6/1/2060", None), ("1/1/2026", "dates")], ids=["moves later", "was theirs before"]
)
def test_the_agents_own_days_tell_a_move_from_a_correction(
    app: Flask, store: Session, setup_engine: Engine, office: Office, since: str, cause: str | None
) -> None:
    load(app, store, office.fmo, ambetter(AMY, "1/1/2026"), "20260601")
    sync(app, store, office.amy)
    assert len(delivered(setup_engine, office.amy)) == 1
    load(app, store, office.fmo, ambetter(NORA, since), "20260701")
    found = rows(setup_engine, FOUND)
    assert [one.cause for one in found] == ([cause] if cause else [])
    assert len(rows(setup_engine, TOLD)) == len(found)
    assert len(rows(setup_engine, "SELECT 1 FROM access_entry WHERE action = 'policy.released'")) == 1


@pytest.mark.parametrize(
    ("began", "zone", "cause"),
    [
        ("2026-06-02 03:30Z", None, None),  # half past eleven in the evening before, in New York
        ("2026-06-02 04:30Z", None, "dates"),
        ("2026-06-02 04:30Z", "Pacific/Honolulu", None),
        ("2026-06-01 15:00Z", "Pacific/Guam", "dates"),  # there the day has begun
    ],
)
def test_the_day_of_a_delivery_is_the_offices(
    app: Flask, store: Session, setup_engine: Engine, office: Office, began: str, zone: str | None, cause: str | None
) -> None:
    if zone:
        rules = asdict(Rules()) | {"zone": zone}
        make.add(store, ReviewRules(fmo_id=office.fmo.id, id=office.fmo.id, changed_name="O", **rules))
    load(app, store, office.fmo, ambetter(AMY, "1/1/2026"), "20260601")
    sync(app, store, office.amy)
    store.execute(update(SyncRun).values(started_at=datetime.fromisoformat(began)))
    store.commit()
    load(app, store, office.fmo, ambetter(NORA, "6/2/2026"), "20260701")
    assert [one.cause for one in rows(setup_engine, FOUND)] == ([cause] if cause else [])


def test_a_file_that_names_another_and_no_day_leaves_it_to_a_person(
    app: Flask, store: Session, setup_engine: Engine, office: Office
) -> None:
    load(app, store, office.fmo, aetna(person(1), person(2)), "20261101")
    sync(app, store, office.amy)
    load(app, store, office.fmo, aetna(person(1, **{"Writing Agent NPN": NORA}), person(2)), "20261201")
    [found] = rows(setup_engine, FOUND)
    assert (found.cause, found.verdict, found.new_npn) == ("file", "possible", NORA)
    assert rows(setup_engine, TOLD) == []


def test_whether_an_npn_that_leaves_was_ever_the_accounts_is_asked_of_a_person(
    app: Flask, store: Session, setup_engine: Engine, office: Office
) -> None:
    load(app, store, office.fmo, aetna(person(1)), "20261101")
    sync(app, store, office.amy)
    with acting(app, admin_scope(office.fmo.id)):
        mine = select(BusinessNpn).where(BusinessNpn.business_id == office.amy.id)
        db.session.scalars(mine).one().until = func.now()
        assert operations.release_npn(office.amy.id, AMY) == 1
    [found] = rows(setup_engine, FOUND)
    assert (found.cause, found.verdict, found.npn) == ("npn", "possible", AMY), "it may have been given by mistake"
    assert rows(setup_engine, TOLD) == []


def test_an_npn_that_a_run_finds_gone_was_rightful_too(
    app: Flask, store: Session, setup_engine: Engine, office: Office
) -> None:
    """What a run takes away because nobody had done it before: the policy is still written by the same NPN."""
    load(app, store, office.fmo, aetna(person(1)), "20261101")
    sync(app, store, office.amy)
    mine = store.scalars(select(BusinessNpn).where(BusinessNpn.business_id == office.amy.id)).one()
    mine.until = datetime.now(UTC)
    store.commit()
    sync(app, store, office.amy)
    assert len(rows(setup_engine, "SELECT 1 FROM access_entry WHERE action = 'policy.released'")) == 1
    assert rows(setup_engine, FOUND) == []
