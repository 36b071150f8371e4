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
