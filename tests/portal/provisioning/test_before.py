"""What the forms show before Complete, and what of it is kept with the run."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.scope import Role
from portal.identity.models import Fmo
from tests.portal.provisioning.admin import HTMX, filled_in
from tests.portal.sync.runs import rows, sync
from tests.support import builders as make

BLOCK = {"agreements": "block"}


def _rules(engine: Engine, fmo: Fmo, given: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE fmo SET rules = CAST(:r AS jsonb) WHERE id = :f"), {"r": given, "f": fmo.id})


def _shown(page: str) -> str:
    found = re.search(r'name="shown" value="([^"]+)"', page)
    assert found, page
    return found[1]


def _sentence(page: str) -> str:
    found = re.search(r'class="run-sentence"[^>]*>([^<]+)<', page)
    assert found, page
    return found[1]


def _book(store: Session, fmo: Fmo, npn: str, count: int, **values: Any) -> list[Any]:
    feed = make.feed_run(store, fmo)
    return [make.policy(store, make.member(store, fmo, **values), feed, npn) for _ in range(count)]


def _kept(engine: Engine) -> dict[str, Any]:
    [run] = rows(engine, "SELECT expected FROM sync_run WHERE status = 'queued'")
    found: dict[str, Any] = run.expected
    return found


def test_provision_shows_what_would_come_by_carrier_product_and_status(
    store: Session, fmo: Fmo, admin: FlaskClient
) -> None:
    agent = make.agent(store, fmo, "1001")
    feed, member = make.feed_run(store, fmo), make.member(store, fmo, email=None)
    make.policy(store, member, feed, "1001", carrier="humana", product="PDP", status="terminated")
    make.policy(store, member, feed, "1001", carrier="aetna", product="PDP", writer_source="crosswalk")

    page = admin.get(f"/fmo/provision/agent/{agent.id}").text

    assert _sentence(page) == "2 policies of 1 person would come into the account."
    assert "1 policy is attributed by the crosswalk" in page
    for word in ("Humana", "Aetna", "PDP", "Terminated", "Active", "1 contact of the account without e-mail"):
        assert word in page, word


def test_the_choice_reloads_the_numbers_alone(store: Session, fmo: Fmo, admin: FlaskClient) -> None:
    agent = make.agent(store, fmo, "1001")
    _book(store, fmo, "1001", 1)
    address = f"/fmo/provision/agent/{agent.id}?show=numbers"

    part = admin.get(address, headers=HTMX).text

    assert "the account starts empty" in part and "<form" not in part and "1 policy of 1 person" in part
    assert "the account starts empty" not in admin.get(f"{address}&enable_policy_sync=y", headers=HTMX).text
    whole = admin.get(f"{address}&enable_policy_sync=y").text
    assert "<html" in whole and 'checked id="enable_policy_sync"' in whole
    typed = filled_in(show="numbers", business_name="Typed Before")
    shown = admin.post(f"/fmo/provision/agent/{agent.id}", data=typed)
    assert shown.status_code == 200 and 'value="Typed Before"' in shown.text and "1 policy of 1 person" in shown.text


def test_a_plain_agent_is_told_of_the_agencys_own_npn_and_goes_on_to_add_agent(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agency = make.agency(store, fmo, "17403921", "Harbor Insurance")
    agent = make.agent(store, fmo, "1001", agency)
    _book(store, fmo, "17403921", 3)
    page = admin.get(f"/fmo/provision/agent/{agent.id}").text
    assert "3 more under the agency’s own NPN 17403921 (Harbor Insurance)" in page

    answer = admin.post(f"/fmo/provision/agent/{agent.id}", data=filled_in(then=str(agency.id)))

    [business] = rows(setup_engine, "SELECT id FROM business")
    assert answer.location.endswith(f"/fmo/add-agent/business/{business.id}?chosen={agency.id}")
    form = admin.get(answer.location).text
    assert "Harbor Insurance, NPN 17403921" in form and f'value="{business.id}"' in form


def test_every_form_of_an_account_names_its_gaps_one_click_from_add_agent(
    store: Session, fmo: Fmo, admin: FlaskClient
) -> None:
    agency = make.agency(store, fmo, "2001")
    business = make.business(store, agency)
    pat, lee = (make.agent(store, fmo, npn, agency) for npn in ("2002", "2003"))
    _book(store, fmo, "2002", 2), _book(store, fmo, "2003", 1)
    link = f"/fmo/add-agent/business/{business.id}?chosen="

    assert f"{link}{pat.id}" in admin.get(f"/fmo/policy-sync/business/{business.id}").text
    assert f"/fmo/left-out/{business.id}" in admin.get(f"/fmo/businesses/{business.id}").text
    assert f"{link}{pat.id}" in admin.get(f"/fmo/left-out/{business.id}").text
    adding = admin.get(f"{link}{pat.id}").text
    assert f"{link}{lee.id}" in adding and f"{link}{pat.id}" not in adding
    assert "A run would add 2;" in _sentence(adding)


def test_choosing_another_agent_brings_their_numbers_and_their_name(
    store: Session, fmo: Fmo, admin: FlaskClient
) -> None:
    agency = make.agency(store, fmo, "2001")
    business = make.business(store, agency)
    pat = make.agent(store, fmo, "2002", agency, first_name="Pat")
    _book(store, fmo, "2002", 2)

    part = admin.get(f"/fmo/add-agent/business/{business.id}?show=numbers&agent={pat.id}", headers=HTMX).text

    assert 'value="Pat"' in part and "A run would add 2;" in part and 'name="agent"' not in part
    business_chosen = f"/fmo/add-agent/agent/{pat.id}?show=numbers&business={business.id}"
    part = admin.get(business_chosen, headers=HTMX).text
    assert "A run would add 2;" in part and 'value="Pat"' not in part, "what was typed there stays"


def test_an_address_that_signs_in_already_is_not_offered_again(store: Session, fmo: Fmo, admin: FlaskClient) -> None:
    agency = make.agency(store, fmo, "2001")
    business = make.business(store, agency)
    pat = make.agent(store, fmo, "2002", agency, email="pat@harbor.example")
    lee = make.agent(store, fmo, "2003", agency, email="lee@harbor.example")
    make.user(store, fmo, Role.AGENT_ADMIN, business, email="pat@harbor.example", npn="2001")
    address = f"/fmo/add-agent/business/{business.id}?chosen="

    page = admin.get(f"{address}{pat.id}").text

    assert "pat@harbor.example signs in already" in page and 'value="pat@harbor.example"' not in page
    assert 'value="lee@harbor.example"' in admin.get(f"{address}{lee.id}").text


def test_a_large_agency_names_its_gaps_in_one_table(store: Session, fmo: Fmo, admin: FlaskClient) -> None:
    agency = make.agency(store, fmo, "2001")
    members = [make.agent(store, fmo, str(3001 + at), agency) for at in range(4)]
    for member in members:
        _book(store, fmo, member.npn, 1)
    assert "4 more under 4 further NPNs" in admin.get(f"/fmo/provision/agency/{agency.id}").text
    business = make.business(store, agency)

    page = admin.get(f"/fmo/policy-sync/business/{business.id}").text

    assert "4 more under 4 further NPNs" in page
    assert all(f"/fmo/add-agent/business/{business.id}?chosen={member.id}" in page for member in members)


def test_a_resync_tells_what_it_would_change(
    app: Flask, store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    business = make.business(store, make.agent(store, fmo, "1001"))
    address = f"/fmo/policy-sync/business/{business.id}"
    first, _ = _book(store, fmo, "1001", 2)
    sync(app, store, business)
    assert _sentence(admin.get(address).text) == "The account has 2 policies, all up to date: nothing would change."
    _book(store, fmo, "1001", 1)
    with setup_engine.begin() as connection:
        connection.execute(
            text("UPDATE policy SET content_hash = 'x', batch = 1000000000 WHERE id = :i"), {"i": first.id}
        )

    page = admin.get(address).text

    assert _sentence(page) == "A run would add 1 and update 1; 3 policies would then be in the account."
    assert "Nothing is copied until Re-sync Policies is ticked" in page


def test_what_was_foreseen_and_confirmed_is_kept_with_the_run(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agent = make.agent(store, fmo, "1001")
    _book(store, fmo, "1001", 2, email=None)
    address = f"/fmo/provision/agent/{agent.id}"
    assert "Confirmed with the agent" in admin.get(address).text
    said = {"confirmed_with_agent": "y", "confirmation_note": "Called on Monday"}

    assert admin.post(address, data=filled_in(enable_policy_sync="y", **said)).status_code == 303

    kept = _kept(setup_engine)
    assert (kept["policies"], kept["without_email"], kept["by_carrier"]) == (2, 2, [["Humana", 2]])
    assert (kept["confirmed_with_agent"], kept["confirmation_note"]) == (True, "Called on Monday")
    [activity] = rows(setup_engine, "SELECT fields FROM activity")
    assert activity.fields["Confirmed with the agent"] and activity.fields["Confirmation note"] == "Called on Monday"


def test_nobody_is_asked_to_confirm_where_every_contact_has_an_email(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agent = make.agent(store, fmo, "1001")
    _book(store, fmo, "1001", 1)
    address = f"/fmo/provision/agent/{agent.id}"
    assert "Confirmed with the agent" not in admin.get(address).text

    assert admin.post(address, data=filled_in(enable_policy_sync="y")).status_code == 303

    assert _kept(setup_engine)["confirmed_with_agent"] is False
    [activity] = rows(setup_engine, "SELECT fields FROM activity")
    assert not [name for name in activity.fields if "onfirm" in name]


def test_what_changed_greatly_while_the_form_was_open_is_shown_first(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agent = make.agent(store, fmo, "1001")
    _book(store, fmo, "1001", 2)
    address = f"/fmo/provision/agent/{agent.id}"
    sealed = _shown(admin.get(address).text)
    _book(store, fmo, "1001", 8)

    refused = admin.post(address, data=filled_in(enable_policy_sync="y", shown=sealed))

    assert refused.status_code == 422 and "10 policies in the account instead of 2" in refused.text
    assert rows(setup_engine, "SELECT 1 FROM business") == rows(setup_engine, "SELECT 1 FROM sync_run") == []
    again = admin.post(address, data=filled_in(enable_policy_sync="y", shown=_shown(refused.text)))
    assert again.status_code == 303 and _kept(setup_engine)["policies"] == 10


@pytest.mark.parametrize("forged", ["", "of another", "damaged", "nonsense"])
def test_what_no_page_has_shown_counts_for_nothing(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine, forged: str
) -> None:
    agent, other = make.agent(store, fmo, "1001"), make.agent(store, fmo, "1002")
    _book(store, fmo, "1001", 20)
    address = f"/fmo/provision/agent/{agent.id}"
    of_other, sealed = (_shown(admin.get(f"/fmo/provision/agent/{one.id}").text) for one in (other, agent))
    sent = {"of another": of_other, "damaged": sealed[:-2] + "xx"}.get(forged, forged)

    assert admin.post(address, data=filled_in(enable_policy_sync="y", shown=sent)).status_code == 303
    assert _kept(setup_engine)["policies"] == 20, "what holds now is kept"


def test_what_was_shown_is_kept_and_not_what_was_true_at_the_click(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agent = make.agent(store, fmo, "1001")
    _book(store, fmo, "1001", 2)
    sealed = _shown(admin.get(f"/fmo/provision/agent/{agent.id}").text)
    _book(store, fmo, "1001", 3)

    data = filled_in(enable_policy_sync="y", shown=sealed)

    assert admin.post(f"/fmo/provision/agent/{agent.id}", data=data).status_code == 303
    assert (_kept(setup_engine)["policies"], _kept(setup_engine)["added"]) == (2, 2)


def test_without_an_agreement_sync_is_refused_where_the_fmo_wants_it_so(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agent = make.agent(store, fmo, "1001")
    address = f"/fmo/provision/agent/{agent.id}"
    assert "No agreement with" in admin.get(address).text, "a warning by default"
    _rules(setup_engine, fmo, '{"agreements": "block"}')
    today = clock.today()

    refused = admin.post(address, data=filled_in(enable_policy_sync="y"))
    assert refused.status_code == 422 and "does not run until one is in force" in refused.text
    assert rows(setup_engine, "SELECT 1 FROM business") == []
    over = {"agreement_signed": str(today - timedelta(days=9)), "agreement_until": str(today - timedelta(days=1))}
    assert admin.post(address, data=filled_in(enable_policy_sync="y", **over)).status_code == 422
    for wrong in (
        {"agreement_signed": "soon"},
        {"agreement_until": "2026-01-01"},
        {**over, "agreement_until": "1999-01-01"},
    ):
        assert admin.post(address, data=filled_in(**wrong)).status_code == 422

    signed = {"agreement_signed": str(today), "agreement_until": str(date(today.year + 1, 12, 31))}
    assert admin.post(address, data=filled_in(enable_policy_sync="y", **signed)).status_code == 303
    [business] = rows(setup_engine, "SELECT agreement_signed_on, agreement_until FROM business")
    assert business == (today, date(today.year + 1, 12, 31))


def test_a_blocked_business_is_neither_enabled_nor_given_an_agent_with_sync(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    _rules(setup_engine, fmo, '{"agreements": "block"}')
    agency = make.agency(store, fmo, "2001")
    business = make.business(store, agency)
    pat = make.agent(store, fmo, "2002", agency)
    address = f"/fmo/policy-sync/business/{business.id}"
    again = admin.post(address, data={"policy_sync_enabled": "y", "resync_policies": "y"})
    assert again.status_code == 422 and "does not run until one is in force" in again.text
    adding = f"/fmo/add-agent/business/{business.id}"
    assert 'checked id="sync_now"' not in admin.get(f"{adding}?chosen={pat.id}").text
    form = {"business": str(business.id), "agent": str(pat.id)}

    refused = admin.post(adding, data=filled_in(**form, sync_now="y"))

    assert refused.status_code == 422 and "does not run until one is in force" in refused.text
    assert len(rows(setup_engine, "SELECT 1 FROM business_npn")) == 1
    assert rows(setup_engine, "SELECT 1 FROM activity") == []
    assert admin.post(adding, data=filled_in(**form)).status_code == 303
    assert admin.post(address, data={}).status_code == 303, "disabling is always possible"


def test_continuous_sync_has_a_switch_of_its_own_and_falls_with_policy_sync(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    business = make.business(store, make.agent(store, fmo, "1001"))
    address = f"/fmo/policy-sync/business/{business.id}"
    assert 'checked id="continuous"' not in admin.get(address).text

    def state() -> Any:
        return rows(setup_engine, "SELECT sync_enabled, continuous FROM business")[0]

    assert admin.post(address, data={"policy_sync_enabled": "y", "continuous": "y"}).status_code == 303
    assert state() == (True, True) and rows(setup_engine, "SELECT 1 FROM sync_run") == []
    assert 'checked id="continuous"' in admin.get(address).text
    assert admin.post(address, data={"policy_sync_enabled": "y", "continuous": "y"}).status_code == 422
    assert admin.post(address, data={"continuous": "y"}).status_code == 303
    assert state() == (False, False)
    assert admin.post(address, data={"policy_sync_enabled": "y", "continuous": "y"}).status_code == 303
    assert state() == (True, True) and len(rows(setup_engine, "SELECT 1 FROM sync_run")) == 1
    entries = "SELECT detail->>'enabled' FROM access_entry WHERE action = 'business.continuous' ORDER BY at, id"
    assert [one[0] for one in rows(setup_engine, entries)] == ["true", "false", "true"]


def test_a_run_under_way_is_not_rehearsed(store: Session, fmo: Fmo, admin: FlaskClient) -> None:
    business = make.business(store, make.agent(store, fmo, "1001"))
    address = f"/fmo/policy-sync/business/{business.id}"
    assert admin.post(address, data={"policy_sync_enabled": "y", "resync_policies": "y"}).status_code == 303

    page = admin.get(address).text

    assert "no second one is started" in page and "run-sentence" not in page


def test_an_agent_who_is_added_beside_a_run_gets_one_that_follows(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    agency = make.agency(store, fmo, "2001")
    business, pat = make.business(store, agency), make.agent(store, fmo, "2002", agency)
    admin.post(f"/fmo/policy-sync/business/{business.id}", data={"policy_sync_enabled": "y", "resync_policies": "y"})
    form = filled_in(business=str(business.id), agent=str(pat.id), sync_now="y")

    told = admin.post(f"/fmo/add-agent/business/{business.id}", data=form, follow_redirects=True)

    assert "another one follows it" in told.text
    assert [row.job for row in rows(setup_engine, "SELECT job FROM outbox")] == ["run_sync"], "no invitation yet"
    [run] = rows(setup_engine, "SELECT again FROM sync_run")
    assert len(run.again) == 1
