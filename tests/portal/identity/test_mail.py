"""Mails: the folder they land in, and what happens to those that fail."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.ids import new_id
from portal.core.outbox import Outbox
from portal.core.scope import Login, Role, Scope, acting
from portal.extensions import db
from portal.identity.mail import _file, order_again
from portal.identity.models import Invitation
from tests.support import builders as make


def test_an_address_with_a_slash_names_a_file_and_no_folder(tmp_path: Path) -> None:
    message = EmailMessage()
    message["To"] = "a/../b@agents.example"
    _file(tmp_path, message)
    assert [path.name.partition("-")[2] for path in tmp_path.iterdir()] == ["a_.._b_at_agents.example.eml"]


def test_a_mail_that_fails_is_ordered_again_unless_a_newer_one_took_its_place(app: Flask, store: Session) -> None:
    fmo = make.fmo(store)
    user = make.user(store, fmo, Role.FMO_ADMIN)
    user.state = "invited"
    long_ago, lately = clock.now() - timedelta(days=3), clock.now() - timedelta(minutes=5)
    old, newest = (
        make.add(store, Invitation(fmo_id=fmo.id, id=new_id(), user_id=user.id, created_at=at, wrong_tries=0))
        for at in (long_ago, lately)
    )
    work = Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo.id)
    with app.app_context(), acting(work):
        assert [order_again(old.id), order_again(newest.id), order_again(new_id())] == [False, True, False]
        db.session.commit()
    (ordered,) = store.scalars(select(Outbox)).all()
    assert ordered.args == [str(fmo.id), str(newest.id)] and ordered.due_at > clock.now() + timedelta(minutes=2)
