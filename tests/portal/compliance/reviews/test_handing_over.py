"""A follow-up goes from one officer to another: with a note, once, and without touching what was signed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.compliance.reviews.models import FollowUp, ReviewFinding
from portal.core.scope import Role
from portal.identity.models import User
from tests.portal.compliance.reviews.conftest import PAGE, Compute, open_review
from tests.portal.compliance.reviews.test_reviews import finished, judged, signed, some
from tests.portal.compliance.test_access import entries
from tests.support import builders as make
from tests.support.world import World

MINE = "Findings that you follow up"


@pytest.fixture
def second(world: World, store: Session) -> User:
    """Another officer of Summit."""
    return make.user(store, world.summit.fmo, Role.COMPLIANCE, first_name="Sol", last_name="Qsecond")


@pytest.fixture
def followed(old_fmo: World, store: Session, compute: Compute, client_for: Any) -> ReviewFinding:
    """A finding that Summit's first officer follows up."""
    some(store, old_fmo)
    [found, *_] = compute("exports")
    review, officer = open_review(store, old_fmo), old_fmo.summit.compliance
    assert review is not None
    until = (datetime.now(UTC) + timedelta(days=3)).date()
    asked = {"owner": str(officer.id), "due_on": until.isoformat(), "note": "Ask Walter why"}
    assert judged(client_for(officer), review, [found], "follow_up", **asked).status_code == 303
    return found


def follow_ups(store: Session, found: ReviewFinding) -> list[FollowUp]:
    """The follow-ups of a finding, in the order in which they were made."""
    store.rollback()
    query = select(FollowUp).where(FollowUp.finding_id == found.id).order_by(FollowUp.made_at)
    return list(store.scalars(query.execution_options(populate_existing=True)))


def handed(officer: Any, found: ReviewFinding, shown: FollowUp, to: User, note: str = "On leave") -> Any:
    """Hand a follow-up over as the page does."""
    sent = {"follow_up": str(shown.id), "successor": str(to.id), "handing_note": note}
    return officer.post(f"{PAGE}/findings/{found.id}/hand-over", data=sent)


@pytest.mark.parametrize("before", [True, False])
def test_it_is_handed_over_and_the_signature_goes_on_holding(
    old_fmo: World, store: Session, followed: ReviewFinding, second: User, client_for: Any, before: bool
) -> None:
    first = old_fmo.summit.compliance
    officer, other = client_for(first), client_for(second)
    if not before:
        finished(officer, store, old_fmo)
    [shown] = follow_ups(store, followed)
    assert MINE in officer.get("/compliance/").text and MINE not in other.get("/compliance/").text
    page = f"{PAGE}/findings/{followed.id}"
    assert f'value="{shown.id}"' in officer.get(page).text
    without = handed(officer, followed, shown, second, note="")
    assert (
        without.status_code == 422 and f'<option value="{first.id}">' not in without.text.partition("Note to them")[0]
    )
    assert handed(officer, followed, shown, second).status_code == 303
    if before:
        finished(officer, store, old_fmo)

    earlier, later = follow_ups(store, followed)
    assert (earlier.outcome, earlier.closed_by, later.owner_id) == ("On leave", first.id, second.id)
    assert later.due_on == earlier.due_on and later.closed_at is None
    home = other.get("/compliance/").text
    assert MINE in home and "1 handed over to you" in home
    assert MINE not in officer.get("/compliance/").text
    assert f"handed over by {first.name}" in other.get(PAGE).text
    told = other.get(page).text
    assert f"From {first.name} to {second.name}, by {first.name}" in told and f"{second.name}, until" in told
    [entry] = entries(store, old_fmo.summit, "review.hand_over")
    assert (entry.subject_ids, entry.reason, entry.detail["owner"]) == ([followed.id], "On leave", str(second.id))
    review = signed(store, old_fmo)
    assert "holds, and the findings are those that were signed" in officer.get(f"{PAGE}/{review.id}").text
    other.post(f"{page}/close", data={"outcome": "It was for the carrier"})
    assert MINE not in other.get("/compliance/").text
    assert "It was for the carrier" in officer.get(page).text


def test_of_two_who_hand_over_at_once_one_wins_and_the_other_is_told(
    old_fmo: World, store: Session, followed: ReviewFinding, second: User, client_for: Any
) -> None:
    third = make.user(store, old_fmo.summit.fmo, Role.COMPLIANCE, first_name="Tam", last_name="Qthird")
    [shown] = follow_ups(store, followed)
    ways = [(client_for(old_fmo.summit.compliance), second), (client_for(second), third)]
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(handed, browser, followed, shown, to) for browser, to in ways]
    answers = [one.result() for one in asked]
    assert sorted(one.status_code for one in answers) == [303, 409]
    _, later = follow_ups(store, followed)
    [late] = [one.text for one in answers if one.status_code == 409]
    assert f"was handed over to {later.owner_name} after you opened the page. Nothing was changed." in late
    assert len(entries(store, old_fmo.summit, "review.hand_over")) == 1


def test_what_is_closed_or_is_theirs_already_is_not_handed_over(
    old_fmo: World, store: Session, followed: ReviewFinding, second: User, client_for: Any
) -> None:
    first, strangers = old_fmo.summit.compliance, old_fmo.lakeside.compliance
    officer = client_for(first)
    [shown] = follow_ups(store, followed)
    assert f"{first.name} follows this up already" in handed(officer, followed, shown, first).text
    for nobody in (strangers, old_fmo.summit.admin):
        assert handed(officer, followed, shown, nobody).status_code == 422
    assert handed(client_for(strangers), followed, shown, second).status_code == 404
    officer.post(f"{PAGE}/findings/{followed.id}/close", data={"outcome": "Done"})
    late = handed(officer, followed, shown, second)
    assert late.status_code == 409 and f"{first.name} closed this follow-up after you opened" in late.text
    assert len(follow_ups(store, followed)) == 1 and entries(store, old_fmo.summit, "review.hand_over") == []
