"""Emergency access from the click to the judgement: who gets it, what it opens, and everything that ends it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.compliance.models import AccessEntry
from portal.config import Settings
from portal.core import clock
from portal.core.outbox import Outbox
from portal.core.scope import Login, Role, Scope
from portal.identity import sessions
from portal.identity.emergency import mail
from portal.identity.emergency.models import EmergencyAccess
from portal.identity.models import User
from tests.support import builders as make
from tests.support.people import acting
from tests.support.web import Browser
from tests.support.world import World

Client = Callable[[User | None], Browser]
REASON = "The agent is in hospital and her client stands at the pharmacy"


def _ask(browser: Browser, world: World, reason: str = REASON) -> TestResponse:
    return browser.post(f"/fmo/businesses/{world.amy.business.id}/emergency", data={"reason": reason})


def _all(store: Session) -> list[EmergencyAccess]:
    store.expire_all()
    return list(store.scalars(select(EmergencyAccess).order_by(EmergencyAccess.asked_at)))


@pytest.fixture
def admin(world: World, client_for: Client) -> Browser:
    """An administrator who has emergency access to Amy's account."""
    browser = client_for(world.summit.admin)
    assert _ask(browser, world).headers["Location"] == "/emergency/contacts"
    return browser


def _is_shut(browser: Browser, world: World) -> bool:
    contact = world.amy.people[0].contact
    return [browser.get(f"/emergency/contacts{end}").status_code for end in ("", f"/{contact.id}")] == [404, 404]


def test_before_anybody_asks_there_is_no_such_page(world: World, client_for: Client) -> None:
    for user in (world.summit.admin, world.summit.compliance, world.amy.admin, world.lakeside.admin):
        assert _is_shut(client_for(user), world)
        assert "Emergency access to" not in client_for(user).get("/", follow_redirects=True).text


def test_an_hour_of_reading_one_account(store: Session, world: World, admin: Browser) -> None:
    (made,) = _all(store)
    assert made.until - made.asked_at == timedelta(hours=1)
    amy, nora = world.amy.people[0], world.nora.people[0]
    listed = admin.get("/emergency/contacts").text
    assert "Qlastamy" in listed and "Qlastnora" not in listed and "Qlastpat" not in listed
    shown = admin.get(f"/emergency/contacts/{amy.contact.id}").text
    assert "Qfirstamy" in shown and "QPAMY" in shown and "Qplanamy" in shown
    assert "Qnoteamy" not in shown.replace("Qnoteamyown", ""), "what the agent noted stays hers"
    assert "Qwordamy" not in shown
    assert admin.get(f"/emergency/contacts/{nora.contact.id}").status_code == 404
    searched = admin.post("/emergency/contacts/search", data={"q": "Qlastamy"})
    assert "Qlastamy" in admin.get(searched.headers["Location"]).text
    assert "Qlastamy" not in admin.get(admin.post("/emergency/contacts/search", data={"q": "Zzz"}).location).text


def test_it_opens_no_other_page_and_changes_nothing(store: Session, world: World, admin: Browser) -> None:
    contact = world.amy.people[0].contact
    for path in ("/crm/contacts", f"/crm/contacts/{contact.id}", "/crm/export", "/crm/policies"):
        assert admin.get(path).status_code == 404
    for path in (f"/crm/contacts/{contact.id}/notes", f"/crm/contacts/{contact.id}/mbi", "/crm/export"):
        assert admin.post(path, data={"body": "x"}).status_code == 404
    assert admin.get("/fmo/policies").status_code == 200, "their own pages are as before"


def test_every_page_says_so(store: Session, world: World, admin: Browser, client_for: Client) -> None:
    for path in ("/fmo/", "/fmo/agents", f"/fmo/businesses/{world.nora.business.id}", "/emergency/contacts"):
        page = admin.get(path).text
        assert f"Emergency access to {world.amy.business.name}" in page and "End emergency access" in page, path
    assert "Emergency access to" not in client_for(world.summit.admin).get("/fmo/").text, "another sign-in of theirs"


def test_each_read_is_logged_with_the_reason(store: Session, world: World, admin: Browser) -> None:
    contact = world.amy.people[0].contact
    admin.get(f"/emergency/contacts/{contact.id}")
    (made,), (entry,) = _all(store), _entries(store, "contact.read")
    assert (entry.reason, entry.detail["emergency"], entry.role) == (REASON, str(made.id), "emergency")
    assert entry.business_id == world.amy.business.id and entry.actor_id == world.summit.admin.id
    assert contact.id in entry.subject_ids and world.amy.people[0].member.id in entry.member_ids
    (asked,) = _entries(store, "emergency.ask")
    assert asked.reason == REASON and asked.subject_ids == [made.id]


def _entries(store: Session, action: str) -> list[AccessEntry]:
    return list(store.scalars(select(AccessEntry).where(AccessEntry.action == action)))


def test_a_reason_is_needed(store: Session, world: World, client_for: Client) -> None:
    browser = client_for(world.summit.admin)
    for reason in ("", "Too short", "x" * 501, "   \n" + " " * 30):
        assert _ask(browser, world, reason).status_code == 422
    assert _all(store) == [] and _is_shut(browser, world)


@pytest.mark.parametrize("role", [Role.FMO_STEWARD, Role.FMO_USERS])
def test_who_may_not_ask(store: Session, world: World, client_for: Client, role: Role) -> None:
    others = [make.user(store, world.summit.fmo, role), world.summit.compliance, world.amy.admin, world.lakeside.admin]
    for user in others:
        browser = client_for(user)
        assert _ask(browser, world).status_code == 404
        assert browser.get(f"/fmo/businesses/{world.amy.business.id}/emergency").status_code == 404
    assert _all(store) == []


def test_support_may_ask(store: Session, world: World, client_for: Client) -> None:
    browser = client_for(make.user(store, world.summit.fmo, Role.FMO_SUPPORT))
    assert _ask(browser, world).status_code == 303
    assert "Qlastamy" in browser.get("/emergency/contacts").text


def test_nobody_to_tell_nothing_opened(store: Session, world: World, client_for: Client) -> None:
    store.get_one(User, (world.summit.fmo.id, world.summit.compliance.id)).state = "deactivated"
    store.commit()
    answer = _ask(client_for(world.summit.admin), world)
    assert answer.status_code == 409 and "No compliance officer" in answer.text
    assert _all(store) == []


def test_two_clicks_at_once_make_one(app: Flask, store: Session, world: World, client_for: Client) -> None:
    first = client_for(world.summit.admin)
    cookie = first.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None

    def click(_: int) -> int:
        browser = app.test_client()
        assert isinstance(browser, Browser)
        browser.set_cookie(app.config["SESSION_COOKIE_NAME"], cookie.value)
        browser.csrf_token = first.csrf_token
        return _ask(browser, world).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(click, range(8))) == [303] * 8
    assert len(_all(store)) == 1
    assert len(_entries(store, "emergency.ask")) == 1
    assert len(store.scalars(select(Outbox).where(Outbox.job == "tell_emergency")).all()) == 1


def test_one_account_at_a_time(store: Session, world: World, admin: Browser) -> None:
    answer = admin.post(f"/fmo/businesses/{world.nora.business.id}/emergency", data={"reason": REASON})
    assert answer.status_code == 409 and "End it before you ask for another one" in answer.text
    assert admin.post("/fmo/emergency/end").status_code == 303
    answer = admin.post(f"/fmo/businesses/{world.nora.business.id}/emergency", data={"reason": REASON})
    assert answer.status_code == 303
    listed = admin.get("/emergency/contacts").text
    assert "Qlastnora" in listed and "Qlastamy" not in listed


def test_the_hour_ends_it(store: Session, setup_engine: Engine, world: World, admin: Browser) -> None:
    with setup_engine.begin() as connection:
        past = "UPDATE emergency_access SET asked_at = asked_at - interval '1 h', until = until - interval '1 h'"
        connection.execute(text(past))
    assert _is_shut(admin, world) and "Emergency access to" not in admin.get("/fmo/").text
    assert _ask(admin, world).status_code == 303, "asked for anew, with a mail anew"
    old, new = _all(store)
    assert (old.ended_how, old.ended_at) == ("time", old.until) and new.ended_at is None


def test_the_person_ends_it(store: Session, world: World, admin: Browser) -> None:
    assert admin.post("/fmo/emergency/end").status_code == 303
    assert _is_shut(admin, world)
    (made,) = _all(store)
    assert made.ended_how == "person" and len(_entries(store, "emergency.end")) == 1
    assert admin.post("/fmo/emergency/end").status_code == 303
    assert len(_entries(store, "emergency.end")) == 1


def test_signing_out_ends_it(store: Session, world: World, admin: Browser, client_for: Client) -> None:
    admin.post("/logout")
    (made,) = _all(store)
    assert made.ended_how == "signed_out"
    assert _is_shut(client_for(world.summit.admin), world)


def test_ending_the_persons_sessions_ends_it(store: Session, app: Flask, world: World, admin: Browser) -> None:
    with app.app_context():
        sessions.end_all_of(world.summit.admin.id)
    assert _all(store)[0].ended_how == "signed_out"


@pytest.mark.parametrize("change", [{"state": "deactivated"}, {"role": Role.FMO_STEWARD}])
def test_a_change_of_the_person_ends_it(store: Session, world: World, admin: Browser, change: dict[str, str]) -> None:
    user = store.get_one(User, (world.summit.fmo.id, world.summit.admin.id))
    for name, value in change.items():
        setattr(user, name, value)
    store.commit()
    assert _all(store)[0].ended_how == "left"
    assert admin.get("/emergency/contacts").status_code in (303, 404)


def test_another_sign_in_of_the_same_person_has_none(world: World, admin: Browser, client_for: Client) -> None:
    other = client_for(world.summit.admin)
    assert _is_shut(other, world)
    answer = _ask(other, world)
    assert answer.status_code == 409 and "You already have emergency access" in answer.text


def test_compliance_is_told_at_once_by_mail(
    app: Flask, store: Session, settings: Settings, world: World, admin: Browser
) -> None:
    (made,) = _all(store)
    (ordered,) = store.scalars(select(Outbox).where(Outbox.job == "tell_emergency"))
    assert ordered.args == [str(world.summit.fmo.id), str(made.id)] and ordered.due_at <= clock.now()
    with acting(app, Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=world.summit.fmo.id)):
        mail.tell(made.id)
    sent = _mails(settings.data / "outbox")
    told = [body for to, body in sent if to == world.summit.compliance.email]
    assert any(f"/compliance/emergency/{made.id}" in body and world.amy.business.name in body for body in told)
    assert all(REASON not in body and "Qlast" not in body for _, body in sent)
    assert not any(to.endswith("lakeside.example") and str(made.id) in body for to, body in sent)


def _mails(folder: Path) -> list[tuple[str, str]]:
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.glob("*.eml")]
    return [(str(one["To"]), one.get_content()) for one in found]


def test_an_officer_sees_ends_and_judges_it(store: Session, world: World, admin: Browser, client_for: Client) -> None:
    admin.get(f"/emergency/contacts/{world.amy.people[0].contact.id}")
    (made,) = _all(store)
    officer, address = client_for(world.summit.compliance), f"/compliance/emergency/{made.id}"
    assert "waits for your judgement" in officer.get("/compliance/").text
    assert world.summit.admin.name in officer.get("/compliance/emergency").text
    page = officer.get(address).text
    assert REASON in page and "Judge it" not in page and "Qlast" not in page
    assert officer.post(f"{address}/review", data={"finding": "justified"}).status_code == 409
    assert officer.post(f"{address}/end").status_code == 303
    assert _is_shut(admin, world) and _all(store)[0].ended_how == "officer"
    assert officer.post(f"{address}/review", data={"finding": "not_justified"}).status_code == 422
    sent = {"finding": "not_justified", "note": "The agent answered her phone"}
    assert officer.post(f"{address}/review", data=sent).status_code == 303
    kept = _all(store)[0]
    assert (kept.finding, kept.note, kept.reviewed_by) == (*sent.values(), world.summit.compliance.id)
    assert "waits for your judgement" not in officer.get("/compliance/").text
    assert officer.post(f"{address}/review", data={"finding": "justified"}).status_code == 303
    assert _all(store)[0].finding == "not_justified", "the first judgement stays"
    assert "The agent answered" in officer.get(address).text


def test_what_is_over_by_time_can_be_judged(
    store: Session, setup_engine: Engine, world: World, admin: Browser, client_for: Client
) -> None:
    with setup_engine.begin() as connection:
        past = "UPDATE emergency_access SET asked_at = asked_at - interval '2 h', until = until - interval '2 h'"
        connection.execute(text(past))
    officer, (made,) = client_for(world.summit.compliance), _all(store)
    assert "the hour was over" in officer.get(f"/compliance/emergency/{made.id}").text
    sent = {"finding": "justified"}
    assert officer.post(f"/compliance/emergency/{made.id}/review", data=sent).status_code == 303
    kept = _all(store)[0]
    assert (kept.finding, kept.ended_how, kept.ended_at) == ("justified", "time", kept.until)


def test_another_fmos_officers_know_nothing_of_it(
    store: Session, world: World, admin: Browser, client_for: Client
) -> None:
    (made,), officer = _all(store), client_for(world.lakeside.compliance)
    assert world.summit.admin.name not in officer.get("/compliance/emergency").text
    for answer in (
        officer.get(f"/compliance/emergency/{made.id}"),
        officer.post(f"/compliance/emergency/{made.id}/end"),
        officer.post(f"/compliance/emergency/{made.id}/review", data={"finding": "justified"}),
    ):
        assert answer.status_code == 404
    assert _all(store)[0].ended_at is None
