"""A review from its beginning to its signature: one at a time, two officers, and nothing changes afterwards."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.compliance.reviews.models import FollowUp, Review, ReviewFinding
from portal.compliance.seals.chain import moment
from portal.core.outbox import Outbox
from portal.core.permissions import access_of
from portal.core.scope import Role
from portal.identity.models import User
from tasks.jobs import compute_review
from tests.portal.compliance.reviews.conftest import PAGE, Compute, did, findings, open_review
from tests.portal.compliance.test_access import entries
from tests.support import builders as make
from tests.support.world import World


def signed(store: Session, world: World) -> Review:
    """Summit's last signed review."""
    store.rollback()
    query = select(Review).where(Review.fmo_id == world.summit.fmo.id, Review.signed_at.is_not(None))
    return store.scalars(query.order_by(Review.number.desc()).execution_options(populate_existing=True)).first()  # type: ignore[return-value]  # the test fails on None


def tick(one: ReviewFinding) -> str:
    """How a page's box names a finding."""
    return f"{one.id}.{one.revision}"


def judged(officer: Any, review: Review, found: list[ReviewFinding], disposition: str = "fine", **more: Any) -> Any:
    """Judge findings as the page does."""
    sent = {"disposition": disposition, "note": "Looked into it", "finding": [tick(one) for one in found], **more}
    return officer.post(f"{PAGE}/{review.id}/findings", data=sent)


@pytest.fixture
def second(world: World, store: Session) -> User:
    """Another officer of Summit."""
    return make.user(store, world.summit.fmo, Role.COMPLIANCE, first_name="Sol", last_name="Qsecond")


def some(store: Session, world: World) -> None:
    """Two reveals on different days and a download."""
    for days in (1, 2):
        did(store, world, world.summit.admin, "member.reveal", days)
    did(store, world, world.summit.admin, "sync.export", 3)


def test_from_the_click_to_the_findings(old_fmo: World, store: Session, client_for: Any) -> None:
    some(store, old_fmo)
    officer = client_for(old_fmo.summit.compliance)
    assert "No review yet" in officer.get(PAGE).text
    assert officer.post(PAGE).status_code == 303
    assert officer.post(PAGE).status_code == 303, "a double click"
    review = open_review(store, old_fmo)
    assert review is not None and review.number == 1
    [job] = store.scalars(select(Outbox).where(Outbox.job == "compute_review")).all()
    assert job.args == [str(review.fmo_id), str(review.id)]
    page = f"{PAGE}/{review.id}"
    assert "Looking through the log" in officer.get(page).text
    assert officer.get(f"{page}/progress").status_code == 200

    compute_review(*job.args)
    compute_review(*job.args)
    assert officer.get(f"{page}/progress").status_code == 286
    shown = officer.get(page).text
    assert "Judge 6 findings" in shown, "two reveals, a download and the sample of three days"
    listed = officer.get(f"{page}/findings?kind=reveals&state=open").text
    assert listed.count("Revealed a Medicare number (once).") == 2
    assert [e.detail["new"] for e in entries(store, old_fmo.summit, "review.compute")] == [6, 0]
    [computed, _] = entries(store, old_fmo.summit, "review.compute")
    assert computed.actor_id == old_fmo.summit.compliance.id, "in the name of who asked for it"


def test_looking_leaves_one_entry(old_fmo: World, store: Session, compute: Compute, client_for: Any) -> None:
    compute()
    review = open_review(store, old_fmo)
    assert review is not None
    officer = client_for(old_fmo.summit.compliance)
    for page in ("", f"/{review.id}", f"/{review.id}/findings", f"/{review.id}/print", "/rules", "/watch"):
        before = len(entries(store, old_fmo.summit))
        assert officer.get(f"{PAGE}{page}").status_code == 200
        assert len(entries(store, old_fmo.summit)) == before + 1, page


def test_two_officers_begin_one_review(old_fmo: World, store: Session, second: User, client_for: Any) -> None:
    one = client_for(old_fmo.summit.compliance).post(PAGE)
    other = client_for(second).post(PAGE)
    assert one.headers["Location"] == other.headers["Location"]
    with pytest.raises(DBAPIError, match="uq_review_open"):
        store.execute(
            text(
                "INSERT INTO review (fmo_id, id, number, from_at, until_at, begun_by, begun_name, asked_by, asked_name)"
                " SELECT fmo_id, gen_random_uuid(), 2, from_at, until_at, begun_by, 'Q', asked_by, 'Q' FROM review"
            )
        )
    store.rollback()


def test_of_two_officers_the_first_judges(
    old_fmo: World, store: Session, compute: Compute, second: User, client_for: Any
) -> None:
    some(store, old_fmo)
    found = compute("reveals")
    review = open_review(store, old_fmo)
    assert review is not None
    assert judged(client_for(second), review, found[:1], "incident").status_code == 303
    late = judged(client_for(old_fmo.summit.compliance), review, found)
    assert late.status_code == 409 and "Sol Qsecond judged these findings after you opened the page" in late.text
    assert [one.disposition for one in findings(store, review, "reveals")] == ["incident", None]


def test_what_is_judged_stays_and_grows(old_fmo: World, store: Session, compute: Compute, client_for: Any) -> None:
    some(store, old_fmo)
    [_, found] = compute("reveals")
    old_page = tick(found)
    review = open_review(store, old_fmo)
    assert review is not None
    officer = client_for(old_fmo.summit.compliance)
    assert judged(officer, review, [found]).status_code == 303
    [_, again] = compute("reveals")
    assert (again.disposition, again.grown, again.note) == ("fine", False, "Looked into it")
    did(store, old_fmo, old_fmo.summit.admin, "member.reveal", 1)
    [_, more] = compute("reveals")
    assert (more.disposition, more.grown, more.entries) == ("fine", True, 2)
    assert "Fine, and more since" in officer.get(f"{PAGE}/{review.id}/findings?kind=reveals&state=open").text
    assert judged(officer, review, [], finding=[old_page]).status_code == 409
    assert judged(officer, review, [more]).status_code == 303
    assert not findings(store, review, "reveals")[1].grown


def test_a_whole_kind_is_fine_under_one_note(old_fmo: World, store: Session, compute: Compute, client_for: Any) -> None:
    some(store, old_fmo)
    compute()
    review = open_review(store, old_fmo)
    assert review is not None and review.computed_at is not None
    officer = client_for(old_fmo.summit.compliance)
    sent = {"kind": "reveals", "computed": moment(review.computed_at), "reason": "The carrier asked"}
    page = f"{PAGE}/{review.id}/fine?kind=reveals"
    assert officer.post(page, data={**sent, "reason": " "}).status_code == 422
    assert officer.post(page, data={**sent, "computed": "2026-01-01T00:00:00.000000Z"}).status_code == 409
    assert {one.disposition for one in findings(store, review)} == {None}
    assert officer.post(page, data=sent).status_code == 303
    by_kind = {one.kind: (one.disposition, one.note) for one in findings(store, review)}
    assert by_kind["reveals"] == ("fine", "The carrier asked") and by_kind["exports"] == (None, None)
    [entry] = entries(store, old_fmo.summit, "review.decide")
    assert (entry.detail["finding_kind"], entry.detail["count"]) == ("reveals", 2)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"disposition": ""}, "Choose one."),
        ({"disposition": "incident", "note": ""}, "Say in the note"),
        ({"disposition": "follow_up", "owner": "", "due_on": "2099-01-01"}, "Choose who follows it up."),
        ({"disposition": "follow_up", "due_on": ""}, "Enter a day from today"),
        ({"finding": []}, "Tick the findings that this is about."),
    ],
)
def test_a_judgement_that_is_not_whole(
    sent: dict[str, Any], says: str, old_fmo: World, store: Session, compute: Compute, client_for: Any
) -> None:
    some(store, old_fmo)
    found = compute("reveals")
    review = open_review(store, old_fmo)
    assert review is not None
    disposition = sent.pop("disposition", "fine")
    refused = judged(client_for(old_fmo.summit.compliance), review, found, disposition, **sent)
    assert refused.status_code == 422 and says in refused.text
    assert {one.disposition for one in findings(store, review)} == {None}


def finished(officer: Any, store: Session, world: World) -> Review:
    """Judge all that is left of the open review fine, and sign it."""
    review = open_review(store, world)
    assert review is not None
    left = [one for one in findings(store, review) if one.disposition is None or one.grown]
    assert judged(officer, review, left).status_code == 303
    assert officer.post(f"{PAGE}/{review.id}/sign").status_code == 303
    return signed(store, world)


def test_signing_wants_everything_judged_and_who_it_is(
    app: Flask, old_fmo: World, store: Session, compute: Compute, client_for: Any
) -> None:
    access = access_of(app.view_functions["reviews.sign"])
    assert access is not None and access.fresh
    some(store, old_fmo)
    compute()
    review = open_review(store, old_fmo)
    assert review is not None
    officer = client_for(old_fmo.summit.compliance)
    early = officer.post(f"{PAGE}/{review.id}/sign")
    assert early.status_code == 409 and "6 findings are not judged yet" in early.text
    done = finished(officer, store, old_fmo)
    assert done.signed_by == old_fmo.summit.compliance.id
    told = json.loads(done.statement or "")
    assert (told["findings"], told["number"], told["signed_by"][1]) == (6, 1, old_fmo.summit.compliance.name)
    assert {kind["name"]: kind["findings"] for kind in told["looked_at"]}["reveals"] == 2
    assert told["rules"]["every_days"] == 7 and told["seals"] == [None, None]
    [entry] = entries(store, old_fmo.summit, "review.sign")
    assert entry.detail["sha256"] == done.sha256
    shown = officer.get(f"{PAGE}/{done.id}").text
    assert "holds, and the findings are those that were signed" in shown


def test_a_signed_review_is_never_changed(old_fmo: World, store: Session, compute: Compute, client_for: Any) -> None:
    some(store, old_fmo)
    found = compute("reveals")
    officer = client_for(old_fmo.summit.compliance)
    review = finished(officer, store, old_fmo)
    assert judged(officer, review, found).status_code == 409
    assert officer.post(f"{PAGE}/{review.id}/compute").status_code == 409
    assert officer.post(f"{PAGE}/{review.id}/sign").status_code == 409
    compute_review(str(review.fmo_id), str(review.id))
    another = (
        "INSERT INTO review_finding (fmo_id, id, review_id, kind, key, why, actor_name, role, day, first_at, last_at,"
        " entries) SELECT fmo_id, gen_random_uuid(), id, 'x', 'x', 'x', 'x', 'x', now(), now(), now(), 1 FROM review"
    )
    for change in (
        "UPDATE review SET entries = 0",
        "DELETE FROM review",
        "UPDATE review_finding SET note = 'x'",
        "UPDATE review_finding SET review_id = gen_random_uuid()",
        another,
    ):
        with pytest.raises(DBAPIError, match="never changed"):
            store.execute(text(change))
        store.rollback()


def test_who_goes_past_the_wall_is_found_out(old_fmo: World, store: Session, compute: Compute, client_for: Any) -> None:
    some(store, old_fmo)
    compute()
    officer = client_for(old_fmo.summit.compliance)
    review = finished(officer, store, old_fmo)
    store.execute(text("SET LOCAL session_replication_role = replica"))
    store.execute(text("UPDATE review_finding SET note = 'Nothing to see' WHERE kind = 'reveals'"))
    store.commit()
    assert "its findings were changed afterwards" in officer.get(f"{PAGE}/{review.id}").text
    assert "is not what was signed" in officer.get(f"{PAGE}/{review.id}/print").text


def test_the_next_review_goes_on_where_the_last_one_ended(
    old_fmo: World, store: Session, compute: Compute, client_for: Any
) -> None:
    some(store, old_fmo)
    compute()
    officer = client_for(old_fmo.summit.compliance)
    first = finished(officer, store, old_fmo)
    compute()
    review = open_review(store, old_fmo)
    assert review is not None
    assert (review.number, review.from_at) == (2, first.until_at)
    assert findings(store, review, "reveals") == []


def test_what_comes_late_into_a_period_is_in_a_review(
    old_fmo: World, store: Session, compute: Compute, client_for: Any, seal: Any
) -> None:
    some(store, old_fmo)
    did(store, old_fmo, old_fmo.summit.admin, "member.reveal", at=ago(hours=6))
    seal()
    compute()
    officer = client_for(old_fmo.summit.compliance)
    did(store, old_fmo, old_fmo.summit.admin, "sync.export", at=ago(hours=5))
    review = open_review(store, old_fmo)
    assert review is not None
    judged(officer, review, findings(store, review))
    early = officer.post(f"{PAGE}/{review.id}/sign")
    assert early.status_code == 409 and "1 entry of this period has come into the log" in early.text
    seal()
    compute()
    first = finished(officer, store, old_fmo)

    late = did(store, old_fmo, old_fmo.summit.admin, "member.reveal", at=ago(hours=4))
    seal()
    compute()
    second = open_review(store, old_fmo)
    assert second is not None and second.from_at == late.at < first.until_at
    [found] = findings(store, second, "reveals")
    assert (found.entries, found.first_at) == (1, late.at), "what the first review looked at is not looked at again"
    finished(officer, store, old_fmo)
    seal()
    compute()
    third = open_review(store, old_fmo)
    assert third is not None and third.from_at == second.until_at, "once is enough"


def ago(**span: int) -> datetime:
    """A moment so long ago."""
    return datetime.now(UTC) - timedelta(**span)


def test_a_follow_up_stays_until_it_is_closed(
    old_fmo: World, store: Session, compute: Compute, second: User, client_for: Any
) -> None:
    some(store, old_fmo)
    [found, *_] = compute("exports")
    review = open_review(store, old_fmo)
    assert review is not None
    officer = client_for(old_fmo.summit.compliance)
    until = date.today() + timedelta(days=3)  # noqa: DTZ011  # a day as the form has it
    asked = {"owner": str(second.id), "due_on": until.isoformat(), "note": "Ask Walter why"}
    assert judged(officer, review, [found], "follow_up", **asked).status_code == 303
    finished(officer, store, old_fmo)
    assert "Ask Walter why" in officer.get("/compliance/reviews").text
    assert "Findings that are followed up" in officer.get("/compliance/").text
    compute()
    after = open_review(store, old_fmo)
    assert after is not None
    assert "Still followed up from other reviews" in officer.get(f"{PAGE}/{after.id}").text
    page = f"{PAGE}/findings/{found.id}"
    assert "Sol Qsecond, until" in officer.get(page).text
    assert officer.post(f"{page}/close", data={"outcome": ""}).status_code == 422
    assert officer.post(f"{page}/close", data={"outcome": "It was for the carrier"}).status_code == 303
    assert "It was for the carrier" in officer.get(page).text
    officer.post(f"{page}/close", data={"outcome": "Something else"})
    [kept] = store.scalars(select(FollowUp)).all()
    assert kept.outcome == "It was for the carrier"
    assert "Ask Walter why" not in officer.get(PAGE).text
    first = signed(store, old_fmo)
    assert "holds, and the findings are those that were signed" in officer.get(f"{PAGE}/{first.id}").text


def test_the_evidence_is_checked_without_the_portal(
    old_fmo: World, store: Session, compute: Compute, client_for: Any
) -> None:
    some(store, old_fmo)
    compute()
    officer = client_for(old_fmo.summit.compliance)
    review = open_review(store, old_fmo)
    assert review is not None
    early = json.loads(officer.get(f"{PAGE}/{review.id}/review.json").text)
    assert early["statement"] is None and early["signature"] is None, "nothing is signed yet"
    review = finished(officer, store, old_fmo)
    told = json.loads(officer.get(f"{PAGE}/{review.id}/review.json").text)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(told["public_key"]))
    key.verify(bytes.fromhex(told["signature"]), told["statement"].encode())
    assert sha256(told["statement"].encode()).hexdigest() == told["sha256"]
    lines = "".join(f"{line}\n" for line in told["findings"])
    assert json.loads(told["statement"])["findings_sha256"] == sha256(lines.encode()).hexdigest()
    assert [e.detail["form"] for e in entries(store, old_fmo.summit, "review.export")] == ["json", "json"]


def test_the_table_runs_nothing(old_fmo: World, store: Session, compute: Compute, client_for: Any) -> None:
    did(store, old_fmo, old_fmo.summit.admin, "member.reveal", actor_name="=HYPERLINK(1)")
    [found] = compute("reveals")
    officer = client_for(old_fmo.summit.compliance)
    review = open_review(store, old_fmo)
    assert review is not None
    judged(officer, review, [found], note="@SUM(1)")
    answer = officer.get(f"{PAGE}/{review.id}/findings.csv")
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    [row] = [row for row in rows if row["kind"] == "Medicare numbers revealed"]
    assert (row["who"], row["note"], row["judgement"]) == ("'=HYPERLINK(1)", "'@SUM(1)", "fine")


def test_what_was_computed_long_ago_and_lost_may_be_asked_for_again(
    old_fmo: World, store: Session, client_for: Any
) -> None:
    officer = client_for(old_fmo.summit.compliance)
    officer.post(PAGE)
    store.execute(text("UPDATE review SET asked_at = now() - interval '11 minutes'"))
    store.commit()
    review = open_review(store, old_fmo)
    assert review is not None
    assert "the job was lost" in officer.get(f"{PAGE}/{review.id}").text
    assert officer.post(f"{PAGE}/{review.id}/compute").status_code == 303
    jobs = store.scalars(select(Outbox).where(Outbox.job == "compute_review")).all()
    assert len(jobs) == 2


@pytest.mark.parametrize("who", ["admin", "amy", "other"])
def test_reviews_are_the_officers(who: str, old_fmo: World, store: Session, compute: Compute, client_for: Any) -> None:
    some(store, old_fmo)
    [found, *_] = compute("reveals")
    review = open_review(store, old_fmo)
    assert review is not None
    people = {"admin": old_fmo.summit.admin, "amy": old_fmo.amy.people[0].user, "other": old_fmo.lakeside.compliance}
    browser = client_for(people[who])
    for page in (f"/{review.id}", f"/{review.id}/findings", f"/findings/{found.id}", f"/{review.id}/findings.csv"):
        assert browser.get(f"{PAGE}{page}").status_code == 404
    for page in (f"/{review.id}/sign", f"/{review.id}/compute", f"/{review.id}/findings"):
        assert browser.post(f"{PAGE}{page}").status_code == 404
    assert browser.get(PAGE).status_code == (200 if who == "other" else 404)
    assert datetime.now(UTC) > review.begun_at


def test_a_review_that_looks_at_no_time_is_not_signed(
    old_fmo: World, store: Session, client_for: Any, compute: Compute
) -> None:
    officer = client_for(old_fmo.summit.compliance)
    compute()
    empty = open_review(store, old_fmo)
    assert empty is not None
    store.execute(update(Review).where(Review.id == empty.id).values(until_at=empty.from_at))
    store.commit()
    text = officer.get(f"{PAGE}/{empty.id}").text
    assert "There is nothing to review yet" in text and "Sign off review" not in text
    answer = officer.post(f"{PAGE}/{empty.id}/sign")
    assert answer.status_code == 409 and "Nothing was signed" in answer.text
