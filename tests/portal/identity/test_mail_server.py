"""Handing mails to a real server: over TLS, with sign-in, and what is told when it does not take them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from portal.config import load_settings
from portal.core.scope import Role
from portal.identity import mail, operations
from portal.identity.models import Fmo, User
from tasks.jobs import system_scope
from tests.support import builders as make
from tests.support.mailing import PASSWORD, USER, Post, mail_server, text_of
from tests.support.people import acting

SIGN_IN = f"{USER}:{quote(PASSWORD, safe='')}@"


@pytest.fixture
def fmo() -> Fmo:
    return Fmo(slug="summit", name="Summit Senior Benefits")


def use(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    settings = replace(load_settings(), mail_url=url)
    monkeypatch.setattr(mail, "load_settings", lambda: settings)


def send(fmo: Fmo, to: str = "pat@harbor.example") -> None:
    mail.deliver(mail.compose(fmo, to, "Hello", "A text — with ümlauts.\n"))


@pytest.mark.parametrize(("kind", "scheme"), [("starttls", "smtp"), ("smtps", "smtps")])
def test_a_mail_goes_over_tls_with_sign_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fmo: Fmo, kind: str, scheme: str
) -> None:
    with mail_server(tmp_path, kind=kind) as post:
        use(monkeypatch, f"{scheme}://{SIGN_IN}127.0.0.1:{post.port}")
        send(fmo)
        use(monkeypatch, f"{scheme}://{SIGN_IN.replace(':', ':x')}127.0.0.1:{post.port}")
        with pytest.raises(mail.MailFailed, match="SMTPAuthenticationError, 535"):
            send(fmo)
    (arrived,) = post.mails
    assert post.over_tls == post.signed_in == [True] and post.recipients == ["pat@harbor.example"]
    assert arrived["From"] == "Summit Senior Benefits <no-reply@summit.example>"
    assert text_of(arrived) == "A text — with ümlauts.\n"


def test_away_from_this_machine_the_certificate_must_be_the_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fmo: Fmo
) -> None:
    monkeypatch.setattr(mail, "_is_here", lambda host: False)
    with mail_server(tmp_path) as post:
        use(monkeypatch, f"smtp://{SIGN_IN}localhost:{post.port}")
        with pytest.raises(mail.MailFailed, match="SSLCertVerificationError"):
            send(fmo)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "mail.crt"))
        send(fmo)
    assert post.over_tls == [True]


def test_away_from_this_machine_nothing_goes_in_the_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fmo: Fmo
) -> None:
    with mail_server(tmp_path, kind="plain") as post:
        use(monkeypatch, f"smtp://127.0.0.1:{post.port}")
        send(fmo)
        monkeypatch.setattr(mail, "_is_here", lambda host: False)
        with pytest.raises(mail.MailFailed, match="SMTPNotSupportedError"):
            send(fmo)
    assert len(post.mails) == 1


@pytest.mark.parametrize("answer", ["550 no such person pat@harbor.example", "451 greylisted, pat@harbor.example"])
def test_a_refused_recipient_is_told_without_their_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fmo: Fmo, answer: str
) -> None:
    with mail_server(tmp_path, kind="plain") as post:
        post.refuse = answer
        use(monkeypatch, f"smtp://127.0.0.1:{post.port}")
        with pytest.raises(mail.MailFailed) as told:
            send(fmo)
    assert answer[:3] in str(told.value)
    assert "pat" not in repr(told.value) and told.value.__suppress_context__


def test_a_server_that_is_gone_is_told_without_an_address(monkeypatch: pytest.MonkeyPatch, fmo: Fmo) -> None:
    use(monkeypatch, "smtp://127.0.0.1:9")
    with pytest.raises(mail.MailFailed, match=r"ConnectionRefusedError"):
        send(fmo)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\u2028", "\x85", "\v"])
def test_a_name_begins_no_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fmo: Fmo, ending: str) -> None:
    fmo.name = f'Summit{ending}Bcc: everybody@x.example{ending}{ending}<b>Click, "here" <https://x.example></b>'
    message = mail._invitation(User(email="pat@harbor.example", first_name=f"Pat{ending}{ending}Pay us"), fmo, "token")
    with mail_server(tmp_path, kind="plain") as post:
        use(monkeypatch, f"smtp://127.0.0.1:{post.port}")
        mail.deliver(message)
    (arrived,) = post.mails
    assert post.recipients == ["pat@harbor.example"] and "Bcc" not in arrived
    assert arrived["From"].addresses[0].addr_spec == "no-reply@summit.example"
    assert text_of(arrived).startswith("Hello Pat Pay us,\n")
    assert sorted(set(arrived.keys())) == sorted(set(message.keys()))


def test_an_invitation_arrives_and_names_no_number(
    app: Flask, store: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = make.fmo(store)
    user = make.user(store, office, Role.FMO_ADMIN, state="invited", npn="8812034")
    with mail_server(tmp_path) as post:
        use(monkeypatch, f"smtp://{SIGN_IN}127.0.0.1:{post.port}")
        with acting(app, Role.FMO_ADMIN, office.id):
            invitation_id = operations.invite(user.id)
        with acting(app, system_scope(str(office.id))):
            mail.send_invitation(invitation_id)
    (arrived,) = post.mails
    assert "/invite/" in text_of(arrived) and "8812034" not in str(arrived)
    assert _without(post, user.email)


def _without(post: Post, email: str) -> bool:
    return post.recipients == [email] and all(mail["To"] == email for mail in post.mails)
