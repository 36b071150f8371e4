"""Following one person, one member, one Business or one run through the log."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.core.ids import new_id
from tests.portal.compliance.test_access import LOG, entries, logged
from tests.support import builders as make
from tests.support.world import World

LONG_AGO = datetime.now(UTC) - timedelta(days=200)


def cells(page: str, caption: str) -> list[list[str]]:
    """The cells of the body rows of the table with that caption, as words."""
    table = page.partition(f'aria-label="{caption}"')[2].partition("</table>")[0].partition("<tbody>")[2]
    rows = table.split("<tr>")[1:]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.split(r"</t[hd]>", row)] for row in rows]


def test_a_person(world: World, store: Session, client_for: Any) -> None:
    admin, session, member = world.summit.admin, new_id(), new_id()
    logged(store, world.summit, session_id=session, address="192.0.2.7", member_ids=[member, new_id()])
    logged(store, world.summit, session_id=session, address="192.0.2.7", action="policy.read", member_ids=[member])
    logged(store, world.summit, action="feed.report", address="192.0.2.9")
    logged(store, world.summit, action="refused.record", outcome="refused")
    logged(store, world.summit, at=LONG_AGO)
    logged(store, world.summit, actor_id=new_id(), actor_name="Somebody else", member_ids=[new_id()])
    officer = client_for(world.summit.compliance)

    page = officer.get(f"/compliance/people/{admin.id}").text

    assert admin.name in page
    figures = dict(re.findall(r"<dt>([^<]+)</dt><dd>(?:<[^>]*>|\s)*([\d,]+)", page))
    assert {key: figures[key] for key in ("Entries", "Members seen", "Downloads", "Refused")} == {
        "Entries": "4", "Members seen": "2", "Downloads": "1", "Refused": "1",
    }  # fmt: skip
    assert [row[3] for row in cells(page, "Sessions") if row[1] == "192.0.2.7"] == ["2"]
    assert "2 addresses" in page
    assert cells(officer.get(f"/compliance/people/{admin.id}?days=all").text, "What they did")[0][2] == "2"
    assert "days=30" in officer.get(f"/compliance/people/{admin.id}?days=nonsense").text
    looked = entries(store, world.summit, "access.person")
    assert [(entry.subject_kind, entry.subject_ids) for entry in looked] == [("user", [admin.id])] * 3


def test_what_was_done_to_a_person(world: World, store: Session, client_for: Any) -> None:
    user = world.amy.people[0].user
    done = logged(store, world.summit, action="business.user_role", subject_kind="user", subject_ids=[user.id])
    mailed = logged(store, world.summit, action="invitation.mail", detail={"user_id": str(user.id)})
    page = client_for(world.summit.compliance).get(f"/compliance/people/{user.id}").text
    assert all(f"{LOG}/{entry.id}" in page for entry in (done, mailed))
    assert "No entry of theirs" in page


def test_a_member(world: World, store: Session, client_for: Any) -> None:
    member = make.member(store, world.summit.fmo, first_name="Quincy", last_name="Unmentioned")
    amy, seen = world.amy.people[0].user, {"member_ids": [new_id(), member.id]}
    inside = {"actor_id": amy.id, "actor_name": amy.name, "role": "agent_admin", "business_id": world.amy.business.id}
    logged(store, world.summit, action="policy.disclosed", business_id=world.amy.business.id, run_id=new_id(), **seen)
    logged(store, world.summit, action="contact.list", **inside, **seen)
    logged(store, world.summit, action="contact.list", **inside, **seen)
    logged(store, world.summit, action="contact.read", **inside, **seen)
    logged(store, world.summit, action="contact.export", **inside, **seen)
    logged(store, world.summit, action="policy.read", member_ids=[new_id()])
    officer = client_for(world.summit.compliance)

    page = officer.get(f"/compliance/members/{member.id}").text

    assert [row[:8] for row in cells(page, "By person")] == [
        [amy.name, "Agent – Administrator", world.amy.business.name, "1", "2", "0", "0", "1"]
    ]
    assert [row[:5] for row in cells(page, "By account")] == [[world.amy.business.name, "1", "0", "1", "2"]]
    assert "1 person saw this member, and 1 account received" in " ".join(page.split())
    assert "Unmentioned" not in page
    assert "1 person saw this member" in " ".join(officer.get(f"/compliance/members/{member.id}").text.split())
    looked, _ = entries(store, world.summit, "access.member")
    assert looked.member_ids == [member.id]


def test_a_member_whom_nobody_saw(world: World, store: Session, client_for: Any) -> None:
    member, foreign = make.member(store, world.summit.fmo), make.member(store, world.lakeside.fmo)
    officer = client_for(world.summit.compliance)
    assert "Nobody saw this member" in officer.get(f"/compliance/members/{member.id}").text
    answers = [officer.get(f"/compliance/members/{one}") for one in (foreign.id, new_id())]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text


def test_a_business(world: World, store: Session, client_for: Any) -> None:
    business, amy, run = world.amy.business, world.amy.people[0].user, new_id()
    logged(store, world.summit, actor_id=amy.id, actor_name=amy.name, business_id=business.id, action="contact.read")
    logged(store, world.summit, action="business.user_role", detail={"business": str(business.id)})
    for _ in range(3):
        logged(store, world.summit, action="policy.disclosed", business_id=business.id, run_id=run)
    logged(store, world.summit, action="contact.read", business_id=world.nora.business.id)
    officer = client_for(world.summit.compliance)

    page = officer.get(f"/compliance/businesses/{business.id}").text

    assert [row[0] for row in cells(page, "In the account")] == [amy.name]
    assert [(row[0], row[5]) for row in cells(page, "From outside")] == [(world.summit.admin.name, "1")]
    assert [row[2] for row in cells(page, "What came and went")] == ["3"]
    assert f"/compliance/runs/{run}" in page
    assert entries(store, world.summit, "access.business")[0].subject_ids == [business.id]
    told = officer.get(f"/compliance/runs/{run}").text
    assert [(row[0], row[2]) for row in cells(told, "What it did")] == [("Delivered a policy to an account", "3")]
    assert business.name in told


@pytest.mark.parametrize("place", ["people", "businesses", "runs"])
def test_what_nobody_knows_is_not_there(place: str, world: World, store: Session, client_for: Any) -> None:
    theirs = {"people": world.lakeside.admin.id, "businesses": world.lakeside.accounts[0].business.id}
    logged(store, world.lakeside, run_id=(run := new_id()))
    officer = client_for(world.summit.compliance)
    asked = (theirs.get(place, run), theirs.get(place, run), new_id())  # what was refused before is no more there
    answers = [officer.get(f"/compliance/{place}/{one}") for one in asked]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert answers[0].text == answers[1].text == answers[2].text


def test_only_officers_find_by_what_an_entry_speaks_of(setup_engine: Engine, world: World, store: Session) -> None:
    """The function that reads past row security tells of no other FMO, whatever id it is asked for."""
    member = new_id()
    logged(store, world.lakeside, member_ids=[member])
    with setup_engine.connect() as connection:
        ask = text("SELECT count(*) FROM access_followed(ARRAY[cast(:one AS uuid)], '-infinity', 'infinity')")
        for office, found in ((world.lakeside, 1), (world.summit, 0), (None, 0)):
            fmo = str(office.fmo.id) if office else ""
            connection.execute(text("SELECT set_config('portal.fmo_id', :fmo, true)"), {"fmo": fmo})
            assert connection.execute(ask, {"one": member}).scalar_one() == found


def test_an_entry_leads_on(world: World, store: Session, client_for: Any) -> None:
    run, member = new_id(), new_id()
    entry = logged(
        store, world.summit, run_id=run, member_ids=[member], business_id=world.amy.business.id, request_id="r",
        session_id=new_id(),
    )  # fmt: skip
    page = client_for(world.summit.compliance).get(f"{LOG}/{entry.id}").text
    people = (f"people/{entry.actor_id}", f"members/{member}", f"businesses/{entry.business_id}", f"runs/{run}")
    assert all(f'href="/compliance/{place}"' in page for place in people)
    assert [row[0] for row in cells(page, "Entries beside this one")] == [
        "The same request", "The same session", "The same person", "The same run", "The same account", "The same member"
    ]  # fmt: skip
