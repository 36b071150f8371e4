"""Each kind of finding: what is planted is found, with its numbers; what is usual is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from portal.compliance.reviews import registry
from portal.compliance.reviews.kinds import deeds, exceptions, signing_in
from portal.core.events import declared
from portal.core.ids import new_id
from tests.portal.compliance.reviews.conftest import Compute, did, noon
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support import review_builders as reviews
from tests.support.world import World


def test_every_action_that_is_looked_for_is_declared(app: Flask) -> None:
    named = {*signing_in.ACTIONS, *deeds.EMERGENCY, *deeds.MERGES, *deeds.MOVES, *deeds.PEOPLE, *deeds.CROSSWALK}
    named |= {*deeds.REFUSED, *deeds.LOG, *deeds.WRONG, *exceptions.ACTIONS}
    assert named - set(declared()) == set()


def test_every_kind_says_what_it_looks_for(app: Flask) -> None:
    kinds = registry.kinds()
    assert len(kinds) >= 18 and len({kind.name for kind in kinds}) == len(kinds)
    assert all(kind.looks_for.endswith(".") and kind.heading for kind in kinds)


def test_a_quiet_week_finds_only_the_sample(old_fmo: World, store: Session, compute: Compute) -> None:
    amy = old_fmo.amy.people[0]
    for days in range(1, 20):
        did(store, old_fmo, amy.user, "contact.read", days, member_ids=[amy.member.id], address="192.0.2.7")
    found = compute()
    assert {one.kind for one in found} == {"sample"}
    assert len(found) == 19


def test_the_sample_is_drawn_by_the_reviews_id(old_fmo: World, store: Session, compute: Compute) -> None:
    amy = old_fmo.amy.people[0].user
    for place in range(9):
        did(store, old_fmo, amy, "contact.list", at=noon(2) + timedelta(minutes=place))
    first = {one.key for one in compute("sample")}
    assert len(first) == 2, "two of each day"
    assert {one.key for one in compute("sample")} == first


def test_failed_sign_ins_from_three_a_day_on(old_fmo: World, store: Session, compute: Compute) -> None:
    amy, nora = old_fmo.amy.people[0].user, old_fmo.nora.people[0].user
    for why in ("wrong password", "wrong password", "locked"):
        did(store, old_fmo, amy, "session.refused", outcome="refused", detail={"why": why})
    did(store, old_fmo, nora, "session.refused", outcome="refused", detail={"why": "wrong password"})
    [found] = compute("sign_in_failed")
    assert found.actor_id == amy.id and found.entries == 3
    assert "refused 3 times" in found.why and "wrong password twice, locked once" in found.why


def test_failures_on_both_sides_of_a_reviews_edge_are_one_day(old_fmo: World, store: Session, compute: Compute) -> None:
    make_old_review(store, old_fmo)
    amy, nora = old_fmo.amy.people[0].user, old_fmo.nora.people[0].user
    for who, hours in ((amy, (-2, -1, 1, 2)), (nora, (-3, -2, -1))):
        for hour in hours:
            at = noon(7) + timedelta(hours=hour)
            did(store, old_fmo, who, "session.refused", at=at, outcome="refused", detail={"why": "wrong password"})
    [found] = compute("sign_in_failed")
    assert (found.actor_id, found.entries) == (amy.id, 4), "two in each half are four in a day"


def test_one_attempt_with_a_disabled_account_is_enough(old_fmo: World, store: Session, compute: Compute) -> None:
    amy = old_fmo.amy.people[0].user
    did(store, old_fmo, amy, "session.refused", outcome="refused", detail={"why": "deactivated"})
    [found] = compute("sign_in_disabled")
    assert found.why == "1 attempt to sign in with an account that was deactivated."


def test_work_outside_office_hours(old_fmo: World, store: Session, compute: Compute) -> None:
    admin = old_fmo.summit.admin
    night = noon(3) - timedelta(hours=9)  # 08:00 UTC: three or four in the morning in New York
    did(store, old_fmo, admin, "policy.read", at=night)
    did(store, old_fmo, admin, "policy.read", at=night + timedelta(minutes=20))
    did(store, old_fmo, admin, "policy.read", 3)
    [found] = compute("off_hours")
    assert found.why.startswith("2 entries outside office hours (0") and "06:00 to 22:00" in found.why


def test_a_network_that_is_new_to_somebody(old_fmo: World, store: Session, compute: Compute) -> None:
    amy = old_fmo.amy.people[0].user
    did(store, old_fmo, amy, "contact.list", 9, address="192.0.2.7")
    did(store, old_fmo, amy, "contact.list", 8, address="192.0.2.200")
    did(store, old_fmo, amy, "contact.list", 4, address="198.51.100.9")
    did(store, old_fmo, amy, "contact.list", 3, address="198.51.100.9")
    did(store, old_fmo, amy, "contact.list", 2, address="not an address")
    [found] = compute("new_network")
    assert "from 198.51.100.0/24" in found.why and "1 other network" in found.why
    assert found.day == noon(4).date()


def _saw(store: Session, world: World, who: Any, days_ago: int, number: int) -> None:
    did(store, world, who, "contact.list", days_ago, member_ids=[new_id() for _ in range(number)])


def test_far_more_members_than_on_a_usual_day(old_fmo: World, store: Session, compute: Compute) -> None:
    amy = old_fmo.amy.people[0].user
    make_old_review(store, old_fmo)
    for days in range(8, 15):
        _saw(store, old_fmo, amy, days, 14)
    _saw(store, old_fmo, amy, 2, 212)
    _saw(store, old_fmo, amy, 3, 41)
    [found] = compute("volume")
    assert "Saw 212 members on" in found.why and "their usual day is 14" in found.why
    assert "too few hold the role" in found.why


def test_far_more_members_than_others_of_the_role(old_fmo: World, store: Session, compute: Compute) -> None:
    world = old_fmo
    admins = [world.amy.people[0].user, world.nora.people[0].user, world.pat.user]
    for who in admins:
        for days in range(2, 6):
            _saw(store, world, who, days, 5)
    _saw(store, world, admins[0], 1, 60)
    [found] = compute("volume")
    assert found.actor_id == admins[0].id
    assert "Saw 60 members" in found.why and "Agent – Administrator is 5" in found.why and "too new" in found.why


def test_who_can_be_compared_with_nobody_is_told_all_the_same(old_fmo: World, store: Session, compute: Compute) -> None:
    admin, amy = old_fmo.summit.admin, old_fmo.amy.people[0].user
    _saw(store, old_fmo, admin, 1, 120)
    _saw(store, old_fmo, amy, 1, 119)
    [found] = compute("volume")
    assert found.actor_id == admin.id, "three times the least that is looked at"
    assert "too new for a usual day, too few hold the role" in found.why


def make_old_review(store: Session, world: World) -> None:
    """A signed review that ended a week ago, so that the next one looks at a week."""
    row = reviews.review(store, world.summit)
    row.until_at = noon(7)
    row.from_at, row.entries = noon(14), 1000
    row.signed_at, row.signed_by, row.signed_name = noon(7), world.summit.compliance.id, "Q"
    row.statement, row.sha256, row.key_id, row.signature = "{}", "x", "x", b"x"
    store.commit()


@pytest.mark.parametrize("who", ["admin", None])
def test_every_access_to_a_watched_member(who: str | None, old_fmo: World, store: Session, compute: Compute) -> None:
    world, stray = old_fmo, old_fmo.summit.stray.id
    reviews.watched(store, world.summit, stray)
    person: dict[str, Any] = {} if who else {"actor_id": None, "actor_name": "Portal jobs", "role": "system"}
    did(store, world, world.summit.admin, "member.read", member_ids=[stray, new_id()], **person)
    did(store, world, world.summit.admin, "member.read", member_ids=[new_id()])
    [found] = compute("watched")
    assert found.why == "1 access to 1 member on the watch list."
    assert found.member_ids == [stray] and found.actor_id == (world.summit.admin.id if who else None)


def test_members_with_the_users_surname(old_fmo: World, store: Session, compute: Compute) -> None:
    amy, namesake = old_fmo.amy.people[0], make.member(store, old_fmo.summit.fmo, last_name="Q-Agent Amy")
    other = make.member(store, old_fmo.summit.fmo, last_name="Qagentamyson")
    did(store, old_fmo, amy.user, "contact.read", member_ids=[namesake.id, other.id])
    [found] = compute("related")
    assert found.why == "1 access to 1 member with the user’s surname." and found.member_ids == [namesake.id]


def test_members_of_the_users_household(old_fmo: World, store: Session, compute: Compute) -> None:
    amy, fmo = old_fmo.amy.people[0].user, old_fmo.summit.fmo
    home = {"address1": "12 Qroad", "zip": "43004"}
    make.member(store, fmo, first_name=amy.first_name, last_name=amy.last_name, **home)
    lodger = make.member(store, fmo, last_name="Qlodger", address1="12 QROAD", zip="43004-1234")
    mailed = make.member(store, fmo, last_name="Qmailed", email=amy.email)
    far = make.member(store, fmo, last_name="Qfar", address1="12 Qroad", zip="43005")
    did(store, old_fmo, amy, "contact.read", member_ids=[lodger.id, mailed.id, far.id])
    [found] = compute("related")
    assert "2 members with the user’s address, e-mail address or phone" in found.why
    assert set(found.member_ids) == {lodger.id, mailed.id}


@pytest.mark.parametrize(
    ("action", "kind", "says"),
    [
        ("member.reveal", "reveals", "Revealed a Medicare number (twice, of 1 member)."),
        ("mbi.reveal", "reveals", "Revealed a contact's Medicare number (twice, of 1 member)."),
        ("sync.export", "exports", "Downloaded what a sync run did (twice, of 1 member)."),
        ("emergency.ask", "emergency", "Took emergency access to a Business (twice, of 1 member)."),
        ("contact.merge", "merges", "Merged two contacts (twice, of 1 member)."),
        ("held.approve", "moves", "Approved a held change (twice, of 1 member)."),
        ("staff.role", "rights", "Changed the role of one of the FMO’s people (twice, of 1 member)."),
        ("review.rules", "log", "Changed how the access log is reviewed (twice, of 1 member)."),
        ("log_archive.approve", "log", "Approved that an archived month leaves the access log (twice, of 1 member)."),
        (
            "policy.misdelivered",
            "misdelivered",
            "Found that a policy was delivered to the wrong account (twice, of 1 member).",
        ),
        ("identifier.edit", "crosswalk", "Changed a carrier identifier (twice, of 1 member)."),
        ("feed.fail", "exceptions", "Could not load a carrier file (twice, of 1 member)."),
    ],
)
def test_deeds_of_a_day_are_one_finding(
    action: str, kind: str, says: str, old_fmo: World, store: Session, compute: Compute
) -> None:
    admin, member = old_fmo.summit.admin, new_id()
    did(store, old_fmo, admin, action, member_ids=[member])
    did(store, old_fmo, admin, action, member_ids=[member])
    did(store, old_fmo, admin, action, 40, member_ids=[member])
    [found] = compute(kind)
    assert found.why == says and found.entries == 2
    assert found.filters["who"] == str(admin.id) and found.filters["action"] == action


def test_refused_attempts(old_fmo: World, store: Session, compute: Compute) -> None:
    lee = old_fmo.lee.user
    did(store, old_fmo, lee, "refused.record", outcome="refused")
    did(store, old_fmo, lee, "refused.page", outcome="refused")
    [found] = compute("refused")
    assert "sked for a record that is not theirs (once)" in found.why
    assert "sked for a page of another role (once)" in found.why
    assert found.filters["action"] == "refused.page,refused.record"  # the log then shows these two and no other


def test_whatever_failed(old_fmo: World, store: Session, compute: Compute) -> None:
    did(store, old_fmo, old_fmo.summit.admin, "feed.load", outcome="failed")
    [found] = compute("exceptions")
    assert found.why == "Failed: loaded a carrier file (once)."


def test_runs_of_policy_sync_that_failed(old_fmo: World, store: Session, compute: Compute) -> None:
    crm.sync_run(store, old_fmo.amy.business, status="failed", requested_at=noon(60), finished_at=noon(2))
    crm.sync_run(store, old_fmo.amy.business, status="cancelled", requested_at=noon(2), finished_at=noon(2))
    crm.sync_run(store, old_fmo.lou.business, status="failed", requested_at=noon(60), finished_at=noon(2))
    [found] = compute("sync_runs")
    assert found.why == "1 run failed and 1 run cancelled; an account keeps what it had."
    assert found.actor_name == old_fmo.amy.business.name


def test_nothing_of_another_fmo_is_found(old_fmo: World, store: Session, compute: Compute) -> None:
    from tests.portal.compliance.test_access import logged

    other = old_fmo.lakeside
    logged(store, other, at=noon(1), action="member.reveal", actor_id=other.admin.id, actor_name=other.admin.name)
    assert compute() == []
