"""Changing a user's role: a reason for widening, at once in force, and nothing else ends with it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.businesses import operations
from portal.compliance.models import AccessEntry
from portal.core.scope import Role
from portal.identity.models import User
from tests.support.world import World

ClientFor = Callable[[User | None], FlaskClient]
PATS = "Qlastpat"  # stands in the account, outside Lee's own NPN


def _address(world: World, user: User) -> str:
    return f"/fmo/businesses/{world.harbor.business.id}/users/{user.id}/role"


def test_widening_asks_a_reason_and_holds_on_the_next_request(
    world: World, client_for: ClientFor, store: Session
) -> None:
    admin, lee = client_for(world.summit.admin), client_for(world.lee.user)
    assert PATS not in lee.get("/crm/contacts").text
    address = _address(world, world.lee.user)
    page = admin.get(address)
    assert page.status_code == 200 and "1 further policy" not in page.text and "2 NPNs" in page.text
    for reason in ("", "   "):
        refused = admin.post(address, data={"role": "agent_all", "reason": reason})
        assert refused.status_code == 422 and "Say why this person is to see the whole account" in refused.text
    assert PATS not in lee.get("/crm/contacts").text
    assert admin.post(address, data={"role": "agent_all", "reason": "Covers for Pat in May"}).status_code == 303
    assert lee.get("/crm/contacts").status_code == 303, "the session of the earlier role has ended"
    store.refresh(world.lee.user)
    assert PATS in client_for(world.lee.user).get("/crm/contacts").text
    entry = store.scalars(select(AccessEntry).where(AccessEntry.action == "business.user_role")).one()
    assert (entry.reason, entry.detail["given_role"], entry.detail["earlier_role"]) == (
        "Covers for Pat in May",
        "agent_all",
        "agent_limited",
    )
    assert entry.subject_ids == [world.lee.user.id]


def test_narrowing_asks_none_and_holds_on_the_next_request(world: World, client_for: ClientFor, store: Session) -> None:
    admin, ali = client_for(world.summit.admin), client_for(world.ali)
    assert PATS in ali.get("/crm/contacts").text
    assert admin.post(_address(world, world.ali), data={"role": "agent_limited"}).status_code == 303
    assert ali.get("/crm/contacts").status_code == 303, "the session of the earlier role has ended"
    store.refresh(world.ali)
    narrowed = client_for(world.ali).get("/crm/contacts")
    assert narrowed.status_code == 200 and PATS not in narrowed.text


def test_only_a_limited_user_is_widened() -> None:
    pairs = [(one, other) for one in Role for other in Role if one.is_agent and other.is_agent]
    widening = {pair for pair in pairs if operations.widens(*pair)}
    assert widening == {(Role.AGENT_LIMITED, Role.AGENT_ALL), (Role.AGENT_LIMITED, Role.AGENT_ADMIN)}


def test_no_role_of_an_officer_and_no_change_without_one(world: World, client_for: ClientFor, store: Session) -> None:
    admin = client_for(world.summit.admin)
    for role in ("fmo_admin", "compliance", "system", ""):
        assert admin.post(_address(world, world.lee.user), data={"role": role, "reason": "x"}).status_code == 422
    assert admin.post(_address(world, world.lee.user), data={"role": "agent_limited"}).status_code == 303
    assert store.scalars(select(AccessEntry).where(AccessEntry.action == "business.user_role")).all() == []


def test_the_record_shows_each_role_and_where_to_change_it(world: World, client_for: ClientFor) -> None:
    page = client_for(world.summit.admin).get(f"/fmo/businesses/{world.harbor.business.id}").text
    for role in (Role.AGENT_ADMIN, Role.AGENT_ALL, Role.AGENT_LIMITED):
        assert role.label in page
    assert _address(world, world.lee.user) in page


def test_deactivating_asks_first_and_names_what_becomes_of_the_account(
    world: World, client_for: ClientFor, store: Session
) -> None:
    admin = client_for(world.summit.admin)
    base = f"/fmo/businesses/{world.harbor.business.id}"
    address = f"{base}/users/{{}}/deactivation".format
    pat, lee = world.pat.user, world.lee.user
    home = admin.get(base).text
    assert f'href="{address(pat.id)}"' in home and f'action="{address(pat.id)}"' not in home
    asked = admin.get(address(pat.id)).text
    assert (
        f"{pat.name} is the last Administrator of {world.harbor.business.name}" in asked
        and f'action="{address(pat.id)}"' in asked
    )
    asked = admin.get(address(lee.id)).text
    assert f"{lee.name} can no longer sign in" in asked and "last Administrator" not in asked
    store.expire_all()
    assert store.get_one(User, (pat.fmo_id, pat.id)).state == "active"

    assert admin.post(address(pat.id)).status_code == 303, "a warning, no more"
    assert "is deactivated already" in admin.get(address(pat.id)).text
    for other in _others(store, lee):
        admin.post(address(other))
    assert f"{lee.name} is the only user of {world.harbor.business.name}" in admin.get(address(lee.id)).text


def _others(store: Session, user: User) -> list[UUID]:
    """The other users of the account of `user`."""
    return list(store.scalars(select(User.id).where(User.business_id == user.business_id, User.id != user.id)))


def test_an_account_without_an_administrator_is_told_before_and_after(world: World, client_for: ClientFor) -> None:
    admin = client_for(world.summit.admin)
    address, home = _address(world, world.pat.user), f"/fmo/businesses/{world.harbor.business.id}"
    assert "is the only Administrator here" in admin.get(address).text
    assert "is the only Administrator" not in admin.get(_address(world, world.lee.user)).text
    assert "Nobody of them is an Administrator" not in admin.get(home).text

    assert admin.post(address, data={"role": "agent_limited"}).status_code == 303

    assert "Nobody of them is an Administrator" in admin.get(home).text
    assert "is the only Administrator" not in admin.get(address).text
