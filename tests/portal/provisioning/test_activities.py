"""Provisioning, switching sync and adding an agent, as an FMO admin completes them in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.core.scope import Role
from portal.downline.models import Producer
from portal.identity.models import Fmo, User
from portal.sync import operations
from tests.portal.provisioning.admin import filled_in
from tests.portal.sync.runs import job_scope, rows, shown, sync
from tests.support import builders as make
from tests.support.people import acting

ClientFor = Callable[[User], FlaskClient]


def jobs(engine: Engine) -> list[str]:
    """The jobs that wait in the outbox."""
    return sorted(row.job for row in rows(engine, "SELECT job FROM outbox"))


def run_of(engine: Engine, business_id: UUID) -> Any:
    [run] = rows(engine, "SELECT * FROM sync_run WHERE business_id = :b", b=business_id)
    return run


def provisioned(admin: FlaskClient, producer: Producer, engine: Engine, **given: Any) -> Any:
    """The Business after Complete."""
    answer = admin.post(f"/fmo/provision/{producer.kind}/{producer.id}", data=filled_in(**given))
    assert answer.status_code == 303, answer.text
    [business] = rows(engine, "SELECT * FROM business WHERE producer_id = :p", p=producer.id)
    assert answer.location.endswith(f"/fmo/businesses/{business.id}")
    return business


def test_provision_with_sync_copies_then_invites(
    app: Flask, store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agent = make.agent(store, fmo, "1001", first_name="Dana", last_name="Whitfield")
    policy = make.policy(store, make.member(store, fmo), make.feed_run(store, fmo), "1001")
    shows = admin.get(f"/fmo/provision/agent/{agent.id}")
    assert shows.status_code == 200 and "1 policy of 1 person would come into the account" in shows.text
    assert 'value="Dana"' in shows.text and 'checked id="enable_policy_sync"' not in shows.text

    business = provisioned(admin, agent, setup_engine, enable_policy_sync="y")

    assert business.sync_enabled and jobs(setup_engine) == ["run_sync"]
    run = run_of(setup_engine, business.id)
    page = admin.get(f"/fmo/runs/{run.id}")
    assert (
        "hx-trigger" in page.text
        and admin.get(f"/fmo/runs/{run.id}/progress", headers={"HX-Request": "true"}).status_code == 200
    )
    with acting(app, job_scope(business, run.id)):
        assert operations.execute(run.id) == "succeeded"
    assert shown(setup_engine, business) == {policy.id}
    assert {"run_sync", "send_invitation"} <= set(jobs(setup_engine))
    over = admin.get(f"/fmo/runs/{run.id}/progress", headers={"HX-Request": "true"})
    assert over.status_code == 286 and over.headers["HX-Refresh"] == "true", "its report comes with the page"
    alone = admin.get(f"/fmo/runs/{run.id}/progress")
    assert (alone.status_code, alone.location) == (303, f"/fmo/runs/{run.id}"), "opened by itself"
    panel = admin.get(f"/fmo/runs/{run.id}/progress?at=panel", headers={"HX-Request": "true"})
    assert panel.status_code == 286 and "HX-Refresh" not in panel.headers
    assert 'hx-swap-oob="true"' in panel.text and "holds 1 policy and 1 contact" in panel.text
    told = admin.get(f"/fmo/runs/{run.id}").text
    assert "this run brought 1 policy; the account then had 1 policy and 1 contact with a policy" in told
    assert rows(setup_engine, "SELECT other_id FROM activity") == [(business.id,)]


def test_provision_without_sync_invites_at_once_and_copies_nothing(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    business = provisioned(admin, make.agent(store, fmo, "1001"), setup_engine)

    assert not business.sync_enabled and jobs(setup_engine) == ["send_invitation"]
    assert rows(setup_engine, "SELECT npn, role, email FROM portal_user WHERE business_id IS NOT NULL") == [
        ("1001", "agent_admin", "dana@whitfield.example")
    ]


def test_a_second_complete_makes_no_second_business(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agent = make.agent(store, fmo, "1001")
    business = provisioned(admin, agent, setup_engine)

    again = admin.post(f"/fmo/provision/agent/{agent.id}", data=filled_in(email="other@whitfield.example"))

    assert again.status_code == 422 and f"/fmo/businesses/{business.id}" in again.text
    assert len(rows(setup_engine, "SELECT 1 FROM business")) == 1


def test_an_agencys_form_knows_the_principal_and_names_the_gap(
    app: Flask, store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agency = make.agency(store, fmo, "2001", "Harbor Insurance")
    make.agent(store, fmo, "2002", agency, first_name="Pat", last_name="Harbor", is_principal=True)
    feed = make.feed_run(store, fmo)
    make.policy(store, make.member(store, fmo), feed, "2001")
    for _ in range(2):
        make.policy(store, make.member(store, fmo), feed, "2002")
    page = admin.get(f"/fmo/provision/agency/{agency.id}").text
    assert 'value="Pat"' in page and "2 more under NPN 2002 (Pat Harbor)" in page

    business = provisioned(admin, agency, setup_engine, enable_policy_sync="y")

    run = run_of(setup_engine, business.id)
    with acting(app, job_scope(business, run.id)):
        operations.execute(run.id)
    assert "2 policies written under NPN 2002 were not included" in admin.get(f"/fmo/runs/{run.id}").text


def test_an_npn_with_an_account_must_be_confirmed(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agency = make.agency(store, fmo, "2001")
    agent = make.agent(store, fmo, "1001", agency)
    make.business_npn(store, make.business(store, agency), agent)

    refused = admin.post(f"/fmo/provision/agent/{agent.id}", data=filled_in())

    assert (
        refused.status_code == 422
        and "confirm_shared" in refused.text
        and 'value="Whitfield Insurance"' in refused.text
    )
    provisioned(admin, agent, setup_engine, confirm_shared="y")


def test_what_was_typed_stays_when_the_email_is_taken(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    make.user(store, make.fmo(store), email="dana@whitfield.example")
    agent = make.agent(store, fmo, "1001")

    refused = admin.post(f"/fmo/provision/agent/{agent.id}", data=filled_in())

    assert refused.status_code == 422 and "cannot be used" in refused.text and 'value="Whitfield"' in refused.text
    assert rows(setup_engine, "SELECT 1 FROM business") == []


def test_enable_resync_disable(app: Flask, store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine) -> None:
    business = make.business(store, make.agent(store, fmo, "1001"), sync_enabled=False)
    policy = make.policy(store, make.member(store, fmo), make.feed_run(store, fmo), "1001")
    address = f"/fmo/policy-sync/business/{business.id}"
    page = admin.get(address).text
    assert "Policy Sync Enabled" in page and "Re-sync Policies" not in page
    assert 'checked id="policy_sync_enabled"' not in page
    assert admin.post(address, data={}).status_code == 422

    assert admin.post(address, data={"policy_sync_enabled": "y"}).status_code == 303
    run = run_of(setup_engine, business.id)
    with acting(app, job_scope(business, run.id)):
        operations.execute(run.id)
    page = admin.get(address).text
    assert "Re-sync Policies" in page and 'checked id="policy_sync_enabled"' in page
    assert admin.post(address, data={"policy_sync_enabled": "y"}).status_code == 422
    again = {"policy_sync_enabled": "y", "resync_policies": "y"}
    assert admin.post(address, data=again).status_code == 303
    assert admin.post(address, data=again).status_code == 303  # told that a run is under way
    assert [r.reason for r in rows(setup_engine, "SELECT reason FROM sync_run ORDER BY id")] == ["enable", "resync"]

    assert admin.post(address, data={}).status_code == 303
    assert rows(setup_engine, "SELECT sync_enabled FROM business") == [(False,)]
    assert shown(setup_engine, business) == {policy.id}


def test_add_agent_brings_the_npn_and_a_run(
    app: Flask, store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agency = make.agency(store, fmo, "2001")
    business = make.business(store, agency)
    pat = make.agent(store, fmo, "2002", agency, first_name="Pat", last_name="Harbor")
    policy = make.policy(store, make.member(store, fmo), make.feed_run(store, fmo), "2002")
    address = f"/fmo/add-agent/business/{business.id}"
    page = admin.get(f"{address}?chosen={pat.id}").text
    assert 'value="Pat"' in page and "confirm_outside" not in page
    assert "Pat Harbor" in admin.get(f"{address}?q=harb", headers={"HX-Request": "true"}).text
    form = {"business": str(business.id), "agent": str(pat.id), "sync_now": "y"}

    answer = admin.post(address, data=filled_in(**form))

    assert answer.status_code == 303, answer.text
    assert jobs(setup_engine) == ["run_sync"]
    run = run_of(setup_engine, business.id)
    with acting(app, job_scope(business, run.id)):
        operations.execute(run.id)
    assert shown(setup_engine, business) == {policy.id} and "send_invitation" in jobs(setup_engine)


def test_add_agent_from_outside_must_be_confirmed_and_a_foreign_one_is_not_found(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    business = make.business(store, make.agency(store, fmo, "2001"))
    outsider = make.agent(store, fmo, "3001")
    foreign = make.agent(store, make.fmo(store), "4001")
    address = f"/fmo/add-agent/agent/{outsider.id}"
    form = {"business": str(business.id), "agent": str(outsider.id)}

    refused = admin.post(address, data=filled_in(**form))

    assert refused.status_code == 422 and "confirm_outside" in refused.text
    assert admin.post(address, data=filled_in(**form, confirm_outside="y")).status_code == 303
    assert jobs(setup_engine) == ["send_invitation"]
    there = f"/fmo/add-agent/business/{business.id}"
    form = {"business": str(business.id), "agent": str(foreign.id)}
    assert admin.post(there, data=filled_in(**form, email="x@x.example")).status_code == 404
    assert admin.get(f"{there}?chosen={foreign.id}").status_code == 404


def test_a_failed_run_is_retried_with_its_invitation(
    app: Flask, store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    business = provisioned(admin, make.agent(store, fmo, "1001"), setup_engine, enable_policy_sync="y")
    run = run_of(setup_engine, business.id)
    with setup_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sync_run SET status = 'failed', error = 'The database went away.'")
    assert "Retry" in admin.get(f"/fmo/runs/{run.id}").text

    assert admin.post(f"/fmo/runs/{run.id}/retry").status_code == 303

    [again] = rows(setup_engine, "SELECT * FROM sync_run WHERE status = 'queued'")
    assert (again.invite_user_id, again.activity_id) == (run.invite_user_id, run.activity_id)
    assert again.expected == run.expected, "what was shown before Complete goes with it"
    for one, state in ((run, "queued"), (again, "queued"), (run, "succeeded"), (run, "cancelled")):
        with setup_engine.begin() as connection:
            connection.execute(text("UPDATE sync_run SET status = :s WHERE id = :i"), {"s": state, "i": again.id})
        led = admin.post(f"/fmo/runs/{one.id}/retry")
        assert led.location.endswith(f"/fmo/runs/{again.id}"), state
    assert len(rows(setup_engine, "SELECT 1 FROM sync_run")) == 2
    page = admin.get(f"/fmo/runs/{run.id}").text
    assert "Retry" not in page and f'href="/fmo/runs/{again.id}"' in page


def test_the_pages_around_a_run(
    app: Flask, store: Session, fmo: Fmo, admin: FlaskClient, client_for: ClientFor, setup_engine: Engine
) -> None:
    agent = make.agent(store, fmo, "1001")
    business = make.business(store, agent)
    run = sync(app, store, business)
    agents_browser = client_for(make.user(store, fmo, Role.AGENT_ADMIN, business))
    assert agents_browser.post("/crm/resync").status_code == 303
    assert agents_browser.post("/crm/resync").status_code == 303
    assert len(rows(setup_engine, "SELECT 1 FROM resync_request")) == 1
    for address in (
        "/fmo/runs", "/fmo/runs?state=succeeded&why=resync", "/fmo/runs?state=failed", f"/fmo/runs/{run.id}",
        f"/fmo/runs/business/{business.id}", f"/fmo/runs/producer/{agent.id}", f"/fmo/businesses/{business.id}",
        f"/fmo/agents/{agent.id}", f"/fmo/policy-sync/business/{business.id}", f"/fmo/add-agent/agent/{agent.id}?q=a",
    ):  # fmt: skip
        for headers in ({}, {"HX-Request": "true"}):
            assert admin.get(address, headers=headers).status_code == 200, address
        assert agents_browser.get(address).status_code == 404
    assert "has asked for a re-sync" in admin.get(f"/fmo/runs/business/{business.id}").text
    assert admin.post(
        f"/fmo/policy-sync/business/{business.id}", data={"policy_sync_enabled": "y", "resync_policies": "y"}
    )
    assert "has asked for a re-sync" not in admin.get(f"/fmo/runs/business/{business.id}").text
    activity = rows(setup_engine, "SELECT id FROM activity")[0].id
    assert "Re-sync Policies" in admin.get(f"/fmo/runs/activity/{activity}").text
