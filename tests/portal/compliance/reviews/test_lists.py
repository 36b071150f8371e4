"""The watch list, the rules, and what happens while a review is overdue."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.compliance.reviews.models import ReviewReminder, ReviewRules, WatchedMember
from portal.compliance.reviews.rules import Rules
from portal.config import Settings
from portal.core.ids import new_id
from portal.core.outbox import Outbox
from portal.core.permissions import access_of
from portal.home import review_mail
from tasks.jobs import remind_of_review
from tests.portal.compliance.reviews.conftest import PAGE, Compute, did, open_review
from tests.portal.compliance.reviews.test_reviews import finished
from tests.portal.compliance.test_access import entries
from tests.support.world import World

WATCH = f"{PAGE}/watch"


def listed(store: Session) -> list[WatchedMember]:
    """The watch list as it is."""
    store.rollback()
    return list(store.scalars(select(WatchedMember).execution_options(populate_existing=True)))


def test_a_member_is_found_and_watched(world: World, store: Session, client_for: Any) -> None:
    officer, stray = client_for(world.summit.compliance), world.summit.stray
    assert "Nobody is watched" in officer.get(WATCH).text
    person = {"first_name": stray.first_name, "last_name": stray.last_name}
    found = officer.post(f"{WATCH}/look-up", data={**person, "birth_date": str(stray.birth_date)})
    assert f'value="{stray.id}"' in found.text and f"{stray.first_name} {stray.last_name}" in found.text
    [entry] = entries(store, world.summit, "access.lookup")
    assert entry.member_ids == [stray.id]
    sent = {"member": str(stray.id), "reason": "Works for us"}
    assert officer.post(WATCH, data={**sent, "reason": " "}).status_code == 422
    assert officer.post(WATCH, data=sent).status_code == 303
    assert officer.post(WATCH, data={**sent, "reason": "Twice"}).status_code == 303
    [kept] = listed(store)
    assert (kept.member_id, kept.reason) == (stray.id, "Works for us")
    assert [e.member_ids for e in entries(store, world.summit, "watch.add")] == [[stray.id]]
    assert stray.last_name not in officer.get(WATCH).text, "a member is only ever an id"
    assert [e.member_ids for e in entries(store, world.summit, "watch.list")][-1] == [stray.id]


def test_taking_off_keeps_who_was_there(world: World, store: Session, client_for: Any) -> None:
    officer, stray = client_for(world.summit.compliance), world.summit.stray
    officer.post(WATCH, data={"member": str(stray.id), "reason": "Works for us"})
    [kept] = listed(store)
    for _ in range(2):
        assert officer.post(f"{WATCH}/{kept.id}/remove").status_code == 303
    [gone] = listed(store)
    assert gone.removed_name == world.summit.compliance.name
    assert len(entries(store, world.summit, "watch.remove")) == 1
    officer.post(WATCH, data={"member": str(stray.id), "reason": "Works for us again"})
    assert len(listed(store)) == 2


def test_nobody_of_another_book_is_watched(world: World, store: Session, client_for: Any) -> None:
    officer, foreign = client_for(world.summit.compliance), world.lakeside.stray.id
    answers = [
        officer.post(WATCH, data={"member": str(one), "reason": "Works for us"}) for one in (foreign, new_id(), "x")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].text == answers[1].text
    assert listed(store) == []


def rules(**change: Any) -> dict[str, Any]:
    """The form of the rules as the page sends it."""
    told = {**asdict(Rules()), **change}
    if not told.pop("weekends"):
        return told
    return {**told, "weekends": "y"}


def test_officers_decide_how_the_log_is_reviewed(app: Flask, world: World, store: Session, client_for: Any) -> None:
    access = access_of(app.view_functions["reviews.change_rules"])
    assert access is not None and access.fresh
    officer = client_for(world.summit.compliance)
    assert officer.post(f"{PAGE}/rules", data=rules(every_days=14, weekends=True)).status_code == 303
    [entry] = entries(store, world.summit, "review.rules")
    assert entry.detail["rules"] == {"every_days": [7, 14], "weekends": [False, True]}
    assert officer.post(f"{PAGE}/rules", data=rules(every_days=14, weekends=True)).status_code == 303
    assert len(entries(store, world.summit, "review.rules")) == 1, "nothing was changed"
    [kept] = store.scalars(select(ReviewRules)).all()
    assert (kept.every_days, kept.weekends) == (14, True)
    assert client_for(world.summit.admin).get(f"{PAGE}/rules").status_code == 404
    assert client_for(world.lakeside.compliance).get(f"{PAGE}/rules").text.count('value="7"') == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"every_days": 0}, "from 1 to 31"),
        ({"closes": 6}, "Office hours must end after they begin."),
        ({"zone": "Mars/Olympus"}, "This is not one of the choices."),
        ({"sample": "many"}, "Enter a whole number."),
    ],
)
def test_rules_that_cannot_be(change: dict[str, Any], says: str, world: World, store: Session, client_for: Any) -> None:
    answer = client_for(world.summit.compliance).post(f"{PAGE}/rules", data=rules(**change))
    assert answer.status_code == 422 and says in answer.text
    assert store.scalars(select(ReviewRules)).all() == []


def test_rules_decide_what_is_found(old_fmo: World, store: Session, compute: Compute, client_for: Any) -> None:
    amy = old_fmo.amy.people[0].user
    for days in range(1, 8):
        did(store, old_fmo, amy, "contact.list", days)
    assert compute("off_hours") == []
    officer = client_for(old_fmo.summit.compliance)
    assert officer.post(f"{PAGE}/rules", data=rules(weekends=True)).status_code == 303
    found = compute("off_hours")
    assert len(found) == 2 and all(one.day.isoweekday() > 5 for one in found)
    review = open_review(store, old_fmo)
    assert review is not None and review.rules["weekends"] is True


def reminders(store: Session, world: World) -> list[Outbox]:
    """The mails that are ordered at Summit, the oldest first."""
    store.rollback()
    mine = (Outbox.job == "remind_of_review", Outbox.fmo_id == world.summit.fmo.id)
    return list(store.scalars(select(Outbox).where(*mine).order_by(Outbox.created_at)))


def mails(settings: Settings) -> dict[str, str]:
    """The mails about reviews by address; they are taken away."""
    found = {}
    for path in sorted((settings.data / "outbox").glob("*.eml")):
        words = path.read_text()
        if "The review of the access log is overdue" in words:
            found[words.split("To: ", 1)[1].split("\n", 1)[0]] = words
            path.unlink()
    return found


def test_an_overdue_review_is_on_the_home_and_mailed_once(
    app: Flask, old_fmo: World, store: Session, settings: Settings, client_for: Any
) -> None:
    mails(settings)
    officer = client_for(old_fmo.summit.compliance)
    assert "and is overdue." in officer.get("/compliance/").text
    with app.app_context():
        assert (review_mail.order_due(), review_mail.order_due()) == (2, 0), "one for each FMO"
    [job] = reminders(store, old_fmo)
    remind_of_review(*job.args)
    remind_of_review(*job.args)
    sent = mails(settings)
    assert list(sent) == [old_fmo.summit.compliance.email]
    assert "/compliance/reviews" in sent[old_fmo.summit.compliance.email]
    assert [e.detail["officers"] for e in entries(store, old_fmo.summit, "review.remind")] == [1]
    store.execute(text("UPDATE review_reminder SET due_at = due_at - interval '7 days'"))
    store.commit()
    with app.app_context():
        assert review_mail.order_due() == 2, "again, a span later"
    assert len(store.scalars(select(ReviewReminder)).all()) == 4


def test_nobody_is_reminded_of_what_is_done(
    app: Flask, old_fmo: World, store: Session, settings: Settings, compute: Compute, client_for: Any
) -> None:
    mails(settings)
    with app.app_context():
        review_mail.order_due()
    [job] = reminders(store, old_fmo)
    compute()
    officer = client_for(old_fmo.summit.compliance)
    did(store, old_fmo, old_fmo.summit.admin, "member.reveal")
    compute()
    finished(officer, store, old_fmo)
    remind_of_review(*job.args)
    assert mails(settings) == {}
    assert "is overdue" not in officer.get("/compliance/").text
    assert "The next review is to be signed by" in officer.get(PAGE).text


def test_a_new_fmo_is_not_overdue(world: World, store: Session, app: Flask, client_for: Any) -> None:
    assert "is overdue" not in client_for(world.summit.compliance).get("/compliance/").text
    with app.app_context():
        assert review_mail.order_due() == 0
