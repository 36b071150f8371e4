"""A policy that two full sets in a row do not tell is marked; nothing else ever happens to it."""

from __future__ import annotations

from datetime import date
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.book.absence.models import PolicyAbsence
from portal.book.models import Connector, FeedRun, Member, Policy
from portal.book.operations import request_load
from portal.compliance.models import AccessEntry
from portal.connectors.full_sets import FullSet
from portal.core.scope import Role
from portal.crm.models import CrmPolicy
from portal.extensions import db
from portal.identity.models import Fmo
from tests.portal.book.absent import DAYS, Client, Deliver, deliver, full, missing, say, told, work
from tests.portal.book.conftest import hold_nothing
from tests.portal.book.undoing import order, work_off
from tests.support import builders
from tests.support import crm_builders as crm
from tests.support.people import acting

AMY = "1001001"
ALL = range(10)
SECOND = date(2026, 11, 1)
THIRD = date(2026, 12, 1)
SINCE = 'since <time datetime="2026-11-01">1 Nov 2026</time>'


@pytest.fixture
def send(app: Flask, store: Session, fmo: Fmo) -> Deliver:
    """`send(body, name)` loads a file of that name."""
    return partial(deliver, app, store, fmo)


def test_absent_twice_in_a_row_is_marked_and_told_again_is_not(send: Deliver, store: Session) -> None:
    """Since the day of the first set without it; an unchanged row is enough for the mark to go."""
    assert send(told(ALL), full(DAYS[0])).missing == 0
    assert send(told(range(8)), full(DAYS[1])).missing == 0
    assert missing(store) == {}
    run = send(told(range(8)), full(DAYS[2]))
    assert run.missing == 2 and missing(store) == {8: SECOND, 9: SECOND}
    assert send(told(range(8)), full(DAYS[3])).missing == 0
    assert missing(store) == {8: SECOND, 9: SECOND}
    back = send(told(range(9)), full(DAYS[4]))
    assert (back.missing, back.changed, back.unchanged) == (0, 0, 9)
    assert missing(store) == {9: SECOND}
    ended = store.scalars(select(PolicyAbsence).where(PolicyAbsence.until.is_not(None))).one()
    assert (ended.missing_from, ended.ended_by, ended.run_id) == (SECOND, "told", run.id)
    entries = store.scalars(
        select(AccessEntry.detail).where(AccessEntry.action == "policy.absence").order_by(AccessEntry.at)
    )
    assert list(entries) == [{"marked": 2, "unmarked": 0}, {"marked": 0, "unmarked": 1}]


def test_absent_not_in_a_row_is_not_marked(send: Deliver, store: Session) -> None:
    for day, people in zip(DAYS, (ALL, range(8), ALL, range(8), ALL), strict=False):
        send(told(people), full(day))
        assert missing(store) == {}


def test_only_complete_sets_count(send: Deliver, store: Session, app: Flask, fmo: Fmo) -> None:
    """Two files a day: a day with one of them is no set, whatever it leaves out, and tells what it tells."""
    send(told(ALL), "start_20260901.csv")
    admin = builders.user(store, fmo)
    say(app, admin, "Aetna book of business", FullSet(("Active", "Inactive"), 2))
    send(told(range(5)), "a_Active_20261001.csv")
    send(told(range(5, 10)), "a_Inactive_20261001.csv")
    for day in DAYS[1:4]:
        send(told(range(4)), f"a_Active_{day}.csv")
    assert missing(store) == {}
    send(told(range(5, 9)), f"a_Inactive_{DAYS[1]}.csv")
    assert missing(store) == {}, "one set without 4 and 9"
    send(told(range(5, 9)), f"a_Inactive_{DAYS[2]}.csv")
    assert missing(store) == {4: SECOND, 9: SECOND}


def test_a_late_set_marks_nothing(send: Deliver, store: Session) -> None:
    send(told(ALL), full(DAYS[0]))
    send(told(range(9)), full(DAYS[3]))
    run = send(told(range(9)), full(DAYS[1]))
    assert run.status == "succeeded" and missing(store) == {}
    send(told(range(9)), full(DAYS[4]))
    assert missing(store) == {9: date(2027, 1, 1)}


def test_a_late_file_that_tells_it_does_not_take_away_a_newer_mark(send: Deliver, store: Session) -> None:
    """What was so before the first set without it says nothing about now."""
    for day, people in zip(DAYS[1:], (ALL, range(9), range(9)), strict=False):
        send(told(people), full(day))
    assert missing(store) == {9: THIRD}
    send(told(ALL), full(DAYS[0]))
    assert missing(store) == {9: THIRD}
    send(told(ALL), full("20261215"))
    assert missing(store) == {}, "it was told after the first set without it"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, True),
        ({"Member Status": "T", "Term Date": "10/31/2026"}, False),
        ({"Member Status": "T", "Term Date": "12/31/2027"}, True),
        ({"Member Status": "A", "Term Date": "10/31/2026"}, False),
    ],
)
def test_what_has_ended_is_not_missing(send: Deliver, store: Session, row: dict[str, str], expected: bool) -> None:
    """Carriers drop it; before its last day it is missing like any other."""
    send(told([1, 2]) + told([9], **row).split(b"\n", 1)[1], full(DAYS[0]))
    for day in DAYS[1:3]:
        send(told([1, 2]), full(day))
    assert (missing(store) == {9: SECOND}) is expected


def test_a_carrier_that_keeps_listing_ended_ones_is_taken_at_its_word(
    send: Deliver, store: Session, app: Flask, fmo: Fmo
) -> None:
    ended = {"Member Status": "T", "Term Date": "10/31/2026"}
    send(told([1, 2]) + told([9], **ended).split(b"\n", 1)[1], full(DAYS[0]))
    say(app, builders.user(store, fmo), "Aetna book of business", FullSet((), 1, keeps_ended=True))
    for day in DAYS[1:3]:
        send(told([1, 2]), full(day))
    assert missing(store) == {9: SECOND}


def test_a_mark_goes_when_the_policy_has_ended(send: Deliver, store: Session) -> None:
    send(
        told([1, 2]) + told([9], **{"Term Date": "12/31/2026", "Member Status": "T"}).split(b"\n", 1)[1], full(DAYS[0])
    )
    for day in DAYS[1:3]:
        send(told([1, 2]), full(day))
    assert missing(store) == {9: SECOND}
    send(told([1, 2]), full(DAYS[3]))
    assert missing(store) == {}
    assert store.scalars(select(PolicyAbsence.ended_by)).one() == "over"


def test_what_another_connector_told_later_is_not_missing(send: Deliver, store: Session, app: Flask, fmo: Fmo) -> None:
    """And what only the other one ever told is none of this one's business."""
    hold_nothing(store, fmo)
    send(told(range(8)), full(DAYS[0]))
    other = Connector(fmo_id=fmo.id, name="Elm agency", carrier="aetna", layout="aetna", confirmed_kinds=[])
    builders.add(store, other)
    say(app, builders.user(store, fmo), "Elm agency", None)
    _through(told([7, 20]), f"elm_{DAYS[2]}.csv", "Elm agency", app, store, fmo)
    for day in DAYS[1:4]:
        send(told(range(6)), full(day))
    assert missing(store) == {6: SECOND}, "7 went over to Elm, 20 was Elm's from the first"


def _through(body: bytes, name: str, connector: str, app: Flask, store: Session, fmo: Fmo) -> None:
    with acting(app, Role.SYSTEM, fmo):
        run_id = request_load(body=body, file_name=name, connector=connector, dry_run=False, by="Test").id
    assert work(app, store, fmo, run_id).status == "succeeded"


def test_a_check_says_how_many_and_marks_nothing(send: Deliver, store: Session) -> None:
    send(told(ALL), full(DAYS[0]))
    send(told(range(8)), full(DAYS[1]))
    run = send(told(range(8)), full(DAYS[2]), dry_run=True)
    assert run.missing == 2 and missing(store) == {}
    assert store.scalar(select(func.count()).select_from(PolicyAbsence)) == 0
    assert send(told(range(8)), full(DAYS[2])).missing == 2, "the check is no set"


def test_absence_takes_no_copy_away_and_changes_no_status(send: Deliver, store: Session, fmo: Fmo) -> None:
    """With a real account above the book: the copy, the status, the number by which sync follows, all as before."""
    send(told(ALL), full(DAYS[0]))
    business = builders.business(store, builders.agent(store, fmo, AMY))
    for policy in store.scalars(select(Policy)).all():
        crm.synced(store, business, policy, store.get_one(Member, (fmo.id, policy.member_id)))

    def seen() -> list[tuple[object, ...]]:
        store.rollback()
        store.expire_all()
        copies = store.scalars(select(CrmPolicy).order_by(CrmPolicy.policy_id)).all()
        policies = store.scalars(select(Policy).order_by(Policy.id)).all()
        kept = [(one.policy_id, one.released_at, one.status, one.updated_at) for one in copies]
        return [*kept, *((one.id, one.status, one.batch, one.writing_npn, one.updated_at) for one in policies)]

    before = seen()
    for day in DAYS[1:4]:
        run = send(told(range(8)), full(day))
        assert not run.released
    assert missing(store) == {8: SECOND, 9: SECOND} and seen() == before
    send(told(ALL), full(DAYS[4]))
    assert missing(store) == {} and seen() == before


def test_a_changed_declaration_counts_anew(send: Deliver, store: Session, app: Flask, fmo: Fmo) -> None:
    admin = builders.user(store, fmo)
    for day, people in zip(DAYS, (ALL, range(8), range(8)), strict=False):
        send(told(people), full(day))
    assert len(missing(store)) == 2
    assert say(app, admin, "Aetna book of business", FullSet(("MedicareApprovedBOBReport",), 1)) == 0, (
        "the same in words"
    )
    assert len(missing(store)) == 2
    assert say(app, admin, "Aetna book of business", None) == 2
    assert missing(store) == {}
    send(told(range(8)), full(DAYS[3]))
    assert missing(store) == {}
    say(app, admin, "Aetna book of business", FullSet())
    send(told(range(8)), full(DAYS[4]))
    assert missing(store) == {}, "one set since then"
    send(told(range(8)), full(DAYS[5]))
    assert missing(store) == {8: date(2027, 2, 1), 9: date(2027, 2, 1)}
    entry = store.scalars(
        select(AccessEntry).where(AccessEntry.action == "connector.full_set").order_by(AccessEntry.at)
    ).all()
    assert entry[1].detail == {"is_full": False, "files": 0, "number": 1, "keeps_ended": False, "unmarked": 2}
    assert entry[1].actor_id == admin.id


def test_an_undone_run_is_no_set_and_its_marks_are_taken_back(
    send: Deliver, store: Session, app: Flask, fmo: Fmo
) -> None:
    """And the mark that it took away stands again."""
    send(told(ALL), full(DAYS[0]))
    send(told(range(8)), full(DAYS[1]))
    second = send(told(range(8)), full(DAYS[2]))
    assert len(missing(store)) == 2
    work_off(app, fmo, order(app, fmo, second))
    assert missing(store) == {}
    send(told(range(8)), full("20261202"))
    assert missing(store) == {8: SECOND, 9: SECOND}
    back = send(told(ALL), full(DAYS[3]))
    assert missing(store) == {}
    work_off(app, fmo, order(app, fmo, back))
    assert missing(store) == {8: SECOND, 9: SECOND}
    reasons = store.scalars(select(PolicyAbsence.ended_by).order_by(PolicyAbsence.since, PolicyAbsence.id)).all()
    assert reasons == ["undone", "undone", "told", "told", None, None]


def test_what_a_run_brought_can_be_taken_back_though_it_was_missing(
    send: Deliver, store: Session, app: Flask, fmo: Fmo
) -> None:
    """The times in which a policy was missing go with it."""
    send(told(range(8)), full(DAYS[0]))
    late = send(told(ALL), full("20260901"))
    for day in DAYS[1:3]:
        work_off(app, fmo, order(app, fmo, send(told(range(8)), full(day))))
    work_off(app, fmo, order(app, fmo, late))
    assert store.scalar(select(func.count()).select_from(Policy)) == 8
    assert store.scalar(select(func.count()).select_from(PolicyAbsence)) == 0


def test_rows_put_right_by_hand_are_no_file_of_a_set(send: Deliver, store: Session, app: Flask, fmo: Fmo) -> None:
    """They tell their policies as of their file's day, and are neither compared nor compared with."""
    send(told(range(60)), full(DAYS[0]))
    first = send(told(range(59)), full(DAYS[1]))
    with acting(app, Role.FMO_ADMIN, fmo):
        mine = db.session.scalars(select(FeedRun).where(FeedRun.id == first.id)).one()
        run_id = request_load(
            body=told([59]), file_name=f"fixed_{mine.file_name}", connector=None, dry_run=False, by="Test", fixes=mine
        ).id
    assert work(app, store, fmo, run_id).status == "succeeded"
    assert send(told(range(10)), full(DAYS[2])).status == "held"
    send(told(range(59)), full(DAYS[3]))
    assert missing(store) == {}, "59 was told as of November, one set ago"
    send(told(range(59)), full(DAYS[4]))
    assert missing(store) == {59: date(2027, 1, 1)}


def test_the_pages_say_so(send: Deliver, store: Session, fmo: Fmo, client_for: Client) -> None:
    """The list and its filters, the policy, the run, its file, the start page; and nothing in the log beyond ids."""
    send(told(ALL), full(DAYS[0]))
    send(told(range(8)), full(DAYS[1]))
    run = send(told(range(8)), full(DAYS[2]))
    browser = client_for(builders.user(store, fmo))
    listed = browser.get("/fmo/policies?missing=yes").text
    assert listed.count(SINCE) == 2
    assert SINCE not in browser.get("/fmo/policies?missing=no").text
    assert browser.get(f"/fmo/policies?marked={run.id}").text.count(SINCE) == 2
    assert SINCE not in browser.get("/fmo/policies?marked=nonsense").text
    policy = store.scalars(select(Policy).where(Policy.missing_since.is_not(None)).limit(1)).one()
    page = browser.get(f"/fmo/policies/{policy.id}").text
    assert "Missing from the feed since 1 Nov 2026." in page and "Not listed since" in page
    page = browser.get(f"/fmo/feeds/{run.id}").text
    assert "2 policies are missing from the feed for the second time in a row" in page
    assert f"/fmo/policies?marked={run.id}" in page and f"/fmo/feeds/{run.id}/missing.csv" in page
    lines = browser.get(f"/fmo/feeds/{run.id}/missing.csv").text.splitlines()
    assert len(lines) == 3 and lines[1].endswith("2026-11-01,yes")
    assert "2 policies are missing from the carrier’s feed" in browser.get("/fmo/").text
    entry = store.scalars(select(AccessEntry).where(AccessEntry.action == "absence.export")).one()
    assert len(entry.member_ids) == 2


def test_the_declaration_is_made_on_the_connectors_page(
    send: Deliver, store: Session, fmo: Fmo, client_for: Client
) -> None:
    send(told(ALL), full(DAYS[0]))
    connector = store.scalars(select(Connector)).one()
    browser, place = client_for(builders.user(store, fmo)), f"/fmo/connectors/{connector.id}"
    page = browser.get(place).text
    assert "The file with “MedicareApprovedBOBReport” in its name" in page and "proposed by their layout" in page
    form = {"is_full": "y", "words": "Active\nactive", "number": "1"}
    refused = browser.post(f"{place}/full-set", data=form)
    assert refused.status_code == 422 and "Two of the words are the same" in refused.text
    assert browser.post(f"{place}/full-set", data={**form, "number": "0"}).status_code == 422
    done = browser.post(f"{place}/full-set", data={**form, "words": "Active, Inactive", "number": "4"})
    assert done.location.endswith(place)
    page = browser.get(place).text
    assert "Files with “Active” and “Inactive” in their names, 4 files in all" in page
    assert 'value="4"' in browser.get(f"{place}/full-set").text
    browser.post(f"{place}/full-set", data={"number": "1"})
    assert "what one leaves out means nothing" in browser.get(place).text


def test_what_an_agent_sees_does_not_change(send: Deliver, store: Session, fmo: Fmo, client_for: Client) -> None:
    send(told(ALL), full(DAYS[0]))
    business = builders.business(store, builders.agent(store, fmo, AMY))
    for policy in store.scalars(select(Policy)).all():
        crm.synced(store, business, policy, store.get_one(Member, (fmo.id, policy.member_id)))
    agent = client_for(builders.user(store, fmo, Role.AGENT_ADMIN, business))
    before = agent.get("/crm/policies").text.split("<main")[1]
    for day in DAYS[1:3]:
        send(told(range(8)), full(day))
    after = agent.get("/crm/policies").text.split("<main")[1]
    assert len(missing(store)) == 2 and "Missing" not in after
    assert [line for line in after.splitlines() if "/crm/policies/" in line] == [
        line for line in before.splitlines() if "/crm/policies/" in line
    ]
