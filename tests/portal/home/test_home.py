"""Each role's start page: what needs somebody, figures, nobody else's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.core.ids import new_id
from portal.identity.models import Invitation, User
from tests.portal.compliance.test_access import entries, logged
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.world import World


def test_everybody_is_sent_home(world: World, client_for: Any) -> None:
    for user, home in (
        (world.summit.admin, "/fmo/"),
        (world.summit.compliance, "/compliance/"),
        (world.amy.admin, "/crm/"),
        (world.lee.user, "/crm/"),
        (None, "/login"),
    ):
        answer = client_for(user).get("/")
        assert (answer.status_code, answer.headers["Location"]) == (303, home)


def test_homes_are_of_one_role_each(world: World, store: Session, client_for: Any) -> None:
    homes = {"/fmo/": world.summit.admin, "/crm/": world.amy.admin, "/compliance/": world.summit.compliance}
    for path, owner in homes.items():
        for user in homes.values():
            assert client_for(user).get(path).status_code == (200 if user is owner else 404)
    refused = entries(store, world.summit, "refused.page")
    assert len(refused) == 6
    assert {entry.outcome for entry in refused} == {"refused"}


def test_the_fmo_sees_what_waits(world: World, store: Session, client_for: Any) -> None:
    crm.sync_run(store, world.nora.business, status="failed", requested_at=datetime.now(UTC) + timedelta(seconds=1))
    make.feed_run(store, world.summit.fmo, status="failed", file_name="broken.csv")
    make.refused_row(store, world.summit.feed_run, world.summit.connector)
    invited = make.user(
        store, world.summit.fmo, world.amy.admin.role, world.amy.business, state="invited", last_name="Waiting"
    )
    _invite(store, invited, timedelta(days=4))
    text = client_for(world.summit.admin).get("/fmo/").text
    assert f"{world.amy.admin.name} of {world.amy.business.name} asks for a re-sync" in text
    assert f"Policy Sync of {world.nora.business.name} failed" in text
    assert "broken.csv could not be loaded" in text
    assert "1 policy has no writing agent" in text
    assert "1 row waits in the quarantine" in text
    assert "Waiting of" in text
    assert not any(mark in text for mark in world.lakeside.marks)
    assert world.lou.business.name not in text


def _invite(store: Session, user: User, ago: timedelta, *, mailed: bool = True) -> None:
    at = datetime.now(UTC) - ago
    sent = at if mailed else None
    given = {"fmo_id": user.fmo_id, "user_id": user.id, "token_hash": str(new_id())}
    make.add(store, Invitation(**given, created_at=at, sent_at=sent))


@pytest.mark.parametrize(
    ("ages", "mailed", "reminded"),
    [((2.9,), True, False), ((3.1,), True, True), ((3.1,), False, True), ((9, 1), True, False), ((), True, False)],
)
def test_an_invitation_needs_somebody_after_three_days(
    world: World, store: Session, client_for: Any, ages: tuple[float, ...], mailed: bool, reminded: bool
) -> None:
    given = {"state": "invited", "last_name": "Waiting"}
    invited = make.user(store, world.summit.fmo, world.amy.admin.role, world.amy.business, **given)
    for age in ages:
        _invite(store, invited, timedelta(days=age), mailed=mailed)
    text = client_for(world.summit.admin).get("/fmo/").text
    assert ("has not used the invitation yet" in text) is reminded


def test_what_was_repaired_waits_no_more(world: World, store: Session, client_for: Any) -> None:
    earlier = datetime.now(UTC) - timedelta(days=1)
    crm.sync_run(store, world.nora.business, status="failed", requested_at=earlier)
    failed = make.feed_run(store, world.summit.fmo, status="failed", file_name="broken.csv", requested_at=earlier)
    make.feed_run(store, world.summit.fmo, file_name="mended.csv", sha256=failed.sha256)
    text = client_for(world.summit.admin).get("/fmo/").text
    assert "broken.csv" not in text
    assert "Policy Sync of" not in text


def test_an_agent_sees_today_and_only_theirs(world: World, store: Session, client_for: Any) -> None:
    soon = datetime.now(UTC).date() + timedelta(days=40)
    birth = date(soon.year - 65, soon.month, min(soon.day, 28))
    turning = crm.contact(
        store, world.harbor.business, None, first_name="Toni", last_name="Turner", birth_date=str(birth)
    )
    whole = client_for(world.harbor.admin).get("/crm/").text
    assert "1 contact turns 65 in the next six months" in whole
    assert "Toni Turner" in whole
    limited = client_for(world.lee.user).get("/crm/").text
    assert "Toni Turner" not in limited
    logged_reads = entries(store, world.summit, "contact.home")
    assert [entry.subject_ids for entry in logged_reads] == [[turning.id], []]
    for text in (whole, limited):
        assert not any(mark in text for mark in [*world.nora.marks, *world.lou.marks])


def test_the_officer_sees_the_last_days(world: World, store: Session, client_for: Any) -> None:
    logged(store, world.summit, action="refused.page", outcome="refused")
    logged(store, world.summit, action="session.refused", outcome="refused")
    logged(store, world.summit, action="mbi.reveal")
    logged(store, world.summit, action="policy.disclosed", at=datetime.now(UTC) - timedelta(days=9))
    text = client_for(world.summit.compliance).get("/compliance/").text
    shown = [part.split("<")[0] for part in text.split('<span class="aside figure">')[1:]]
    assert shown == ["1", "1", "1", "0", "0"]
    assert [entry.action for entry in entries(store, world.summit)][-1] == "access.summary"


@pytest.mark.parametrize("path", ["/fmo/", "/crm/", "/compliance/"])
def test_an_empty_house(path: str, store: Session, client_for: Any) -> None:
    from portal.core.scope import Role

    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo))
    users = {
        "/fmo/": make.user(store, fmo),
        "/crm/": make.user(store, fmo, Role.AGENT_ADMIN, business),
        "/compliance/": make.user(store, fmo, Role.COMPLIANCE),
    }
    assert client_for(users[path]).get(path).status_code == 200
