"""What an FMO decides for itself."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.compliance.models import AccessEntry
from portal.identity import rules
from portal.identity.models import Fmo, User
from tests.support.world import World

Client = Callable[[User | None], FlaskClient]


def filled(**changed: str) -> dict[str, str]:
    """The form as it stands when nothing was decided yet, with `changed` fields."""
    kept = {rule.name: "y" if rule.default is True else str(rule.default) for rule in rules.declared()}
    ticks = {rule.name for rule in rules.declared() if rule.default is False}
    return {name: value for name, value in (kept | changed).items() if name not in ticks}


def test_a_change_is_kept_for_this_fmo_and_logged(store: Session, world: World, client_for: Client) -> None:
    admin = client_for(world.summit.admin)
    for rule in rules.declared():
        assert rule.label in admin.get("/fmo/settings").text
    sent = filled()
    del sent["tell_left"]
    assert admin.post("/fmo/settings", data=sent).status_code == 303
    assert store.get_one(Fmo, world.summit.fmo.id, populate_existing=True).rules == {"tell_left": False}
    assert store.get_one(Fmo, world.lakeside.fmo.id, populate_existing=True).rules == {}
    (entry,) = store.scalars(select(AccessEntry).where(AccessEntry.action == "fmo.rules")).all()
    assert entry.fields == ["tell_left"] and entry.detail["rules"] == {"tell_left": False}


def test_nothing_changed_is_said_and_not_logged(store: Session, world: World, client_for: Client) -> None:
    answer = client_for(world.summit.admin).post("/fmo/settings", data=filled(), follow_redirects=True)
    assert "Nothing was changed" in answer.text
    assert store.scalars(select(AccessEntry).where(AccessEntry.action == "fmo.rules")).all() == []


def test_what_cannot_be_used_changes_nothing(store: Session, world: World, client_for: Client) -> None:
    number = next(rule for rule in rules.declared() if type(rule.default) is int)
    sent = filled(**{number.name: "-7"})
    del sent["tell_left"]
    answer = client_for(world.summit.admin).post("/fmo/settings", data=sent)
    assert answer.status_code == 422 and "Enter a whole number from" in answer.text
    assert store.get_one(Fmo, world.summit.fmo.id, populate_existing=True).rules == {}


def test_who_switches_the_second_factor_off_says_why(store: Session, world: World, client_for: Client) -> None:
    admin = client_for(world.summit.admin)
    sent = filled(second_factor_agents_reason="  ")
    del sent["second_factor_agents"]
    refused = admin.post("/fmo/settings", data=sent)
    assert refused.status_code == 422 and "Say why" in refused.text
    assert store.get_one(Fmo, world.summit.fmo.id, populate_existing=True).rules == {}
    sent["second_factor_agents_reason"] = "Agents share one tablet at the fair"
    assert admin.post("/fmo/settings", data=sent).status_code == 303
    (entry,) = store.scalars(select(AccessEntry).where(AccessEntry.action == "fmo.rules")).all()
    assert entry.detail["rules"] == {"second_factor_agents": False}
    assert entry.reason == "Agents share one tablet at the fair"
    # It stays off, and is switched on again, without a word.
    assert "Nothing was changed" in admin.post("/fmo/settings", data=sent, follow_redirects=True).text
    del sent["second_factor_agents_reason"]
    assert admin.post("/fmo/settings", data=sent | {"second_factor_agents": "y"}).status_code == 303


def test_a_page_from_before_the_rule_switches_nothing_off(store: Session, world: World, client_for: Client) -> None:
    sent = filled()
    del sent["second_factor_agents"]
    assert client_for(world.summit.admin).post("/fmo/settings", data=sent).status_code == 303
    assert store.get_one(Fmo, world.summit.fmo.id, populate_existing=True).rules == {}


def test_no_rule_lets_officers_in_with_a_password_alone(world: World, client_for: Client) -> None:
    page = client_for(world.summit.admin).get("/fmo/settings").text
    assert page.count("second_factor") and "second_factor_officers" not in page
