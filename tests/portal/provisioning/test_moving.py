"""Moving an agent to another Business: the NPN, its policies and its people, on the next request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.activities.models import Activity
from portal.businesses import operations as businesses
from portal.businesses import queries as accounts
from portal.businesses.agreements import AGREEMENTS
from portal.businesses.models import Business, BusinessNpn
from portal.compliance.models import AccessEntry
from portal.core.ids import new_id
from portal.core.outbox import Outbox
from portal.core.scope import Role, Scope
from portal.crm.models import Contact, CrmPolicy, Note
from portal.downline import queries as downline
from portal.identity import rules
from portal.identity.models import Invitation, LoginSession, User
from portal.provisioning.operations import moving
from portal.sync.models import SyncRun
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.people import acting
from tests.support.world import World

Acting = Callable[..., AbstractContextManager[Scope]]
ClientFor = Callable[[User | None], FlaskClient]
NPN = "2002002"  # Lee's, in the agency's account


def _way(world: World) -> dict[str, str]:
    return {"origin": str(world.harbor.business.id), "chosen": str(world.nora.business.id)}


def _address(world: World) -> str:
    return f"/fmo/move-agent/agent/{world.lee.producer.id}"


def _form(world: World, **given: str) -> dict[str, str]:
    return {**_way(world), "role": "agent_limited", "confirm_outside": "y", **given}


def test_the_page_says_what_leaves_what_comes_and_what_stays(world: World, client_for: ClientFor) -> None:
    admin = client_for(world.summit.admin)
    assert _address(world) in admin.get(f"/fmo/agents/{world.lee.producer.id}").text, "in the Log Activity menu"
    choose = admin.get(f"/fmo/move-agent/business/{world.harbor.business.id}").text
    assert _address(world) in choose and "Lee Qagentlee" in choose
    found = admin.get(_address(world), query_string={"q": "qbusinessnora", "origin": _way(world)["origin"]}).text
    assert "Qbusinessnora" in found and "Qbusinessamy" not in found
    page = admin.get(_address(world), query_string=_way(world)).text
    for words in (
        "Policies that leave Qbusinessqagencyharbor",
        "stay there",
        "must sign in again",
        "is not of the Business",
        "Sync this agent",
    ):
        assert words in page, words


def test_the_policies_leave_and_the_person_comes_on_the_next_request(
    world: World, client_for: ClientFor, store: Session
) -> None:
    admin, pat, nora = (client_for(one) for one in (world.summit.admin, world.pat.user, world.nora.admin))
    assert "Qlastlee" in pat.get("/crm/contacts").text
    answer = admin.post(_address(world), data=_form(world))
    assert answer.status_code == 303 and answer.location.endswith(str(world.nora.business.id))
    told = admin.get(answer.location).text
    assert "1 policy left Qbusinessqagencyharbor" in told and "Lee Qagentlee" in told
    assert "Qlastlee" not in pat.get("/crm/contacts").text and "QPLEE" not in pat.get("/crm/policies").text
    store.expire_all()
    open_npns = store.scalars(
        select(BusinessNpn.business_id).where(BusinessNpn.npn == NPN, BusinessNpn.until.is_(None))
    ).all()
    assert open_npns == [world.nora.business.id]
    copy = store.get_one(CrmPolicy, (world.harbor.business.id, world.lee.crm_policy.id))
    assert (copy.released_reason, copy.released_at is not None) == ("npn_left", True)
    user = store.get_one(User, (world.lee.user.fmo_id, world.lee.user.id))
    assert (user.business_id, user.role, user.state) == (world.nora.business.id, Role.AGENT_LIMITED, "active")
    # Nora's book is not Lee's: the new account shows a Limited user nothing of it.
    lee = client_for(user)
    assert "Qlastnora" not in lee.get("/crm/contacts").text and "Qlastlee" not in lee.get("/crm/contacts").text
    assert "Qlastnora" in nora.get("/crm/contacts").text


def test_an_account_that_would_be_left_without_an_administrator_is_told(world: World, client_for: ClientFor) -> None:
    admin, told = client_for(world.summit.admin), "is its Administrator. Change somebody"
    form = {"origin": str(world.harbor.business.id), "chosen": str(world.amy.business.id)}
    pat, lee = (f"/fmo/move-agent/agent/{one.producer.id}" for one in (world.pat, world.lee))
    assert told in admin.get(pat, query_string=form).text
    assert told not in admin.get(lee, query_string=form).text


def test_their_sessions_end_and_an_invitation_stays_open(world: World, client_for: ClientFor, store: Session) -> None:
    lee = client_for(world.lee.user)
    assert lee.get("/crm/contacts").status_code == 200
    second = make.user(store, world.summit.fmo, Role.AGENT_LIMITED, world.harbor.business, npn=NPN, state="invited")
    stays = make.user(store, world.summit.fmo, Role.AGENT_LIMITED, world.harbor.business, npn="2001001")
    assert client_for(world.summit.admin).post(_address(world), data=_form(world)).status_code == 303
    assert lee.get("/crm/contacts").status_code == 303
    store.expire_all()
    assert store.scalars(select(LoginSession).where(LoginSession.user_id == world.lee.user.id)).all() == []
    moved = {user.id: user for user in store.scalars(select(User).where(User.npn == NPN))}
    assert moved[second.id].state == "invited" and moved[second.id].business_id == world.nora.business.id
    assert store.get_one(User, (stays.fmo_id, stays.id)).business_id == world.harbor.business.id


@pytest.mark.parametrize("sync_now", ["y", ""])
def test_who_was_not_invited_yet_is_invited_from_the_new_account(
    world: World, client_for: ClientFor, store: Session, sync_now: str
) -> None:
    """Two whose invitation hung on a run of the old account, which may never succeed now."""
    given = {"npn": NPN, "state": "invited"}
    both = [make.user(store, world.summit.fmo, Role.AGENT_LIMITED, world.harbor.business, **given) for _ in range(2)]
    form = _form(world, **({"sync_now": sync_now} if sync_now else {}))
    assert client_for(world.summit.admin).post(_address(world), data=form).status_code == 303
    ids = {str(one.id) for one in both}
    theirs = (SyncRun.business_id == world.nora.business.id, SyncRun.status == "queued")
    runs = store.scalars(select(SyncRun).where(*theirs))
    asked = [{str(run.invite_user_id), *(str(one["invite"]) for one in run.again)} for run in runs]
    assert asked == ([ids] if sync_now else [])
    assert {str(one.user_id) for one in store.scalars(select(Invitation))} == (set() if sync_now else ids)


def test_what_the_agent_made_stays_in_the_old_account(world: World, client_for: ClientFor, store: Session) -> None:
    lee, admin, pat = client_for(world.lee.user), client_for(world.summit.admin), client_for(world.pat.user)
    own = crm.contact(store, world.harbor.business, None, last_name="Qownwork")
    own.made_by, own.agent_owned = world.lee.user.id, True
    store.commit()
    note = crm.note(store, own, world.lee.user, "Qleesnote")
    assert "Qownwork" in lee.get("/crm/contacts").text
    assert admin.post(_address(world), data=_form(world)).status_code == 303
    store.expire_all()
    assert store.get_one(Contact, (world.harbor.business.id, own.id)).made_by == world.lee.user.id
    assert store.get_one(Note, (world.harbor.business.id, note.id)).author_id == world.lee.user.id
    page = pat.get(f"/crm/contacts/{own.id}").text
    assert "Qownwork" in page and "Qleesnote" in page and "Lee Qagentlee" in page
    again = client_for(store.get_one(User, (world.lee.user.fmo_id, world.lee.user.id)))
    assert "Qownwork" not in again.get("/crm/contacts").text
    assert again.get(f"/crm/contacts/{own.id}").status_code == 404


def test_seeing_the_whole_of_a_shared_account_needs_a_reason(
    world: World, client_for: ClientFor, store: Session
) -> None:
    admin = client_for(world.summit.admin)
    refused = admin.post(_address(world), data=_form(world, role="agent_admin"))
    assert refused.status_code == 422 and "Say why" in refused.text
    assert store.scalars(select(BusinessNpn.until).where(BusinessNpn.npn == NPN)).one() is None
    assert admin.post(_address(world), data=_form(world, role="agent_admin", reason="New partner")).status_code == 303
    entry = store.scalars(select(AccessEntry).where(AccessEntry.action == "business.move_user")).one()
    assert (entry.reason, entry.detail["given_role"]) == ("New partner", "agent_admin")


def test_an_agent_of_another_agency_must_be_confirmed(world: World, client_for: ClientFor) -> None:
    given = _form(world)
    del given["confirm_outside"]
    refused = client_for(world.summit.admin).post(_address(world), data=given)
    assert refused.status_code == 422 and "Tick the box if that is meant" in refused.text


def test_sync_now_starts_one_run_for_the_new_account(world: World, client_for: ClientFor, store: Session) -> None:
    before = set(store.scalars(select(SyncRun.id)))
    answer = client_for(world.summit.admin).post(_address(world), data=_form(world, sync_now="y"))
    assert answer.status_code == 303
    (run,) = store.scalars(select(SyncRun).where(SyncRun.id.not_in(before))).all()
    assert run.business_id == world.nora.business.id and run.expected is not None
    assert run.expected["added"] == 1
    assert len(store.scalars(select(Outbox).where(Outbox.job == "run_sync")).all()) == 1
    logged = store.scalars(select(Activity).where(Activity.type == moving.MOVE)).all()
    assert {(one.subject_id, one.other_id) for one in logged} == {
        (world.lee.producer.id, world.nora.business.id),
        (world.harbor.business.id, None),
    }


def test_an_agreement_that_blocks_offers_no_sync(world: World, client_for: ClientFor, acting_as: Acting) -> None:
    with acting_as(world.summit.admin):
        rules.change({AGREEMENTS.name: "block"})
    admin = client_for(world.summit.admin)
    page = admin.get(_address(world), query_string=_way(world)).text
    assert 'name="sync_now"' not in page and "does not run" in page
    assert admin.post(_address(world), data=_form(world, sync_now="y")).status_code == 303


def test_an_account_left_without_an_npn_syncs_no_more(world: World, acting_as: Acting, store: Session) -> None:
    store.get_one(Business, (world.amy.business.fmo_id, world.amy.business.id)).continuous = True
    store.commit()
    with acting_as(world.summit.admin) as by:
        amy, nora = accounts.by_id(world.amy.business.id), accounts.by_id(world.nora.business.id)
        producer = downline.by_id(world.amy.people[0].producer.id)
        assert amy and nora and producer
        done = moving.move(
            producer=producer, origin=amy, target=nora, role=Role.AGENT_LIMITED, reason=None, sync_now=False, by=by
        )
        assert done.emptied and done.released == 1
        assert (amy.sync_enabled, amy.continuous, nora.sync_enabled) == (False, False, True)


def test_of_two_who_move_at_once_the_second_is_told(app: Flask, world: World, store: Session) -> None:
    barrier, outcomes = threading.Barrier(2), []

    def work(target: Business) -> None:
        try:
            with acting(app, world.summit.admin) as by:
                producer = downline.by_id(world.lee.producer.id)
                origin, other = accounts.by_id(world.harbor.business.id), accounts.by_id(target.id)
                assert producer and origin and other
                barrier.wait(20)
                moving.move(
                    producer=producer, origin=origin, target=other,
                    role=Role.AGENT_LIMITED, reason=None, sync_now=False, by=by,
                )  # fmt: skip
            outcomes.append("moved")
        except moving.Gone:
            outcomes.append("gone")

    threads = [threading.Thread(target=work, args=(one.business,)) for one in (world.amy, world.nora)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["gone", "moved"]
    assert len(store.scalars(select(BusinessNpn).where(BusinessNpn.npn == NPN, BusinessNpn.until.is_(None))).all()) == 1


def test_a_second_click_moves_nothing(world: World, client_for: ClientFor, store: Session) -> None:
    admin = client_for(world.summit.admin)
    assert admin.post(_address(world), data=_form(world)).status_code == 303
    answer = admin.post(_address(world), data=_form(world))
    assert "no longer in that account" in admin.get(answer.location).text
    assert len(store.scalars(select(Activity).where(Activity.type == moving.MOVE)).all()) == 2


@pytest.mark.parametrize("part", ["origin", "chosen"])
def test_a_foreign_account_is_none(world: World, client_for: ClientFor, part: str) -> None:
    admin = client_for(world.summit.admin)
    for foreign in (world.lou.business.id, new_id()):
        given = _form(world, **{part: str(foreign)})
        assert admin.post(_address(world), data=given).status_code == 404
        assert admin.get(_address(world), query_string=given).status_code == 404


def test_a_suspension_of_the_old_account_ends_with_the_move(
    world: World, acting_as: Acting, client_for: ClientFor, store: Session
) -> None:
    with acting_as(world.pat.user) as by:
        user = accounts.find_user(world.harbor.business.id, world.lee.user.id)
        assert user is not None
        businesses.suspend(user, by=by)
    assert client_for(world.summit.admin).post(_address(world), data=_form(world)).status_code == 303
    store.expire_all()
    assert store.get_one(User, (world.lee.user.fmo_id, world.lee.user.id)).suspended_at is None
