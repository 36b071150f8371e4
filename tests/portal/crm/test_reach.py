"""Who sees which contacts, policies and notes: the pages, and each of the two filters by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, aliased

from portal.core import clock, row_filter
from portal.crm import queries
from portal.crm.ages import add_months
from portal.crm.duplicates import finding
from portal.crm.models import Contact, ContactSource, CrmPolicy, Note, PossibleDuplicate
from portal.extensions import db
from portal.identity.models import User
from tests.portal.crm.people import words
from tests.portal.sync.runs import job_scope, sync
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.people import acting, scope_of_user
from tests.support.world import World

Client = Callable[[User | None], Any]


@contextmanager
def _wall_off(app: Flask, setup_engine: Engine) -> Iterator[None]:
    """Ask with the setup login, which row security does not hold: the ORM's conditions are alone."""
    with setup_engine.connect() as connection:
        db.session().info["pinned_bind"] = connection
        yield
        db.session.remove()  # before its connection closes; nothing of it is to be written


def _nothing(app: Flask, setup_engine: Engine) -> AbstractContextManager[None]:
    return nullcontext()


def _filter_off(app: Flask, setup_engine: Engine) -> AbstractContextManager[None]:
    return row_filter.off_for_tests()


@pytest.fixture(params=[_nothing, _wall_off, _filter_off], ids=["both", "filter alone", "wall alone"])
def guard(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_a_limited_user_sees_own_npn_and_own_contacts_only(
    app: Flask, store: Session, world: World, setup_engine: Engine, guard: Any
) -> None:
    lee, pat, harbor = world.lee, world.pat, world.harbor
    own = crm.contact(store, harbor.business, None, last_name="Handmade")
    own.made_by = lee.user.id
    store.commit()
    mine = crm.note(store, lee.contact, lee.user, "mine")
    crm.note(store, lee.contact, pat.user, "the principal's")
    with acting(app, lee.user), guard(app, setup_engine):
        assert _ids(Contact) == {lee.contact.id, own.id}
        assert _ids(CrmPolicy) == {lee.crm_policy.id}
        assert _ids(Note) == {mine.id}
        assert _ids(PossibleDuplicate) == set()
        sources = db.session.scalars(select(ContactSource)).all()
        assert {source.contact_id for source in sources} == {lee.contact.id}
        other = aliased(Contact)
        assert {row.id for row in db.session.scalars(select(other))} == {lee.contact.id, own.id}
        counted = select(func.count()).select_from(Contact).execution_options(unlogged="a test")
        assert db.session.scalar(counted) == 2


def test_the_whole_account_is_seen_and_no_other(
    app: Flask, store: Session, world: World, setup_engine: Engine, guard: Any
) -> None:
    with acting(app, world.ali), guard(app, setup_engine):
        assert {world.pat.contact.id, world.lee.contact.id} <= _ids(Contact)
        assert _ids(CrmPolicy) == {world.pat.crm_policy.id, world.lee.crm_policy.id}
        assert {row.business_id for row in db.session.scalars(select(Contact))} == {world.harbor.business.id}


def test_released_copies_are_gone_with_either_filter(
    app: Flask, store: Session, world: World, setup_engine: Engine, guard: Any
) -> None:
    copy = store.get_one(CrmPolicy, (world.harbor.business.id, world.lee.crm_policy.id))
    copy.released_at = datetime.now(UTC)
    store.commit()
    with acting(app, world.lee.user), guard(app, setup_engine):
        assert _ids(CrmPolicy) == set()
        assert _ids(Contact) == set()


def test_a_limited_user_without_npn_or_id_sees_nothing(app: Flask, world: World) -> None:

    nobody = replace(scope_of_user(world.lee.user), own_npn=None, actor_id=None)
    with acting(app, nobody):
        assert _ids(Contact) == set()
        assert _ids(CrmPolicy) == set()
        assert _ids(Note) == set()


def test_lists_search_and_records_of_a_limited_user(world: World, client_for: Client) -> None:
    browser = client_for(world.lee.user)
    for address, count in (("/crm/contacts", "1 contact"), ("/crm/policies", "1 policy")):
        page = words(browser.get(address))
        assert "Qlastlee" in page
        assert "Qlastpat" not in page
        assert count in page and "of 1" not in page
    for address in ("/crm/contacts/search", "/crm/policies/search"):
        found = browser.post(address, data={"q": "Qlastpat"}, follow_redirects=True)
        assert "Nothing matches" in words(found)
    for address in (f"/crm/contacts/{world.pat.contact.id}", f"/crm/policies/{world.pat.crm_policy.id}"):
        assert browser.get(address).status_code == 404
    assert browser.post(f"/crm/contacts/{world.pat.contact.id}/mbi").status_code == 404
    assert browser.post(f"/crm/contacts/{world.pat.contact.id}/notes", data={"body": "x"}).status_code == 404


def test_a_limited_user_adds_a_contact_and_sees_it(world: World, client_for: Client) -> None:
    added = client_for(world.lee.user).post(
        "/crm/contacts/new", data={"first_name": "Ona", "last_name": "Newcomer"}, follow_redirects=True
    )
    assert "Ona Newcomer" in words(added)
    assert "Newcomer, Ona" not in words(client_for(world.nora.admin).get("/crm/contacts"))
    assert "Newcomer, Ona" in words(client_for(world.ali).get("/crm/contacts"))


def test_removed_and_hidden_rows_are_gone_from_every_page(store: Session, world: World, client_for: Client) -> None:
    contact = store.get_one(Contact, (world.amy.business.id, world.amy.people[0].contact.id))
    copy = store.get_one(CrmPolicy, (world.amy.business.id, world.amy.people[0].crm_policy.id))
    browser = client_for(world.amy.admin)
    assert browser.get(f"/crm/policies/{copy.id}").status_code == 200
    copy.removed_at = contact.removed_at = datetime.now(UTC)
    store.commit()
    assert browser.get(f"/crm/policies/{copy.id}").status_code == 404
    assert browser.get(f"/crm/contacts/{contact.id}").status_code == 404
    assert "Qlastamy" not in words(browser.get("/crm/contacts"))
    assert "Qlastamy" not in words(browser.get("/crm/policies"))


def test_home_figures_count_what_the_actor_sees(app: Flask, store: Session, world: World) -> None:
    with acting(app, world.lee.user):
        limited = queries.home_figures()
    with acting(app, world.ali):
        whole = queries.home_figures()
    assert (limited.contacts, limited.policies) == (1, 1)
    assert (whole.contacts, whole.policies) == (3, 2)
    assert whole.by_status == {"active": 2}
    assert whole.without_email == 1


def test_home_figures_name_who_turns_65_soonest_first(app: Flask, store: Session, world: World) -> None:
    pivot = add_months(clock.today(), -12 * 65)
    run = world.summit.feed_run
    for days, last in ((40, "Later"), (3, "Sooner"), (400, "Younger")):
        born = pivot + timedelta(days=days)
        member = make.member(store, world.summit.fmo, first_name="Ida", last_name=last, birth_date=born)
        policy = make.policy(store, member, run, "1001001", term_date=clock.today() - timedelta(days=days))
        crm.synced(store, world.amy.business, policy, member)
    with acting(app, world.amy.admin):
        figures = queries.home_figures()
    assert [one.last_name for one in figures.turning_first] == ["Sooner", "Later"]
    assert (figures.turning, figures.ended, figures.next_month) == (2, 1, 0)


def _ids(model: Any) -> set[Any]:
    return {row.id for row in db.session.scalars(select(model))}


def test_what_a_limited_user_typed_meets_no_colleagues_client(
    app: Flask, store: Session, world: World, client_for: Client
) -> None:
    lee, browser, business = world.lee, client_for(world.lee.user), world.harbor.business
    made = {}
    for last, npn in (("Guessed", world.pat.producer.npn), ("Known", lee.producer.npn)):
        typed = {"first_name": "Dora", "last_name": last, "birth_date": "1950-03-12", "zip": "43004"}
        made[last] = browser.post("/crm/contacts/new", data=typed).headers["Location"]
        person: dict[str, Any] = {**typed, "birth_date": date(1950, 3, 12), "email": f"q{last.lower()}@mail.example"}
        make.policy(store, make.member(store, world.summit.fmo, **person), world.summit.feed_run, npn)
    sync(app, store, business)
    seen = {
        last: f"q{last.lower()}@mail.example" in browser.get(at).get_data(as_text=True) for last, at in made.items()
    }
    assert seen == {"Guessed": False, "Known": True}
    with acting(app, job_scope(business)):
        assert finding.find_duplicates(business.id).pairs >= 1, "somebody who sees both is asked"


def test_what_a_limited_user_made_is_not_a_way_to_a_colleagues_client(
    app: Flask, store: Session, world: World, setup_engine: Engine, guard: Any
) -> None:
    lee, harbor = world.lee, world.harbor
    other = make.member(store, world.summit.fmo)
    both = crm.contact(store, harbor.business, other)  # a carrier speaks of it, and no policy of Lee's NPN
    both.made_by = lee.user.id
    alone = crm.contact(store, harbor.business, None, last_name="Handmade")
    alone.made_by = lee.user.id
    store.commit()
    with acting(app, lee.user), guard(app, setup_engine):
        seen = {one.id for one in db.session.scalars(select(Contact))}
        assert alone.id in seen and both.id not in seen
