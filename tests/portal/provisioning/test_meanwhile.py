"""Forms that were open while somebody else did something; agents who follow one another; an NPN that comes back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.businesses.models import Business
from portal.core import clock
from portal.core.scope import Role
from portal.downline.models import Producer
from portal.identity.models import Fmo
from tests.portal.provisioning.admin import HTMX, filled_in
from tests.portal.sync.runs import rows
from tests.support import builders as make


def hidden(page: str, name: str) -> list[str]:
    """The values of the hidden fields of that name."""
    inputs = re.findall(r'<input[^>]*type="hidden"[^>]*>', page)
    found = [re.search(r'value="([^"]*)"', one) for one in inputs if f'name="{name}"' in one]
    return [one[1] for one in found if one]


def _switch(business: Business) -> str:
    return f"/fmo/policy-sync/business/{business.id}"


def _enabled(engine: Engine) -> list[Any]:
    return [row.sync_enabled for row in rows(engine, "SELECT sync_enabled FROM business")]


def test_a_switch_form_of_before_somebody_switched_changes_nothing(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    address = _switch(make.business(store, make.agent(store, fmo, "1001"), sync_enabled=False))
    [was] = hidden(admin.get(address).text, "was")
    assert admin.post(address, data={"policy_sync_enabled": "y", "was": was}).status_code == 303

    late = admin.post(address, data={"was": was, "continuous": "y"})

    assert late.status_code == 422 and "was switched while the form was open" in late.text
    assert 'checked id="policy_sync_enabled"' in late.text and _enabled(setup_engine) == [True]
    [now] = hidden(late.text, "was")
    assert admin.post(address, data={"was": now}).status_code == 303 and _enabled(setup_engine) == [False]


def test_an_off_boarding_form_of_before_something_changed_ends_nothing(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agent = make.agent(store, fmo, "1001")
    make.business(store, agent)
    address = f"/fmo/off-board/agent/{agent.id}"
    [seen] = hidden(admin.get(address).text, "seen")
    other = make.business(store, make.agency(store, fmo, "2001"))
    make.business_npn(store, other, agent)
    form = {"reason": "Left the agency", "access": "now", "seen": seen}

    late = admin.post(address, data=form)

    assert late.status_code == 422 and "was changed while the form was open" in late.text
    assert "Left the agency" in late.text and other.name in late.text
    assert rows(setup_engine, "SELECT 1 FROM business_npn WHERE until IS NOT NULL") == []
    again = admin.post(address, data={**form, "seen": hidden(late.text, "seen")[0]})
    assert "/off-boardings/" in again.location
    twice = admin.post(address, data=form, follow_redirects=True)
    assert "nothing was left to do" in twice.text, "a second click is told so, however old its form is"


@pytest.mark.parametrize("blank", ["   ", " ", "\t"])
@pytest.mark.parametrize("name", ["first_name", "last_name", "business_name"])
def test_a_name_of_blanks_is_none(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine, name: str, blank: str
) -> None:
    agent = make.agent(store, fmo, "1001")

    answer = admin.post(f"/fmo/provision/agent/{agent.id}", data=filled_in(**{name: blank}))

    assert answer.status_code == 422 and "Enter the" in answer.text
    assert rows(setup_engine, "SELECT 1 FROM business") == []


def test_whoever_was_ticked_follows_one_after_another(store: Session, fmo: Fmo, admin: FlaskClient) -> None:
    agency = make.agency(store, fmo, "2001")
    lee, pat = make.agent(store, fmo, "2002", agency), make.agent(store, fmo, "2003", agency)

    first = admin.post(f"/fmo/provision/agency/{agency.id}", data=filled_in(then=[str(lee.id), str(pat.id)]))

    assert f"chosen={lee.id}" in first.location and f"then={pat.id}" in first.location
    page = admin.get(first.location).text
    assert "1 more agent follows after this one" in page and hidden(page, "then") == [str(pat.id)]
    form = filled_in(
        business=hidden(page, "business")[0], agent=str(lee.id), email="lee@harbor.example", then=str(pat.id)
    )
    second = admin.post(first.location.split("?")[0], data=form)
    assert f"chosen={pat.id}" in second.location and "then=" not in second.location


def test_beside_a_run_the_agents_own_policies_are_foreseen(store: Session, fmo: Fmo, admin: FlaskClient) -> None:
    agency = make.agency(store, fmo, "2001")
    business, pat = make.business(store, agency), make.agent(store, fmo, "2002", agency)
    feed = make.feed_run(store, fmo)
    for _ in range(3):
        make.policy(store, make.member(store, fmo), feed, "2002")
    admin.post(_switch(business), data={"policy_sync_enabled": "y", "resync_policies": "y"})

    page = admin.get(f"/fmo/add-agent/business/{business.id}?chosen={pat.id}").text

    assert "alone would bring this" in page and "3 policies of 3 persons would come" in re.sub(
        "people", "persons", page
    )
    assert "another one follows it by itself" in page


def _left(store: Session, fmo: Fmo, engine: Engine, role: Role = Role.AGENT_ADMIN) -> tuple[Producer, Business]:
    agent = make.agent(store, fmo, "1001", first_name="Dana", last_name="Whitfield")
    business = make.business(store, agent)
    known = {"first_name": "Dana", "last_name": "Whitfield", "email": "dana@whitfield.example"}
    make.user(store, fmo, role, business, npn="1001", state="deactivated", last_sign_in_at=clock.now(), **known)
    with engine.begin() as connection:
        connection.execute(text("UPDATE business_npn SET until = now()"))
    return agent, business


def test_an_npn_that_left_comes_back_with_its_user(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agent, business = _left(store, fmo, setup_engine)
    page = admin.get(f"/fmo/provision/agent/{agent.id}").text
    assert f"Add {agent.name} to {business.name} again" in page and "Enable Policy Sync" not in page
    address = f"/fmo/add-agent/agent/{agent.id}"
    form = admin.get(f"{address}?chosen={business.id}").text
    assert "brought this NPN into the account before" in form and 'value="dana@whitfield.example"' in form
    assert "Fill in that sign-in" not in form, "it is filled in"
    picked = admin.get(f"{address}?show=numbers&business={business.id}", headers=HTMX).text
    assert f'href="{address}?chosen={business.id}">Fill in that sign-in' in picked

    done = admin.post(address, data=filled_in(business=str(business.id), agent=str(agent.id), sync_now="y"))

    assert done.status_code == 303, done.text
    people = rows(setup_engine, "SELECT state FROM portal_user WHERE npn = '1001'")
    assert [one.state for one in people] == ["active"], "no second user was made"
    assert len(rows(setup_engine, "SELECT 1 FROM business_npn WHERE until IS NULL")) == 1
    assert [one.reason for one in rows(setup_engine, "SELECT reason FROM sync_run")] == ["add_agent"]


def test_of_two_who_brought_an_npn_the_one_with_the_address_comes_back(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agent, business = _left(store, fmo, setup_engine)
    second = {"email": "zoe@whitfield.example", "last_name": "Zimmer", "last_sign_in_at": clock.now()}
    make.user(store, fmo, Role.AGENT_LIMITED, business, npn="1001", state="deactivated", **second)
    chosen = {"business": str(business.id), "agent": str(agent.id)}
    form = filled_in(email="zoe@whitfield.example", role="agent_limited", **chosen)

    assert admin.post(f"/fmo/add-agent/agent/{agent.id}", data=form).status_code == 303

    people = rows(setup_engine, "SELECT email, state FROM portal_user WHERE npn = '1001' ORDER BY email")
    assert [tuple(one) for one in people] == [
        ("dana@whitfield.example", "deactivated"),
        ("zoe@whitfield.example", "active"),
    ]


def test_who_was_limited_comes_back_with_no_wider_role(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agent, business = _left(store, fmo, setup_engine, Role.AGENT_LIMITED)
    address, form = f"/fmo/add-agent/agent/{agent.id}", {"business": str(business.id), "agent": str(agent.id)}

    wider = admin.post(address, data=filled_in(**form))

    assert wider.status_code == 422 and "They were Limited in this account before" in wider.text
    assert rows(setup_engine, "SELECT 1 FROM business_npn WHERE until IS NULL") == []
    assert admin.post(address, data=filled_in(**form, role=Role.AGENT_LIMITED.value)).status_code == 303
    [user] = rows(setup_engine, "SELECT state, role FROM portal_user WHERE npn = '1001'")
    assert (user.state, user.role) == ("active", "agent_limited")


def test_without_an_invitation_too_a_run_follows_the_one_under_way(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agent, business = _left(store, fmo, setup_engine)
    make.business_npn(store, business, make.agent(store, fmo, "1002"))
    admin.post(_switch(business), data={"policy_sync_enabled": "y", "resync_policies": "y"})

    done = admin.post(
        f"/fmo/add-agent/agent/{agent.id}",
        data=filled_in(business=str(business.id), agent=str(agent.id), sync_now="y"),
        follow_redirects=True,
    )

    assert "another one follows it by itself for the new NPN" in done.text and "They sign in as before" in done.text
    [run] = rows(setup_engine, "SELECT again FROM sync_run")
    assert [(one["reason"], one["invite"]) for one in run.again] == [("add_agent", None)]


def test_what_is_wrong_is_listed_from_the_top_of_the_page_down(store: Session, fmo: Fmo, admin: FlaskClient) -> None:
    agent = make.agent(store, fmo, "1001")
    empty = dict.fromkeys(filled_in(), "")

    page = admin.post(f"/fmo/provision/agent/{agent.id}", data=empty).text

    listed = re.findall(r'<li><a href="#([a-z_]+)">', page)
    placed = sorted(listed, key=lambda name: page.index(f'id="{name}"'))
    assert listed == placed and listed[0] == "business_name" and len(listed) > 4
