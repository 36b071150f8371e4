"""The workbench for wrong deliveries, from carriers' files and an agent's clicks to the figures and the deadlines."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portal.book.models import Member, Policy
from portal.businesses.models import Business
from portal.compliance.breaches import affected
from portal.compliance.breaches.models import BreachCase
from portal.compliance.models import AccessEntry
from portal.core.ids import new_id
from portal.core.scope import Role
from portal.crm.models import Contact
from portal.identity.models import Fmo, User
from tests.portal.book.conftest import hold_nothing
from tests.portal.book.rows import aetna, humana, person
from tests.portal.book.undoing import order, work_off
from tests.portal.sync.runs import rows, sync
from tests.portal.sync.test_undo import load
from tests.support import builders as make
from tests.support import disclosure_builders as told
from tests.support.people import acting
from tests.support.world import World

HERE, LOG = "/compliance/breaches", "/compliance/disclosures"
NORA = "2002002"
Browser = Callable[[User | None], FlaskClient]


@dataclass(slots=True)
class Story:
    """An account that had policies of two carriers for a while that were never its own."""

    fmo: Fmo
    nora: Business
    officer: User
    rightful: UUID  # a member whose policy was its own all the time
    opened: UUID
    listed: UUID
    other: UUID  # the member of the second carrier

    @property
    def wrong(self) -> set[UUID]:
        """Whose policies were not."""
        return {self.opened, self.listed, self.other}


@pytest.fixture
def story(app: Flask, store: Session, client_for: Browser) -> Story:
    """Files that name the wrong agent are loaded and synced, the agent looks, and the files are taken back."""
    fmo = make.fmo(store)
    hold_nothing(store, fmo)
    nora = make.business(store, make.agent(store, fmo, NORA))
    agent = client_for(make.user(store, fmo, Role.AGENT_ADMIN, nora, npn=NORA))
    hers = {"Writing Agent NPN": NORA}
    load(app, store, fmo, aetna(person(1, **hers)), "20261101")
    wrong = [
        load(app, store, fmo, aetna(*(person(n, **hers) for n in (1, 2, 3))), "20261115"),
        load(app, store, fmo, humana({"NPN": NORA}), "20261116"),
    ]
    sync(app, store, nora)
    members = dict(store.execute(select(Policy.member_number, Policy.member_id)).all())
    first, second, third = (members[person(n)["Member ID"]] for n in (1, 2, 3))
    other = members["H50000001"]
    assert agent.get("/crm/contacts").status_code == 200
    contact = store.scalars(select(Contact.id).where(Contact.member_id == second)).one()
    assert agent.get(f"/crm/contacts/{contact}").status_code == 200
    for run in reversed(wrong):
        work_off(app, fmo, order(app, fmo, run))
    agent.get("/crm/contacts")  # they are gone: this is no look at them
    store.rollback()
    return Story(fmo, nora, make.user(store, fmo, Role.COMPLIANCE), first, second, third, other)


def opened(browser: FlaskClient, story: Story, **values: str) -> str:
    """The address of a case that was opened over the last and the next hour."""
    now = datetime.now(UTC)
    span = {
        "since": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "until": f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M}",
    }
    sent = {"title": "Wrong NPN", "account": story.nora.name, "which": "wrong", **span}
    answer = browser.post(f"{HERE}/new", data={**sent, "discovered_on": now.date().isoformat(), **values})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def figures(app: Flask, story: Story, place: str) -> affected.Found:
    """What the case says."""
    from portal.extensions import db

    with acting(app, Role.COMPLIANCE, story.fmo):
        case = db.session.scalars(select(BreachCase).where(BreachCase.id == UUID(place.rpartition("/")[2]))).one()
        return affected.find(case)


def test_the_figures_are_the_truth(app: Flask, store: Session, client_for: Browser, story: Story) -> None:
    browser = client_for(story.officer)
    place = opened(browser, story)
    told.term(store, story.fmo.id, "aetna", days=5)
    found = figures(app, story, place)
    assert found.members == story.wrong and found.not_marked == 0
    assert {one.carrier: (one.members, one.policies) for one in found.carriers} == {"aetna": (2, 2), "humana": (1, 1)}
    assert found.members_of("listed") == story.wrong
    assert found.members_of("opened") == {story.opened}
    assert found.members_of("exported") == found.members_of("revealed") == set()
    today = datetime.now(UTC).date()
    due = {one.carrier: one.due_on - today for one in found.carriers}
    assert due == {"aetna": timedelta(days=5), "humana": timedelta(days=60)}
    page = browser.get(place).text
    assert "Not entered" in page and "5 days" in page and "Being assessed" in page
    every = opened(browser, story, which="every")
    assert figures(app, story, every).members == story.wrong | {story.rightful}
    assert figures(app, story, opened(browser, story, npn="777")).members == set()
    past = {"since": "2026-01-01T00:00", "until": "2026-01-02T00:00"}
    assert "Nobody is affected" in browser.get(opened(browser, story, **past)).text


def test_only_the_time_in_which_the_account_held_them_counts(
    app: Flask, store: Session, client_for: Browser, story: Story
) -> None:
    """What the agent did before the delivery and after the release is no look at what was delivered."""
    browser, now = client_for(story.officer), datetime.now(UTC)
    for minutes in (-45, 45):
        row = {"action": "mbi.reveal", "outcome": "done", "version": 1, "actor_name": "Nora", "role": "agent_admin"}
        of = {"business_id": story.nora.id, "member_ids": [story.opened], "at": now + timedelta(minutes=minutes)}
        make.add(store, AccessEntry(fmo_id=story.fmo.id, id=new_id(), **row, **of))
    assert figures(app, story, opened(browser, story)).members_of("revealed") == set()
    later = {name: f"{now + timedelta(minutes=wait):%Y-%m-%dT%H:%M}" for name, wait in (("since", 10), ("until", 60))}
    assert figures(app, story, opened(browser, story, **later)).members == set()
    still = figures(app, story, opened(browser, story, which="every", **later))
    assert still.members == {story.rightful}


def test_the_affected_are_told_who_asks(store: Session, client_for: Browser, story: Story) -> None:
    browser = client_for(story.officer)
    for member in story.wrong:
        page = browser.get(f"{LOG}/{member}").text
        assert "1 disclosure " in page and "1 is told to the member" in page
    assert "none is told to the member" in browser.get(f"{LOG}/{story.rightful}").text


def test_marking_a_whole_account_makes_all_accountable(
    store: Session, client_for: Browser, story: Story, setup_engine: Engine
) -> None:
    browser = client_for(story.officer)
    place = opened(browser, story, which="every")
    assert "1 delivery of this case was not found wrong yet" in browser.get(place).text
    assert browser.post(f"{place}/mark").status_code == 303
    assert "1 is told to the member" in browser.get(f"{LOG}/{story.rightful}").text
    query = """SELECT business_id, member_ids, reason, actor_id FROM access_entry
               WHERE action = 'policy.misdelivered' AND reason = 'case'"""
    assert [tuple(row) for row in rows(setup_engine, query)] == [
        (story.nora.id, [story.rightful], "case", story.officer.id)
    ]
    assert browser.post(f"{place}/mark").status_code == 303
    assert len(rows(setup_engine, query)) == 1


def test_names_are_for_who_proves_to_be_themself_and_logged(
    store: Session, client_for: Browser, story: Story, setup_engine: Engine
) -> None:
    browser = client_for(story.officer)
    place = opened(browser, story)
    ids = list(csv.DictReader(io.StringIO(browser.get(f"{place}/members.csv").text.lstrip("\ufeff"))))
    assert {UUID(row["Member id"]) for row in ids} == story.wrong and "Name" not in ids[0]
    assert {row["Member id"] for row in ids if row["Opened"]} == {str(story.opened)}
    named = list(csv.DictReader(io.StringIO(browser.get(f"{place}/names.csv").text.lstrip("\ufeff"))))
    last = set(store.scalars(select(Member.last_name).where(Member.id.in_(story.wrong))))
    assert last and {row["Name"].split()[-1] for row in named if row["Name"]} == last
    entries = rows(
        setup_engine, "SELECT action, member_ids, fields FROM access_entry WHERE action LIKE 'breach_case.%export'"
    )
    assert {(row.action, tuple(row.fields)) for row in entries} == {
        ("breach_case.export", ()),
        ("breach_case.names_export", ("name",)),
    }
    assert all(set(row.member_ids) == story.wrong for row in entries)


def test_a_conclusion_needs_all_four_factors_and_a_breach_every_carrier(client_for: Browser, story: Story) -> None:
    browser = client_for(story.officer)
    place = opened(browser, story)
    breach = {"conclusion": "breach", "why": "Names and Medicare numbers were opened."}
    factors = {name: f"About {name}" for name in ("nature", "who", "viewed", "mitigation")}
    browser.post(f"{place}/assessment", data={**factors, "viewed": "", "notes": ""})
    refused = browser.post(f"{place}/conclusion", data=breach)
    assert refused.status_code == 409 and "Answer all four factors" in refused.text
    browser.post(f"{place}/assessment", data={**factors, "notes": "Called the agent"})
    assert browser.post(f"{place}/close").status_code == 409
    assert browser.post(f"{place}/conclusion", data=breach).status_code == 303
    refused = browser.post(f"{place}/close")
    assert refused.status_code == 409 and "Not every carrier was told" in refused.text
    today = datetime.now(UTC).date().isoformat()
    for carrier in ("aetna", "humana"):
        sent = {"carrier": carrier, "sent_on": today, "sent_to": "Privacy desk"}
        assert browser.post(f"{place}/told", data=sent).status_code == 303
    assert browser.post(f"{place}/told", data={"carrier": "aetna", "sent_on": today, "sent_to": "x"}).status_code == 422
    assert browser.post(f"{place}/close").status_code == 303
    page = browser.get(place).text
    assert "Breach, closed" in page and "Called the agent" in page and "About viewed" in page
    assert "Keep the assessment" not in page
    assert browser.post(f"{place}/assessment", data={**factors, "notes": ""}).status_code == 409


def test_what_was_written_is_sealed(client_for: Browser, story: Story, setup_engine: Engine) -> None:
    browser = client_for(story.officer)
    place = opened(browser, story)
    words = {"nature": "Qnature", "who": "Qwho", "viewed": "", "mitigation": "", "notes": ""}
    browser.post(f"{place}/assessment", data=words)
    [row] = rows(setup_engine, "SELECT told, row_to_json(c)::text AS whole FROM breach_case c")
    assert row.told and "Qnature" not in row.whole


def test_terms_are_kept_and_changed(client_for: Browser, story: Story) -> None:
    browser = client_for(story.officer)
    assert "No term yet" in browser.get(f"{HERE}/terms").text
    sent = {"carrier": "aetna", "days": "3", "contact": "privacy@aetna.example"}
    assert browser.post(f"{HERE}/terms", data={**sent, "days": "61"}).status_code == 422
    assert browser.post(f"{HERE}/terms", data=sent).status_code == 303
    assert browser.post(f"{HERE}/terms", data={**sent, "days": "4"}).status_code == 303
    page = browser.get(f"{HERE}/terms").text
    assert "privacy@aetna.example" in page and page.count("privacy@aetna.example") == 1


def test_a_carrier_that_was_not_told_in_time_is_overdue(store: Session, client_for: Browser, story: Story) -> None:
    browser = client_for(story.officer)
    told.term(store, story.fmo.id, "aetna", days=0)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    place = opened(browser, story, discovered_on=yesterday)
    assert browser.get(place).text.count("Overdue") == 1
    ahead = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    assert ahead not in yesterday
    refused = browser.post(f"{HERE}/new", data={"title": "x", "account": str(new_id()), "discovered_on": ahead})
    assert refused.status_code == 422
    assert "This day has not come yet" in refused.text and "No account, or more than one" in refused.text


def test_another_fmos_case_is_like_none(world: World, store: Session, client_for: Any) -> None:
    theirs = told.case(store, world.lou.business, world.lakeside.compliance)
    browser = client_for(world.summit.compliance)
    foreign, none = (browser.get(f"{HERE}/{key}") for key in (theirs.id, new_id()))
    assert foreign.status_code == none.status_code == 404 and foreign.data == none.data
    assert client_for(world.summit.admin).get(HERE).status_code == 404
