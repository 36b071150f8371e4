"""Why a policy is in an account or not, for the FMO: every step at which the chain can stop, and what to do there."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import HeldChange, Policy, PolicyWriter
from portal.businesses.models import Business, BusinessNpn
from portal.compliance.models import AccessEntry
from portal.downline.models import Producer
from portal.identity.models import Fmo, User
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.world import World

NOW = datetime.now(UTC)
_HEADLINE = re.compile(r'<div class="notice (\w+)">.*?<p>(.*?)</p>', re.S)
_STEP = re.compile(r'<li class="entry (\w+)">.*?<h3 class="chain-head">(.*?)<span', re.S)


@dataclass(slots=True)
class Office:
    """An FMO with an agent, Dana, whose account Harbor is."""

    fmo: Fmo
    admin: User
    dana: Producer
    harbor: Business
    ask: Callable[..., Why]
    store: Session

    def policy(self, npn: str | None, **values: Any) -> Policy:
        """A policy of the book, newly come."""
        person = make.member(self.store, self.fmo, first_name="Mae", last_name="Whitfield")
        connector = values.pop("connector", None) or make.connector(self.store, self.fmo, carrier="humana")
        feed = make.feed_run(self.store, self.fmo, connector, file_name="book.csv")
        values = {"carrier": "humana", "source_sheet": "Book", "source_row": 12, **values}
        return make.policy(self.store, person, feed, npn, **values)


@dataclass(slots=True)
class Why:
    """The page of a chain."""

    tone: str
    headline: str
    marks: dict[str, str]
    text: str

    @property
    def stopped(self) -> list[str]:
        return [title for title, mark in self.marks.items() if mark == "stopped"]


@pytest.fixture
def office(store: Session, client_for: Callable[[User], FlaskClient]) -> Office:
    fmo = make.fmo(store)
    admin = make.user(store, fmo)
    dana = make.agent(store, fmo, "8812034", first_name="Dana", last_name="Harbor")
    client = client_for(admin)

    def ask(policy: Policy, business: Business | None = None) -> Why:
        chosen = f"?business={business.id}" if business else ""
        page = client.get(f"/fmo/policies/{policy.id}/why{chosen}")
        assert page.status_code == 200
        found = _HEADLINE.search(page.text)
        assert found
        said = html.unescape(re.sub(r"<[^>]+>", "", found[2])).strip()
        marks = {html.unescape(title).strip(): mark for mark, title in _STEP.findall(page.text)}
        return Why(found[1], said, marks, html.unescape(page.text))

    return Office(fmo, admin, dana, make.business(store, dana, "Harbor Agency"), ask, store)


def test_a_policy_that_is_there(office: Office) -> None:
    policy = office.policy(office.dana.npn, writer_column="Writing NPN")
    run = crm.sync_run(office.store, office.harbor, started_at=NOW)
    crm.crm_policy(office.store, office.harbor, policy, crm.contact(office.store, office.harbor), added_run_id=run.id)
    why = office.ask(policy)
    assert why.tone == "good" and why.headline.startswith("In Harbor Agency's account since ")
    assert set(why.marks.values()) == {"holds"} and len(why.marks) == 8
    for told in (
        "Row 12 of the sheet “Book” of book.csv",
        "from the column “Writing NPN”",
        "Mae Whitfield",
        "under NPN 8812034",
    ):
        assert told in why.text
    assert f"/fmo/runs/{run.id}" in why.text


def test_switched_off_does_not_matter_to_what_is_there(office: Office) -> None:
    policy = office.policy(office.dana.npn)
    crm.crm_policy(office.store, office.harbor, policy, crm.contact(office.store, office.harbor))
    office.harbor.sync_enabled = False
    office.store.merge(office.harbor)
    office.store.commit()
    assert office.ask(policy).tone == "good"


@pytest.mark.parametrize(
    ("values", "lines", "reason"),
    [
        ({}, [], "names no writing agent, or more than one"),
        ({"writer_kind": "agent_id", "writer_value": "S1"}, [], "its agent id S1 is in nobody's carrier identifiers"),
        ({"writer_kind": "tin", "writer_value": "TAX-NUMBER"}, [], "its tax number is in nobody's carrier identifiers"),
        (
            {"writer_kind": "agent_id", "writer_value": "0S1"},
            [{"valid_to": date(2025, 12, 31)}],
            "no entry of the crosswalk holds on 1 Jan 2026",
        ),
        ({"writer_kind": "agent_id", "writer_value": "S1"}, [{}, {"npn": "777"}], "leads to more than one NPN"),
    ],
)
def test_without_a_writing_agent(
    office: Office, values: dict[str, Any], lines: list[dict[str, Any]], reason: str
) -> None:
    for line in lines:
        make.identifier(office.store, office.dana, "S1", carrier="humana", kind="agent_id", **line)
    why = office.ask(office.policy(None, **values), office.harbor)
    assert why.stopped == ["Is its writing agent known?"] and reason in why.headline, why.headline
    assert "Not in Harbor Agency's account" in why.headline and "TAX-NUMBER" not in why.text


def test_an_identifier_that_nobody_confirmed(office: Office) -> None:
    from portal.connectors.layouts import load_layouts

    asking = [
        (name, layout.carrier, rule.kind)
        for name, layout in load_layouts().items()
        if (rule := layout.writer.crosswalk) and rule.needs_confirmation
    ]
    name, carrier, kind = asking[0]
    connector = make.connector(office.store, office.fmo, carrier=carrier, layout=name)
    given = {"connector": connector, "carrier": carrier, "writer_kind": kind, "writer_value": "W1"}
    why = office.ask(office.policy(None, **given), office.harbor)
    assert "has not been confirmed on the SmartConnector" in why.headline and "/fmo/connectors" in why.text


def test_the_crosswalk_and_earlier_agents_are_told(office: Office) -> None:
    make.identifier(office.store, office.dana, "S1", carrier="humana", valid_from=date(2024, 1, 1))
    policy = office.policy("8812034", writer_source="crosswalk", writer_kind="san", writer_value="00S1")
    earlier = {"fmo_id": office.fmo.id, "policy_id": policy.id, "npn": "1001001", "source": "column"}
    make.add(office.store, PolicyWriter(**earlier, since=NOW - timedelta(days=9), until=NOW - timedelta(days=2)))
    why = office.ask(policy, office.harbor)
    assert "through the crosswalk: its SAN 00S1 leads to it" in why.text
    assert "entry S1 → NPN 8812034 holds from 1 Jan 2024 until further notice" in why.text
    assert "Before that it was NPN 1001001, from " in why.text


def test_a_change_that_is_held_is_told(office: Office) -> None:
    policy = office.policy(office.dana.npn)
    about = {"kind": "file", "title": "File march.csv", "arguments": {}, "digest": "0", "asked_name": "Test"}
    for pairs in ([["8812034", "777", 2]], [["555", "777", 2]]):
        office.store.add(HeldChange(fmo_id=office.fmo.id, effect={"pairs": pairs}, **about))
    office.store.commit()
    why = office.ask(policy, office.harbor)
    assert why.text.count("“File march.csv” waits for a second administrator") == 1 and "/fmo/held" in why.text


def test_an_agent_outside_the_downline(office: Office) -> None:
    why = office.ask(office.policy("999"), office.harbor)
    assert why.stopped == ["Is that NPN in the downline?"] and "NPN 999 is not in your downline" in why.headline
    assert 'href="/fmo/agents/new"' in why.text


def test_an_npn_that_is_not_the_accounts(office: Office) -> None:
    other = make.agent(office.store, office.fmo, "5550001", first_name="Nora", last_name="Next")
    office.store.add(
        BusinessNpn(
            fmo_id=office.fmo.id,
            business_id=office.harbor.id,
            npn=other.npn,
            since=datetime(2025, 1, 5, tzinfo=UTC),
            until=datetime(2025, 6, 7, tzinfo=UTC),
        )
    )
    make.business(office.store, other, "Nora CRM")
    why = office.ask(office.policy(other.npn), office.harbor)
    assert why.headline.startswith(
        "Not in Harbor Agency's account: it was written under NPN 5550001 (Nora Next), not under one of this account's"
        " NPNs. It belongs to Nora CRM."
    )
    assert why.stopped == ["Is that NPN one of the account's?"]
    assert "Add Agent" not in why.headline and "/fmo/add-agent/" not in why.text
    assert "It was one from 5 Jan 2025 to 7 Jun 2025." in why.text and "It is an NPN of Nora CRM." in why.text


def test_an_npn_that_is_missing_in_the_account_may_be_added(office: Office) -> None:
    same = make.agent(office.store, office.fmo, "5550002", email="dana@harbor.example")
    office.dana.email = "Dana@harbor.example"
    office.store.merge(office.dana)
    office.store.commit()
    why = office.ask(office.policy(same.npn), office.harbor)
    assert "NPN 5550002, of one of its own people, is no NPN of the account. Add it by Add Agent." in why.headline
    assert f'href="/fmo/add-agent/business/{office.harbor.id}?chosen={same.id}"' in why.text
    stranger = make.agent(office.store, office.fmo, "5550003")
    why = office.ask(office.policy(stranger.npn), office.harbor)
    assert "That NPN has no account." in why.headline and "/fmo/add-agent/" not in why.text


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ({}, "holds on every day."),
        ({"valid_from": date(2024, 1, 1), "valid_to": date(2027, 5, 6)}, "holds from 1 Jan 2024 to 6 May 2027."),
        ({"valid_to": date(2027, 5, 6)}, "holds until 6 May 2027."),
    ],
)
def test_how_long_an_entry_of_the_crosswalk_holds(office: Office, days: dict[str, date], told: str) -> None:
    make.identifier(office.store, office.dana, "S1", carrier="humana", **days)
    policy = office.policy("8812034", writer_source="crosswalk", writer_kind="san", writer_value="S1")
    assert told in office.ask(policy, office.harbor).text


def test_policy_sync_that_is_off(office: Office) -> None:
    office.harbor.sync_enabled = False
    office.store.merge(office.harbor)
    office.store.commit()
    why = office.ask(office.policy(office.dana.npn), office.harbor)
    assert why.stopped == ["Does Policy Sync run for the account?"] and "not enabled" in why.headline
    assert f'href="/fmo/policy-sync/business/{office.harbor.id}"' in why.text


def test_an_agreement_that_blocks(office: Office) -> None:
    fmo = office.store.merge(office.fmo)
    fmo.rules = {"agreements": "block"}
    office.store.commit()
    why = office.ask(office.policy(office.dana.npn), office.harbor)
    assert why.stopped == ["Does Policy Sync run for the account?"] and "without an agreement" in why.headline


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (None, "no run has been done for the account yet"),
        ({"status": "running", "finished_at": None, "started_at": NOW}, "is not over yet"),
        (
            {"status": "failed", "error": "The disk was full.", "attempt": 3},
            "failed; nothing in the account was changed",
        ),
        ({"started_at": NOW - timedelta(days=3), "finished_at": NOW - timedelta(days=3)}, "waiting for the next run"),
        ({"started_at": NOW + timedelta(hours=1)}, "left it out"),
    ],
)
def test_the_last_run(office: Office, values: dict[str, Any] | None, reason: str) -> None:
    policy = office.policy(office.dana.npn)
    if values is not None:
        run = crm.sync_run(office.store, office.harbor, **values)
    why = office.ask(policy, office.harbor)
    assert why.stopped == ["Has a run come since?"] and reason in why.headline, why.headline
    assert why.marks["Is it in the account?"] == "open"
    if values is not None:
        assert f"/fmo/runs/{run.id}" in why.text
    if values and values.get("attempt"):
        assert "by Test and failed on " in why.text
        assert "in attempt 3" in why.text and "The disk was full." in why.text


def test_what_the_agent_removed(office: Office) -> None:
    policy = office.policy(office.dana.npn)
    crm.sync_run(office.store, office.harbor, started_at=NOW)
    person = crm.contact(office.store, office.harbor)
    crm.crm_policy(office.store, office.harbor, policy, person, removed_at=datetime(2026, 2, 3, tzinfo=UTC))
    why = office.ask(policy, office.harbor)
    assert why.stopped == ["Is it in the account?"] and "the agent removed it" in why.headline
    assert "3 Feb 2026" not in why.text, "only the fact"


def test_a_policy_of_a_person_whom_the_agent_removed(office: Office) -> None:
    policy = office.policy(office.dana.npn)
    member = office.store.get_one(type(make.member(office.store, office.fmo)), (office.fmo.id, policy.member_id))
    person = crm.contact(office.store, office.harbor, member)
    person.removed_at = NOW
    office.store.commit()
    why = office.ask(policy, office.harbor)
    assert why.stopped == ["Is it in the account?"] and "the agent removed it" in why.headline


def test_what_was_released(office: Office) -> None:
    policy = office.policy("999")
    person = crm.contact(office.store, office.harbor)
    gone = {"released_at": datetime(2026, 2, 3, tzinfo=UTC), "released_reason": "moved", "npn": "8812034"}
    crm.crm_policy(office.store, office.harbor, policy, person, **gone)
    make.agent(office.store, office.fmo, "999")
    why = office.ask(policy)
    assert why.stopped == ["Is that NPN one of the account's?"], "the account that had it is offered by itself"
    assert "released on 3 Feb 2026, 00:00 UTC because its writing agent became another" in why.text


def test_a_policy_that_no_account_can_have(office: Office) -> None:
    lone = make.agent(office.store, office.fmo, "4440001")
    why = office.ask(office.policy(lone.npn))
    assert why.headline.startswith("In no account: no account has its writing agent's NPN 4440001.")
    assert f'href="/fmo/agents/{lone.id}"' in why.text
    assert office.ask(office.policy(None)).stopped == ["Is its writing agent known?"]


def test_the_look_is_logged_with_the_business(office: Office) -> None:
    policy = office.policy(office.dana.npn)
    office.ask(policy, office.harbor)
    entry = office.store.scalars(select(AccessEntry).where(AccessEntry.action == "policy.why")).one()
    assert entry.detail == {"business": str(office.harbor.id)} and entry.subject_ids == [policy.id]
    assert entry.member_ids == [policy.member_id]


def test_another_business_is_found_by_name(office: Office, client_for: Callable[[User], FlaskClient]) -> None:
    other = make.business(office.store, make.agent(office.store, office.fmo), "Zephyr CRM")
    policy = office.policy(office.dana.npn)
    page = client_for(office.admin).get(f"/fmo/policies/{policy.id}/why?find=zeph").text
    assert f"/fmo/policies/{policy.id}/why?business={other.id}" in page


def test_a_foreign_business_is_none(world: World, client_for: Callable[[User], FlaskClient]) -> None:
    client, policy = client_for(world.summit.admin), world.amy.people[0].policy
    foreign = client.get(f"/fmo/policies/{policy.id}/why?business={world.lou.business.id}")
    none = client.get(f"/fmo/policies/{policy.id}/why?business={policy.id}")
    assert foreign.status_code == none.status_code == 404


class TestFromTheBusiness:
    """ "Why does this account not show policy …?" """

    def test_one_policy_is_shown_at_once(self, office: Office, client_for: Callable[[User], FlaskClient]) -> None:
        policy = office.policy(office.dana.npn, policy_number="H-0042")
        asked = {"carrier": "humana", "number": "h 0042"}
        sent = client_for(office.admin).post(f"/fmo/businesses/{office.harbor.id}/why", data=asked)
        assert sent.headers["Location"] == f"/fmo/policies/{policy.id}/why?business={office.harbor.id}"

    def test_several_are_listed(self, office: Office, client_for: Callable[[User], FlaskClient]) -> None:
        found = [office.policy(office.dana.npn, member_number="M77") for _ in range(2)]
        client = client_for(office.admin)
        where = client.post(
            f"/fmo/businesses/{office.harbor.id}/why", data={"carrier": "humana", "number": "M77"}
        ).headers["Location"]
        page = client.get(where).text
        assert "M77" not in where and all(str(policy.id) in page for policy in found)

    def test_none_says_what_the_book_has(self, office: Office, client_for: Callable[[User], FlaskClient]) -> None:
        office.policy(office.dana.npn, policy_number="H1")
        client = client_for(office.admin)
        where = client.post(
            f"/fmo/businesses/{office.harbor.id}/why", data={"carrier": "humana", "number": "H2"}
        ).headers["Location"]
        page = client.get(where).text
        assert "Your book has no Humana policy" in page and "newest file is of" in page

    def test_a_number_is_asked_for(self, office: Office, client_for: Callable[[User], FlaskClient]) -> None:
        answer = client_for(office.admin).post(f"/fmo/businesses/{office.harbor.id}/why", data={"carrier": "humana"})
        assert answer.status_code == 422 and "Enter the policy number." in answer.text

    def test_the_record_offers_it(self, office: Office, client_for: Callable[[User], FlaskClient]) -> None:
        page = client_for(office.admin).get(f"/fmo/businesses/{office.harbor.id}").text
        assert f"/fmo/businesses/{office.harbor.id}/why" in page


def test_the_policys_page_offers_it(office: Office, client_for: Callable[[User], FlaskClient], app: Flask) -> None:
    policy = office.policy(office.dana.npn)
    assert f"/fmo/policies/{policy.id}/why" in client_for(office.admin).get(f"/fmo/policies/{policy.id}").text
