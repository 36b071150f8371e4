"""The list of policies and a policy's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.scope import Role
from portal.crm.models import CrmPolicy
from portal.crm.words import STATUSES, status
from portal.identity.models import User
from tests.portal.crm.people import entries, words
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.web import Browser
from tests.support.world import World

Client = Callable[[User | None], Browser]


def _copy(store: Session, world: World, last: str, npn: str = "2002002", **values: object) -> CrmPolicy:
    member = make.member(store, world.summit.fmo, first_name="Al", last_name=last)
    policy = make.policy(store, member, world.summit.feed_run, npn, **values)
    return crm.synced(store, world.harbor.business, policy, member)[1]


def test_filters_and_sorts(store: Session, world: World, client_for: Client) -> None:
    today = clock.today()
    next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=4)
    _copy(store, world, "Ended", term_date=today - timedelta(days=5), status="terminated", carrier="aetna")
    _copy(store, world, "Starting", effective_date=next_month, status="future_active")
    browser = client_for(world.ali)

    def listed(query: str) -> str:
        return words(browser.get(f"/crm/policies?{query}")).split("Something missing")[0]

    assert "Ended, Al" in listed("status=terminated")
    assert "Starting" not in listed("status=terminated")
    assert "Ended, Al" in listed("carrier=aetna")
    assert "Starting" not in listed("carrier=aetna")
    assert "Ended, Al" in listed("when=ended")
    assert "Starting" not in listed("when=ended")
    assert "Starting, Al" in listed("when=next_month")
    assert "Ended" not in listed("when=next_month").split("Only those that", 1)[1]
    assert "Qlastpat" in listed("npn=2001001")
    assert "Starting, Al" not in listed("npn=2001001")
    assert "Qlastpat" not in listed("npn=7777777")
    latest = listed("sort=-effective")
    assert latest.index("Starting, Al") < latest.index("Ended, Al")


def test_the_npn_filter_offers_a_limited_user_nothing(world: World, client_for: Client) -> None:
    assert "2001001" in client_for(world.ali).get("/crm/policies").text
    own = client_for(world.lee.user).get("/crm/policies").text
    assert "2001001" not in own
    assert 'name="npn"' not in own


def test_search_by_number_and_by_either_spelling_of_a_name(store: Session, world: World, client_for: Client) -> None:
    copy = _copy(store, world, "Carrierspelling", policy_number="H-77 12")
    contact = crm.contact(store, world.harbor.business, None, last_name="Agentspelling", first_name="Al")
    copy.contact_id = contact.id
    store.commit()
    browser = client_for(world.ali)
    for typed in ("h7712", "carriersp", "agentsp", "al agentspelling"):
        answer = browser.post("/crm/policies/search", data={"q": typed})
        assert typed not in answer.location
        page = words(browser.get(answer.location))
        assert "Agentspelling, Al" in page, typed
        assert "Qlastpat" not in page


def test_a_policy_shows_where_it_comes_from(store: Session, world: World, client_for: Client) -> None:
    copy = store.get_one(CrmPolicy, (world.harbor.business.id, world.lee.crm_policy.id))
    copy.status, copy.status_raw, copy.status_reason = "lapsed", "Lapse", "Non-payment"
    copy.premium, copy.as_of, copy.term_date = "1234.5", date(2026, 3, 2), None
    store.commit()
    answer = client_for(world.lee.user).get(f"/crm/policies/{copy.id}")
    page = words(answer)
    for told in ("Lapsed", "Lapse (Non-payment)", "$1,234.50", "2 Mar 2026", "Open", "2002002", "QPLEE", "Qplanlee"):
        assert told in page, told
    assert f"/crm/contacts/{copy.contact_id}" in answer.text
    (entry,) = entries(store, "crm_policy.read")
    assert entry.subject_ids == [copy.id]
    assert entry.member_ids == [world.lee.member.id]


def test_every_status_has_a_word() -> None:
    assert all(word and word[0].isupper() for word, _ in STATUSES.values())
    assert status("on_hold") == ("On hold", "neutral")


def test_pages_of_an_empty_account(store: Session, world: World, client_for: Client) -> None:
    alone = make.agent(store, world.summit.fmo)
    user = make.user(store, world.summit.fmo, Role.AGENT_ADMIN, make.business(store, alone))
    browser = client_for(user)
    assert "No contacts yet" in words(browser.get("/crm/contacts"))
    assert "No policies yet" in words(browser.get("/crm/policies"))
    assert "Add contact" in words(browser.get("/crm/contacts/new"))
