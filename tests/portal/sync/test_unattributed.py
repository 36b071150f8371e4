"""The FMO's queue: what agents claim, what the book has under it, and an answer that tells nothing of anybody else."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.compliance.models import AccessEntry
from portal.identity.models import User
from portal.sync.claims.models import PolicyClaim
from portal.sync.claims.words import ANSWERS
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.world import World


def test_a_claim_stands_beside_what_the_book_has(
    store: Session, world: World, client_for: Callable[[User], FlaskClient]
) -> None:
    office, amy = world.summit, world.amy
    policy = make.policy(store, office.stray, office.feed_run, "1003003", carrier="humana", policy_number="H-77")
    there = crm.policy_claim(store, amy.business, amy.admin, number="h77", note="Since May")
    crm.policy_claim(store, amy.business, amy.admin, number="H78")
    crm.policy_claim(store, world.lou.business, world.lou.admin, number="LOU1")
    client = client_for(office.admin)
    queue = client.get("/fmo/unattributed").text
    assert "h77" in queue and amy.business.name in queue and "NPN 1003003" in queue and "No such number" in queue
    assert f"/fmo/policies/{policy.id}/why?business={amy.business.id}" in queue and "LOU1" not in queue
    page = client.get(f"/fmo/unattributed/{there.id}").text
    assert "Since May" in page and office.stray.last_name in page and amy.business.name in page
    home = client.get("/fmo/").text
    assert "2 policies are claimed by agents who do not see them" in home


def test_an_answer_is_read_by_the_agent_without_the_verdict(
    store: Session, world: World, client_for: Callable[[User], FlaskClient]
) -> None:
    amy = world.amy
    admin, agent = client_for(world.summit.admin), client_for(amy.admin)
    told = {}
    for verdict in ("anothers", "unknown"):
        claim = crm.policy_claim(store, amy.business, amy.admin, number="SAME1")
        sent = admin.post(f"/fmo/unattributed/{claim.id}", data={"verdict": verdict})
        assert sent.status_code == 303
        told[verdict] = agent.get("/crm/why").text.count(ANSWERS[verdict].partition(". If")[0])
        store.delete(store.get_one(PolicyClaim, (amy.business.id, claim.id), populate_existing=True))
        store.commit()
    assert told == {"anothers": 1, "unknown": 1} and ANSWERS["anothers"] == ANSWERS["unknown"]
    entries = store.scalars(select(AccessEntry).where(AccessEntry.action == "policy_claim.answer")).all()
    assert sorted(entry.detail["verdict"] for entry in entries) == ["anothers", "unknown"]
    assert all("SAME1" not in str(entry.detail) for entry in entries)


def test_words_of_ones_own_are_needed_for_something_else(
    store: Session, world: World, client_for: Callable[[User], FlaskClient]
) -> None:
    claim = crm.policy_claim(store, world.amy.business, world.amy.admin)
    admin = client_for(world.summit.admin)
    refused = admin.post(f"/fmo/unattributed/{claim.id}", data={"verdict": "other"})
    assert refused.status_code == 422 and "Write what the agent is to read." in refused.text
    admin.post(f"/fmo/unattributed/{claim.id}", data={"verdict": "other", "answer": "Please call us."})
    assert "Please call us." in client_for(world.amy.admin).get("/crm/why").text
    store.rollback()
    kept = store.get_one(PolicyClaim, (world.amy.business.id, claim.id), populate_existing=True)
    assert (kept.status, kept.verdict, kept.answered_by) == ("answered", "other", world.summit.admin.name)


def test_the_second_answer_changes_nothing(
    store: Session, world: World, client_for: Callable[[User], FlaskClient]
) -> None:
    claim = crm.policy_claim(store, world.amy.business, world.amy.admin, number="H90")
    amys = world.amy.people[0].producer.npn
    make.policy(store, world.summit.stray, world.summit.feed_run, amys, carrier="humana", policy_number="H-90")
    admin = client_for(world.summit.admin)
    admin.post(f"/fmo/unattributed/{claim.id}", data={"verdict": "attributed"})
    where = admin.post(f"/fmo/unattributed/{claim.id}", data={"verdict": "unknown"}).headers["Location"]
    assert "Somebody has answered this claim in the meantime" in admin.get(where).text
    store.rollback()
    assert store.get_one(PolicyClaim, (world.amy.business.id, claim.id), populate_existing=True).verdict == "attributed"
    answered = admin.get("/fmo/unattributed?state=answered").text
    assert claim.number in answered and "Attributed: it will come with the next run" in answered
    assert claim.number not in admin.get("/fmo/unattributed").text


@pytest.mark.parametrize("npn", ["1003003", None, "no such policy"])
def test_attributed_is_not_said_of_what_will_not_come(
    store: Session, world: World, client_for: Callable[[User], FlaskClient], npn: str | None
) -> None:
    office, amy = world.summit, world.amy
    if npn != "no such policy":
        make.policy(store, office.stray, office.feed_run, npn, carrier="humana", policy_number="H91")
    claim = crm.policy_claim(store, amy.business, amy.admin, number="H91")
    refused = client_for(office.admin).post(f"/fmo/unattributed/{claim.id}", data={"verdict": "attributed"})
    assert refused.status_code == 422 and "No policy of this number stands under an NPN of this account" in refused.text
    store.rollback()
    assert store.get_one(PolicyClaim, (amy.business.id, claim.id), populate_existing=True).status == "open"


def test_what_was_sent_on_stays_open_and_is_told(
    store: Session, world: World, client_for: Callable[[User], FlaskClient]
) -> None:
    claim = crm.policy_claim(store, world.amy.business, world.amy.admin, number="SENTON1")
    admin, agent = client_for(world.summit.admin), client_for(world.amy.admin)
    assert "claimed here" not in agent.get("/crm/").text
    assert admin.post(f"/fmo/unattributed/{claim.id}", data={"verdict": "sent_on"}).status_code == 303
    assert "has asked the carrier about 1 policy that was claimed here" in agent.get("/crm/").text
    page = agent.get("/crm/why").text
    assert "Sent on to the carrier" in page and ANSWERS["sent_on"] in page
    assert "SENTON1" in admin.get("/fmo/unattributed").text
    admin.post(f"/fmo/unattributed/{claim.id}", data={"verdict": "unknown"})
    home = agent.get("/crm/").text
    assert "answered 1 claim of a policy in the last 14 days" in home and "claimed here" not in home
    assert "answered 1 claim" not in client_for(world.nora.admin).get("/crm/").text
    store.execute(update(PolicyClaim).values(answered_at=datetime(2026, 1, 1, tzinfo=UTC)))
    store.commit()
    assert "answered 1 claim" not in agent.get("/crm/").text


def test_unattributed_policies_are_grouped_and_lead_to_their_list(
    store: Session, world: World, client_for: Callable[[User], FlaskClient]
) -> None:
    office = world.summit
    same = {"carrier": "humana", "writer_kind": "san", "writer_value": "S99", "writer_name": "Rae Lost"}
    for _ in range(3):
        make.policy(store, office.stray, office.feed_run, None, **same)
    hashed = {"carrier": "aetna", "writer_kind": "tin", "writer_value": "feedbead"}
    make.policy(store, office.stray, office.feed_run, None, **hashed)
    make.policy(store, office.stray, office.feed_run, "1003003", **same)
    client = client_for(office.admin)
    page = client.get("/fmo/unattributed").text
    assert "S99" in page and "Rae Lost" in page
    rae = make.agent(store, office.fmo, first_name="Rae", last_name="Lost")
    whose = "/fmo/unattributed/group?carrier=humana&amp;kind=san&amp;value=S99"
    assert whose in page
    chosen = f"{whose}&amp;agent={rae.id}"
    assert chosen in client.get(whose.replace("&amp;", "&")).text
    assert f"3 policies get NPN {rae.npn}" in client.get(chosen.replace("&amp;", "&")).text
    assert "feedbead" not in page and "kept encoded" in page
    where = "/fmo/policies?attributed=no&amp;carrier=humana&amp;kind=san&amp;value=S99"
    assert where in page
    listed = client.get(where.replace("&amp;", "&")).text
    assert "of 3 policies" in listed and "S99" in listed
    assert "1 policy<" in client.get("/fmo/policies?attributed=no&kind=none").text


def test_the_queue_needs_few_statements(
    store: Session, world: World, client_for: Callable[[User], FlaskClient]
) -> None:
    from tests.portal.sync.test_why_not import statements

    client = client_for(world.summit.admin)
    crm.policy_claim(store, world.amy.business, world.amy.admin)
    client.get("/fmo/unattributed")
    with statements() as few:
        client.get("/fmo/unattributed")
    for account in (world.amy, world.nora):
        for _ in range(5):
            crm.policy_claim(store, account.business, account.admin)
    with statements() as many:
        client.get("/fmo/unattributed")
    assert len(many) == len(few) <= 16


def test_an_identifier_that_leads_to_several_agents_names_them_all(
    store: Session, world: World, client_for: Callable[[User], FlaskClient]
) -> None:
    office = world.summit
    rae, ray = (make.agent(store, office.fmo, first_name=name, last_name="Lost") for name in ("Rae", "Ray"))
    given = {"carrier": "humana", "kind": "san"}
    for agent, value in ((rae, "S99"), (ray, "S99"), (rae, "0S98"), (ray, "S97")):
        make.identifier(store, agent, value, **given)
    for name, value in (("Rae Lost", "S99"), ("Ray Lost", "S99"), ("Rae Lost", "S98"), ("Nobody", "S96")):
        policy = {"carrier": "humana", "writer_kind": "san", "writer_value": value, "writer_name": name}
        make.policy(store, office.stray, office.feed_run, None, **policy)

    page = client_for(office.admin).get("/fmo/unattributed").text

    assert page.count("Ambiguous") == 1 and page.count("Does not decide") == 1
    first, second = sorted((rae, ray), key=lambda agent: agent.npn)
    told = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", page)))
    names = f"NPN {first.npn} ({first.name}) and NPN {second.npn} ({second.name}); end the entry that is wrong."
    assert names in told and "and 1 other name" in told
    assert (
        f"The crosswalk has NPN {rae.npn} (Rae Lost), for other days" in told and f'href="/fmo/agents/{ray.id}"' in page
    )
