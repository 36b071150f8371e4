"""Invitations: by mail only, once, for who knows the NPN."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.businesses.models import Business
from portal.config import load_settings
from portal.core.scope import Role
from portal.identity import operations
from portal.identity.models import User
from portal.identity.weakness import CONTEXT
from tasks.jobs import system_scope
from tests.support import builders as make
from tests.support.people import acting
from tests.support.web import browser

PASSWORD = "eleven copper kettles"


@pytest.fixture
def invited(store: Session) -> User:
    """An agent of a Business who has not accepted yet; NPN 8812034."""
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "8812034"))
    return make.user(store, fmo, Role.AGENT_ADMIN, business, npn="8812034", state="invited")


def link_to(app: Flask, user: User) -> str:
    """Invite `user` as an FMO admin does, mail it as the job does, and read the link out of the outbox."""
    from portal.identity.mail import send_invitation

    with acting(app, Role.FMO_ADMIN, user.fmo_id):
        invitation_id = operations.invite(user.id)
    with acting(app, system_scope(str(user.fmo_id))):
        send_invitation(invitation_id)
    return newest_link(user.email)


def newest_link(email: str) -> str:
    folder: Path = load_settings().data / "outbox"
    mails = sorted(path for path in folder.glob("*.eml") if email.replace("@", "_at_") in path.name)
    found = re.search(r"/invite/\S+", mails[-1].read_text())
    assert found
    return found[0]


def test_the_link_lets_the_right_person_in_once(app: Flask, invited: User, setup_engine: Engine) -> None:
    link = link_to(app, invited)
    client = browser(app, None)
    assert "NPN" in client.get(link).text
    answer = client.post(link, data={"npn": "0008812034", "password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/login")
    assert client.post("/login", data={"email": invited.email, "password": PASSWORD}).location == "/crm/"
    assert browser(app, None).get(link).status_code == 404
    with setup_engine.connect() as connection:
        logged = connection.execute(text("SELECT action, detail->>'business' FROM access_entry ORDER BY at")).all()
    assert [one[0] for one in logged] == ["invitation.create", "invitation.mail", "invitation.use", "session.start"]
    assert [one[1] for one in logged[:2]] == [str(invited.business_id)] * 2, "the account for which it is"


def test_another_npn_is_refused_and_five_spend_the_link(app: Flask, invited: User) -> None:
    link = link_to(app, invited)
    client = browser(app, None)
    for left in (4, 3, 2, 1):
        answer = client.post(link, data={"npn": "1", "password": PASSWORD})
        assert answer.status_code == 422
        assert f"{left} more time{'s' if left > 1 else ''}." in answer.text
    client.post(link, data={"npn": "1", "password": PASSWORD})
    assert client.post(link, data={"npn": "8812034", "password": PASSWORD}).status_code == 404


def test_a_weak_password_spends_nothing(app: Flask, invited: User) -> None:
    link = link_to(app, invited)
    answer = browser(app, None).post(link, data={"npn": "8812034", "password": "short"})
    assert answer.status_code == 422
    assert "12 characters" in answer.text
    assert browser(app, None).get(link).status_code == 200


def test_the_accounts_name_is_no_password(app: Flask, invited: User, store: Session) -> None:
    business = store.get_one(Business, (invited.fmo_id, invited.business_id))
    business.name = "Quellhorn Marsh"
    store.commit()
    link = link_to(app, invited)
    for weak in ("Quellhorn Marsh", "quellhornmarsh2026"):
        answer = browser(app, None).post(link, data={"npn": "8812034", "password": weak})
        assert answer.status_code == 422 and CONTEXT in answer.text
    answer = browser(app, None).post(link, data={"npn": "8812034", "password": PASSWORD})
    assert answer.status_code == 303


def test_a_newer_invitation_ends_the_older(app: Flask, invited: User) -> None:
    older = link_to(app, invited)
    newer = link_to(app, invited)
    assert older != newer
    assert browser(app, None).get(older).status_code == 404
    assert browser(app, None).get(newer).status_code == 200


def test_the_database_holds_no_link(app: Flask, invited: User, setup_engine: Engine) -> None:
    token = link_to(app, invited).rsplit("/", 1)[1]
    with setup_engine.connect() as connection:
        for table in ("invitation", "outbox", "access_entry"):
            rows = connection.execute(text(f"SELECT {table}::text FROM {table}")).scalars().all()
            assert rows
            assert not any(token in row for row in rows)
