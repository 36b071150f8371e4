"""Letters against a real mail server: what arrives, and what becomes of those that it does not take."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import load_settings
from portal.core import clock
from portal.core.outbox import Outbox
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from portal.identity import mail
from portal.identity.letters.models import Letter
from portal.identity.letters.operations import write_letter
from portal.identity.letters.words import LETTERS, RESET
from portal.identity.models import User
from tasks import jobs
from tests.support import builders as make
from tests.support.mailing import PASSWORD, USER, mail_server, text_of

SIGN_IN = f"{USER}:{quote(PASSWORD, safe='')}@"


@pytest.fixture(autouse=True)
def this_app(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The jobs of these tests work in the application under test."""
    monkeypatch.setattr(jobs, "application", lambda: app)


@pytest.fixture
def pat(store: Session) -> User:
    """Whose name and FMO steer."""
    fmo = make.fmo(store)
    fmo.name = "Summit\r\nBcc: everybody@x.example"
    store.commit()
    return make.user(store, fmo, Role.FMO_ADMIN, first_name="Pat\nReply-To: x@x.example", npn="8812034")


def use(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    settings = replace(load_settings(), mail_url=url)
    monkeypatch.setattr(mail, "load_settings", lambda: settings)


def order(app: Flask, store: Session, user: User, kind: str) -> UUID:
    at_work = Scope(login=Login.IDENTITY, role=Role.SYSTEM, fmo_id=user.fmo_id)
    good_for = timedelta(minutes=60) if LETTERS[kind].page else None
    with app.app_context(), open_session(at_work) as work:
        write_letter(work, user, kind, to=user.email, good_for=good_for)
    return store.scalars(select(Letter.id).order_by(Letter.id.desc()).limit(1)).one()


def waiting(store: Session) -> list[Outbox]:
    store.expire_all()
    return list(store.scalars(select(Outbox).order_by(Outbox.id)).all())


@pytest.mark.parametrize("kind", sorted(LETTERS))
def test_every_letter_arrives_over_tls_and_is_about_nothing_but_the_account(
    app: Flask, store: Session, pat: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    letter_id = order(app, store, pat, kind)
    with mail_server(tmp_path) as post:
        use(monkeypatch, f"smtp://{SIGN_IN}127.0.0.1:{post.port}")
        for _ in range(2):  # a job may run twice
            jobs.send_letter(str(pat.fmo_id), str(letter_id))
    (arrived,) = post.mails
    assert post.over_tls == [True] and post.recipients == [pat.email]
    assert arrived["Subject"] == LETTERS[kind].subject and "Bcc" not in arrived and "Reply-To" not in arrived
    said = text_of(arrived)
    assert said.startswith("Hello Pat Reply-To: x@x.example,\n") and "8812034" not in arrived.as_string()
    assert (f"/{LETTERS[kind].page}/" in said) is (LETTERS[kind].page is not None)


@pytest.mark.parametrize("answer", ["550 no such person", "451 come again", None])
def test_what_is_not_taken_is_ordered_again_without_a_name_in_any_log(
    app: Flask, store: Session, pat: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, answer: str | None,
) -> None:  # fmt: skip
    letter_id = order(app, store, pat, RESET)
    with caplog.at_level(logging.DEBUG), mail_server(tmp_path, kind="plain") as post:
        post.refuse = answer and f"{answer} {pat.email}"
        use(monkeypatch, f"smtp://127.0.0.1:{post.port if answer else 9}")
        with pytest.raises(mail.MailFailed) as told:
            jobs.send_letter(str(pat.fmo_id), str(letter_id))
        ours = [record.getMessage() for record in caplog.records if not record.name.startswith("mail")]
        assert pat.email not in str(told.value) and not any(pat.email in line for line in ours)
        first, again = waiting(store)
        assert again.args == first.args == [str(pat.fmo_id), str(letter_id)]
        assert again.due_at > clock.now() + timedelta(seconds=50)
        assert store.get_one(Letter, (pat.fmo_id, letter_id)).token_hash is None, "nothing was armed"
        post.refuse = None
        use(monkeypatch, f"smtp://127.0.0.1:{post.port}")
        jobs.send_letter(str(pat.fmo_id), str(letter_id))
    assert len(post.mails) == 1 and len(waiting(store)) == 2


def test_a_letter_whose_link_is_over_is_tried_no_more(
    app: Flask, store: Session, pat: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter_id = order(app, store, pat, RESET)
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(minutes=61))
    use(monkeypatch, "smtp://127.0.0.1:9")
    jobs.send_letter(str(pat.fmo_id), str(letter_id))
    assert len(waiting(store)) == 1, "it was not even tried"
