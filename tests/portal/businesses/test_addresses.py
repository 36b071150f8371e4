"""The address of a Business's user: changed by the FMO, logged, and nothing that went to the old one works any more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.businesses.models import Business
from portal.businesses.operations import EMAIL_REFUSED
from portal.core import clock
from portal.core.scope import Role
from portal.identity import operations
from portal.identity.guessing.limits import Limit
from portal.identity.letters.models import Letter
from portal.identity.letters.operations import addresses
from portal.identity.mail import send_invitation
from portal.identity.models import Fmo, User
from tasks.jobs import system_scope
from tests.support import builders as make
from tests.support.letters import link_in, mailbox, send_all
from tests.support.people import acting
from tests.support.web import Browser, browser


@pytest.fixture
def admin(store: Session) -> User:
    """The FMO's."""
    return make.user(store, make.fmo(store), Role.FMO_ADMIN)


@pytest.fixture
def business(store: Session, admin: User) -> Business:
    """An account of the FMO."""
    return make.business(store, make.agent(store, store.get_one(Fmo, admin.fmo_id), "8812034"))


def person(store: Session, business: Business, state: str = "active") -> User:
    fmo = store.get_one(Fmo, business.fmo_id)
    return make.user(store, fmo, Role.AGENT_ADMIN, business, npn="8812034", state=state)


def change(client: Browser, user: User, email: str) -> tuple[int, str]:
    answer = client.post(f"/fmo/businesses/{user.business_id}/users/{user.id}/email", data={"email": email})
    return answer.status_code, answer.text


def invite(app: Flask, user: User) -> None:
    with acting(app, Role.FMO_ADMIN, user.fmo_id):
        invitation_id = operations.invite(user.id)
    with acting(app, system_scope(str(user.fmo_id))):
        send_invitation(invitation_id)


def invited_link(email: str) -> str:
    return link_in(mailbox(email)[-1])


def test_another_address_ends_invitations_and_links_sessions_and_is_told_to_the_old(
    app: Flask, store: Session, admin: User, business: Business, setup_engine: Engine
) -> None:
    pat = person(store, business)
    theirs, old = browser(app, pat), pat.email
    assert theirs.get("/crm/contacts").status_code == 200
    in_an_hour = clock.now() + timedelta(hours=1)
    out = Letter(fmo_id=pat.fmo_id, user_id=pat.id, kind="reset", email=old, expires_at=in_an_hour)
    make.add(store, out)
    client = browser(app, admin)
    assert client.get(f"/fmo/businesses/{business.id}/users/{pat.id}/email").status_code == 200
    assert change(client, pat, "Pat.New@X.example")[0] == 303
    store.expire_all()
    assert store.get_one(User, (pat.fmo_id, pat.id)).email == "pat.new@x.example"
    assert store.get_one(Letter, (out.fmo_id, out.id)).voided_at is not None
    assert theirs.get("/crm/contacts").status_code == 303
    send_all(app, store)
    assert mailbox(old)[-1]["Subject"] == "Your e-mail address was changed" and mailbox("pat.new@x.example") == []
    with setup_engine.connect() as connection:
        entry = connection.execute(
            text(
                "SELECT actor_id, subject_ids, detail, access_entry::text FROM access_entry WHERE action='email.change'"
            )
        ).one()
    assert entry[0] == admin.id and entry[1] == [pat.id]
    assert entry[2] == {"ended": 1, "business": str(business.id)} and "@x.example" not in entry[3]


@pytest.mark.parametrize("role", [Role.FMO_SUPPORT, Role.FMO_USERS])
def test_who_sees_no_members_moves_no_living_sign_in_to_a_mailbox_of_theirs(
    app: Flask, store: Session, business: Business, role: Role
) -> None:
    pat, new = person(store, business), person(store, business, state="invited")
    client = browser(app, make.user(store, store.get_one(Fmo, business.fmo_id), role))
    status, shown = change(client, pat, "mine@x.example")
    assert status == 422 and "ask an FMO administrator" in shown
    assert change(client, new, "new.right@x.example")[0] == 303, "a slip in an invitation is mended by who invites"
    store.expire_all()
    assert store.get_one(User, (pat.fmo_id, pat.id)).email != "mine@x.example"


def test_who_was_invited_is_invited_again_at_the_new_address_only(
    app: Flask, store: Session, admin: User, business: Business
) -> None:
    pat = person(store, business, state="invited")
    invite(app, pat)
    older = invited_link(pat.email)
    assert browser(app, None).get(older).status_code == 200
    assert change(browser(app, admin), pat, "pat.new@x.example")[0] == 303
    assert browser(app, None).get(older).status_code == 404
    answer = browser(app, None).post(older, data={"npn": "8812034", "password": "eleven copper kettles"})
    assert answer.status_code == 404


def test_an_invitation_is_bound_to_the_address_whatever_changed_it(
    app: Flask, store: Session, business: Business
) -> None:
    pat = person(store, business, state="invited")
    invite(app, pat)
    link = invited_link(pat.email)
    pat.email = "elsewhere@x.example"
    store.commit()
    assert browser(app, None).get(link).status_code == 404


def test_an_address_in_use_is_told_neutrally_and_ten_times_at_most(
    app: Flask, store: Session, admin: User, business: Business
) -> None:
    pat = person(store, business)
    foreign = make.user(store, make.fmo(store), Role.FMO_ADMIN)
    client = browser(app, admin)
    for _ in range(addresses.TOLD_TO_ONE_USER.most):
        status, shown = change(client, pat, foreign.email)
        assert status == 422 and EMAIL_REFUSED in shown and "in use" not in shown
    for email in (foreign.email, "nobody.has.it@x.example"):
        status, shown = change(client, pat, email)
        assert status == 422 and addresses.OFTEN in shown, "nor is a free one told"
    another = make.user(store, store.get_one(Fmo, admin.fmo_id), Role.FMO_ADMIN)
    assert change(browser(app, another), pat, "nobody.has.it@x.example")[0] == 303, "another person's count"


def test_addresses_that_can_be_used_are_not_counted(
    app: Flask, store: Session, admin: User, business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "TOLD_TO_ONE_USER", Limit("address in use", 1, timedelta(hours=1)))
    pat = person(store, business)
    client = browser(app, admin)
    for number in range(3):
        assert change(client, pat, f"pat.{number}@x.example")[0] == 303
    assert store.scalars(select(Letter.kind)).all() == ["email_changed"] * 3


def test_the_same_address_changes_nothing(app: Flask, store: Session, admin: User, business: Business) -> None:
    pat = person(store, business)
    assert change(browser(app, admin), pat, pat.email.upper())[0] == 303
    assert change(browser(app, admin), pat, "no address")[0] == 422
    assert store.scalars(select(Letter)).all() == []
