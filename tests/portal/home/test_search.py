"""The one search: groups, exact numbers first, nothing of a neighbour, no name in an address."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy.orm import Session

from tests.portal.compliance.test_access import entries
from tests.support import builders as make
from tests.support.world import SAME_NPN, World


def search(client: Any, text: str) -> str:
    """The answers under the box."""
    answer = client.post("/search", data={"q": text}, htmx=True)
    assert answer.status_code == 200, answer.status_code
    found: str = answer.text
    return found


def headings(text: str) -> list[str]:
    """The groups that have an answer."""
    return re.findall(r"<h2>(.*?)</h2>", text)


def test_an_npn_comes_first(world: World, store: Session, client_for: Any) -> None:
    make.agent(store, world.summit.fmo, SAME_NPN + "7", first_name="Aaron", last_name="Aab")
    text = search(client_for(world.summit.admin), "00" + SAME_NPN)
    assert headings(text)[:2] == ["Agents", "Businesses"]
    assert text.index("Amy Qagentamy") < text.index("Aaron Aab")
    assert f"/fmo/agents/{world.amy.people[0].producer.id}" in text


def test_groups_of_the_fmo(world: World, client_for: Any) -> None:
    admin = client_for(world.summit.admin)
    assert "Qagencyharbor Insurance" in search(admin, "qagencyharbor")
    assert world.amy.business.name in search(admin, "qbusinessamy")
    policy = search(admin, "qpamy")
    assert headings(policy) == ["Policies"] or "QPAMY" not in policy
    found = search(admin, "Qlastamy")
    assert headings(found) == ["Policies"]
    assert f"/fmo/policies/{world.amy.people[0].policy.id}" in found


def test_what_was_shown_is_logged_once(world: World, store: Session, client_for: Any) -> None:
    search(client_for(world.summit.admin), "Qlastamy")
    (entry,) = entries(store, world.summit)
    person = world.amy.people[0]
    assert entry.action == "search.all"
    assert entry.detail == {"groups": ["Policies"]}
    assert entry.member_ids == [person.member.id]
    assert entry.also == {"policy": [str(person.policy.id)], "member": [str(person.member.id)]}


def test_agents_find_their_own_only(world: World, client_for: Any) -> None:
    amy = client_for(world.amy.admin)
    assert headings(search(amy, "qlast")) == ["Contacts", "Policies"]
    text = search(amy, "Qlastamy")
    assert f"/crm/contacts/{world.amy.people[0].contact.id}" in text
    for stranger in ("Qlastnora", "Qlastpat", "Qlastlou", "Qagencyharbor"):
        assert headings(search(amy, stranger)) == []
    lee = client_for(world.lee.user)
    assert headings(search(lee, "Qlastpat")) == []
    assert headings(search(lee, "Qlastlee")) == ["Contacts", "Policies"]


def test_fmos_do_not_meet(world: World, client_for: Any) -> None:
    admin = client_for(world.lakeside.admin)
    for stranger in ("Qlastamy", "Qagencyharbor", "Qbusinessamy"):
        assert headings(search(admin, stranger)) == []
    assert "Qagentamy" not in search(admin, SAME_NPN)


def test_without_script_a_token_stands_in_the_address(world: World, store: Session, client_for: Any) -> None:
    admin = client_for(world.summit.admin)
    answer = admin.post("/search", data={"q": "Qlastamy"})
    assert answer.status_code == 303
    address = answer.headers["Location"]
    assert re.fullmatch(r"/search\?q=[0-9a-f-]{36}", address)
    page = admin.get(address)
    assert page.status_code == 200
    assert str(world.amy.people[0].policy.id) in page.text
    assert [entry.action for entry in entries(store, world.summit)] == ["search.all"]
    other = client_for(world.nora.admin).get(address)
    assert "Qlastamy" not in other.text


def test_short_and_empty_searches_ask_nothing(world: World, store: Session, client_for: Any) -> None:
    admin = client_for(world.summit.admin)
    assert "at least two" in search(admin, "q")
    assert search(admin, "  ").strip() == ""
    assert headings(search(admin, "%_")) == []
    assert admin.get("/search").status_code == 200
    assert entries(store, world.summit) == []


def test_officers_do_not_search(world: World, store: Session, client_for: Any) -> None:
    officer = client_for(world.summit.compliance)
    assert officer.post("/search", data={"q": "Qlastamy"}).status_code == 404
    assert officer.get("/search").status_code == 404
    assert [(e.action, e.outcome) for e in entries(store, world.summit)] == [("refused.page", "refused")] * 2
