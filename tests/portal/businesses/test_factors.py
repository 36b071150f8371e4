"""Who lost phone and recovery codes is helped on the page of the Business, by who looks after its users."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.compliance.models import AccessEntry
from portal.core.ids import new_id
from portal.core.outbox import Outbox
from portal.core.scope import Role
from portal.identity.factors.models import TotpFactor
from portal.identity.models import Fmo, User
from tests.support import builders as make
from tests.support.web import Browser, body_of

Client = Callable[[User | None], Browser]
LABEL = "Reset second factor"


@pytest.fixture
def fmo(store: Session) -> Fmo:
    return make.fmo(store)


@pytest.fixture
def person(store: Session, fmo: Fmo) -> User:
    """The user of an account, without a second factor."""
    business = make.business(store, make.agent(store, fmo, "8812034"))
    return make.user(store, fmo, Role.AGENT_ADMIN, business, npn="8812034")


def equip(store: Session, user: User) -> None:
    store.add(TotpFactor(fmo_id=user.fmo_id, id=new_id(), user_id=user.id, seed="x", last_step=0))
    store.commit()


def address(user: User) -> str:
    return f"/fmo/businesses/{user.business_id}/users/{user.id}/factor"


@pytest.mark.parametrize("role", [Role.FMO_ADMIN, Role.FMO_USERS])
def test_it_is_taken_away_logged_and_told_and_ends_their_sessions(
    store: Session, fmo: Fmo, person: User, client_for: Client, role: Role
) -> None:
    equip(store, person)
    theirs, client = client_for(person), client_for(make.user(store, fmo, role))
    assert LABEL in body_of(client.get(f"/fmo/businesses/{person.business_id}"))
    assert "were taken away" in body_of(client.post(address(person), follow_redirects=True))
    assert store.scalars(select(TotpFactor)).all() == [] and theirs.get("/crm/").status_code == 303
    logged = store.scalars(select(AccessEntry).where(AccessEntry.action == "factor.reset")).one()
    assert logged.subject_ids == [person.id]
    assert store.scalars(select(Outbox.args)).all() == [[str(fmo.id), str(person.id), "reset"]]
    assert LABEL not in body_of(client.get(f"/fmo/businesses/{person.business_id}"))


def test_it_is_asked_first(store: Session, fmo: Fmo, person: User, client_for: Client) -> None:
    client = client_for(make.user(store, fmo, Role.FMO_ADMIN))
    assert "has no second factor" in body_of(client.get(address(person)))
    equip(store, person)
    home = client.get(f"/fmo/businesses/{person.business_id}").text
    assert f'href="{address(person)}"' in home and f'action="{address(person)}"' not in home
    asked = client.get(address(person))
    assert f"{person.name} loses the authenticator app" in body_of(asked)
    assert f'action="{address(person)}"' in asked.text
    assert len(store.scalars(select(TotpFactor)).all()) == 1


def test_without_one_nothing_is_offered(store: Session, fmo: Fmo, person: User, client_for: Client) -> None:
    client = client_for(make.user(store, fmo, Role.FMO_ADMIN))
    assert LABEL not in body_of(client.get(f"/fmo/businesses/{person.business_id}"))
    assert "has no second factor" in body_of(client.post(address(person), follow_redirects=True))


def test_others_take_away_nothing(store: Session, fmo: Fmo, person: User, client_for: Client) -> None:
    equip(store, person)
    elsewhere = make.user(store, make.fmo(store), Role.FMO_ADMIN)
    for user in (make.user(store, fmo, Role.FMO_STEWARD), person, elsewhere, None):
        assert client_for(user).post(address(person)).status_code in (401, 403, 404)
    assert len(store.scalars(select(TotpFactor)).all()) == 1


def test_who_may_log_nothing_sees_no_menu_for_it(store: Session, fmo: Fmo, person: User, client_for: Client) -> None:
    page = f"/fmo/businesses/{person.business_id}"
    assert "Log Activity" in body_of(client_for(make.user(store, fmo, Role.FMO_ADMIN)).get(page))
    summary = "</svg>Log Activity"
    assert summary not in client_for(make.user(store, fmo, Role.FMO_USERS)).get(page).text
