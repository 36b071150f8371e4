"""What somebody sees of their own sessions and ends of them, and what their pages ask about the one they are of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.scope import Role
from portal.identity.models import Fmo, LoginSession, User
from portal.identity.own_sessions import named
from portal.identity.presence import mark_of
from tests.support import builders as make
from tests.support.web import Browser, browser

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def admin(store: Session) -> User:
    """An FMO admin."""
    return make.user(store, make.fmo(store), Role.FMO_ADMIN)


def rows(store: Session, user: User) -> list[LoginSession]:
    store.expire_all()
    return list(store.scalars(select(LoginSession).where(LoginSession.user_id == user.id).order_by("created_at")))


def ask(client: Browser, app: Flask, user: User | None) -> tuple[int, dict[str, object]]:
    with app.app_context():
        mark = mark_of(user.id) if user else ""
    answer = client.get("/session", headers={"Portal-Person": mark, "Portal-Unattended": "1"})
    return answer.status_code, answer.get_json()


def is_in(client: Browser) -> bool:
    return client.get("/fmo/agents").status_code == 200


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari on iPhone"),
        ("curl/8.14", "Another program"),
        (None, "Another program"),
    ],
)
def test_browsers_in_words(said: str | None, words: str) -> None:
    assert named(said) == words


def test_own_sessions_are_listed_and_nobody_elses(app: Flask, store: Session, admin: User) -> None:
    other = make.user(store, make.fmo(store), Role.FMO_ADMIN)
    mine, elsewhere = browser(app, admin), browser(app, admin)
    browser(app, other)
    second = rows(store, admin)[1]
    second.user_agent, second.address = FIREFOX, "203.0.113.9"
    store.commit()
    foreign = rows(store, other)[0]
    foreign.address = "203.0.113.77"
    store.commit()
    shown = mine.get("/account/security").text
    assert shown.count("This session") == 1
    assert "Firefox on Linux" in shown and "203.0.113.9" in shown and "203.0.113.77" not in shown
    assert shown.index("This session") < shown.index("203.0.113.9")
    assert is_in(elsewhere)


def test_one_is_ended_and_logged(app: Flask, store: Session, admin: User, setup_engine: Engine) -> None:
    mine, other = browser(app, admin), browser(app, admin)
    assert mine.post(f"/account/sessions/{rows(store, admin)[1].id}/end").location == "/account/security#sessions"
    assert is_in(mine) and not is_in(other)
    with setup_engine.connect() as connection:
        written = connection.execute(text("SELECT actor_id, detail FROM access_entry WHERE action = 'session.end_own'"))
        assert written.all() == [(admin.id, {"sessions": 1})]


def test_all_others_are_ended(app: Flask, store: Session, admin: User) -> None:
    mine, *others = (browser(app, admin) for _ in range(3))
    assert "End all other sessions" in mine.get("/account/security").text
    assert mine.post("/account/sessions/end-others").status_code == 303
    assert is_in(mine) and not any(map(is_in, others))
    alone = mine.get("/account/security").text
    assert "You are signed in nowhere else." in alone and "End all other sessions" not in alone


def test_ending_this_one_signs_out(app: Flask, store: Session, admin: User) -> None:
    mine = browser(app, admin)
    assert mine.post(f"/account/sessions/{rows(store, admin)[0].id}/end").location == "/login"
    assert not is_in(mine)


def test_a_session_of_somebody_else_is_none(app: Flask, store: Session, admin: User) -> None:
    colleague = make.user(store, store.get_one(Fmo, admin.fmo_id), Role.FMO_ADMIN)
    theirs = browser(app, colleague)
    answer = browser(app, admin).post(f"/account/sessions/{rows(store, colleague)[0].id}/end")
    assert answer.status_code == 404 and is_in(theirs)


def test_a_page_is_told_how_long_its_session_lasts(app: Flask, admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browser(app, admin)
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(minutes=13, seconds=30))
    for _ in range(2):  # asking changes nothing
        status, word = ask(client, app, admin)
        assert status == 200 and 80 <= int(str(word["left"])) <= 90 and word["at_most"] == 900
    shown = client.get("/fmo/agents", htmx=True, headers={"Portal-Unattended": "1"})
    assert shown.status_code == 200
    with app.app_context():
        mine = {"Portal-Person": mark_of(admin.id)}
    stayed = client.post("/session/stay", headers=mine).get_json()
    assert stayed["left"] in (899, 900)
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(minutes=29))
    assert ask(client, app, admin)[0] == 401


def test_staying_counts_though_one_was_seen_a_moment_ago(app: Flask, store: Session, admin: User) -> None:
    client = browser(app, admin)
    before = rows(store, admin)[0].last_seen_at
    client.post("/session/stay")
    assert rows(store, admin)[0].last_seen_at > before


def test_somebody_else_gets_no_token_for_the_first_ones_forms(app: Flask, store: Session, admin: User) -> None:
    other = make.user(store, store.get_one(Fmo, admin.fmo_id), Role.FMO_ADMIN)
    first, second = browser(app, admin), browser(app, other)
    status, word = ask(second, app, admin)
    assert status == 409 and word == {"other": True}
    # Nor does the first one's token send anything under the second one's session.
    sent = {"first_name": "Ann", "csrf_token": first.csrf_token}
    assert second.post("/fmo/agents/new", data=sent, csrf=False).status_code == 400
    assert ask(first, app, admin)[1]["token"]


def test_the_same_person_sends_after_a_new_sign_in(app: Flask, admin: User) -> None:
    ended, again = browser(app, admin), browser(app, admin)
    assert ask(again, app, admin)[0] == 200
    token = str(ask(again, app, admin)[1]["token"])
    assert again.post("/logout", data={"csrf_token": ended.csrf_token}, csrf=False).status_code == 400
    assert again.post("/logout", data={"csrf_token": token}, csrf=False).status_code == 303


def test_what_is_sent_with_an_ended_session_gets_a_sentence(app: Flask, store: Session, admin: User) -> None:
    client = browser(app, admin)
    store.delete(rows(store, admin)[0])
    store.commit()
    answer = client.post("/fmo/agents/new", data={"first_name": "Qtyped"})
    assert answer.status_code == 401
    assert (
        "Your session ended before this was sent, so nothing was saved." in answer.text and "Qtyped" not in answer.text
    )
    part = client.post("/fmo/agents/new", data={"first_name": "Qtyped"}, htmx=True)
    assert part.status_code == 401 and "HX-Redirect" not in part.headers  # the page with it stays
    assert ask(client, app, admin) == (401, {"ended": True})


def test_a_signed_in_page_says_its_time_and_nobodys_name(app: Flask, admin: User) -> None:
    shown = browser(app, admin).get("/fmo/agents").text
    with app.app_context():
        assert f'data-person="{mark_of(admin.id)}"' in shown
    assert 'data-left="89' in shown or 'data-left="900"' in shown
    assert 'id="session"' not in browser(app, None).get("/login").text
