"""Taking a run back: what was, is again, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.book.models import FeedRun, Member, MemberKey, Policy, PolicyWriter
from portal.book.prints.models import FeedPrint
from portal.book.report.models import FeedEffect
from portal.book.undoing import queries
from portal.book.undoing.models import FeedUndo
from portal.book.undoing.operations import NotUndone
from portal.compliance.models import AccessEntry
from portal.core.scope import Role
from portal.downline.models import CarrierIdentifier
from portal.extensions import db
from portal.identity.models import Fmo
from tests.portal.book.conftest import Load, attribute, hold_nothing
from tests.portal.book.rows import aetna, humana, mutual, person
from tests.portal.book.undoing import content, order, work_off
from tests.support.people import acting

Undo = Callable[..., FeedUndo]


@pytest.fixture
def undo(app: Flask, store: Session, fmo: Fmo) -> Undo:
    """`undo(run, partly=False)` orders it, does it, and gives the order."""

    def undone(run: FeedRun, *, partly: bool = False) -> FeedUndo:
        order_id = order(app, fmo, run, partly=partly)
        work_off(app, fmo, order_id)
        store.rollback()
        return store.scalars(select(FeedUndo).where(FeedUndo.id == order_id)).one()

    return undone


def test_what_was_is_again(load: Load, undo: Undo, store: Session, fmo: Fmo, told: list[UUID]) -> None:
    """New ones leave, changed ones are what they were, members and writers too; those above are told."""
    load(aetna({}, person(3), person(5)))
    before = content(store, fmo)
    second = load(
        aetna(
            {"Member Status": "T", "Term Date": "03/31/2026", "City": "Dayton", "Writing Agent NPN": "2002002"},
            person(3, Email="new@mail.example", **{"Member ID": "101000000099"}),
            person(5),
            person(7),
        ),
        day="20261201",
    )
    told.clear()
    done = undo(second)
    assert content(store, fmo) == before
    assert (done.status, done.counts) == ("done", {"new": 2, "changed": 1, "stuck": 0, "released": 3})
    assert len(told) == 3
    run = store.scalars(select(FeedRun).where(FeedRun.id == second.id)).one()
    assert run.status == "undone" and run.undone_at is not None and run.undone_by


def test_the_rooms_above_and_continuous_accounts_see_a_new_number(load: Load, undo: Undo, store: Session) -> None:
    load(aetna({}, person(3)))
    second = load(aetna({"City": "Dayton"}, person(3, **{"Plan Name": "Silver"})), day="20261201")
    assert second.batch is not None
    undo(second)
    assert {one.batch for one in store.scalars(select(Policy))} == {second.batch + 1}


def test_a_member_of_the_run_alone_stays_for_the_log_and_is_known_by_nothing(
    load: Load, undo: Undo, store: Session
) -> None:
    run = load(aetna({}))
    undo(run)
    assert not store.scalars(select(Policy)).all() and not store.scalars(select(PolicyWriter)).all()
    assert len(store.scalars(select(Member)).all()) == 1 and not store.scalars(select(MemberKey)).all()
    (kept,) = store.scalars(select(FeedEffect)).all()
    assert kept.kind == "new" and kept.told["last_name"] == [None, "Abbot"] and kept.undone_at is not None


def test_it_can_be_loaded_again(load: Load, undo: Undo, store: Session, fmo: Fmo) -> None:
    """And a policy is then the one that it was: what an agent removed stays removed."""
    first = load(aetna({}, person(3)))
    before = store.scalars(select(Policy.id).order_by(Policy.identity)).all()
    undo(first)
    again = load(aetna({}, person(3)))
    assert (again.new, again.changed) == (2, 0)
    assert store.scalars(select(Policy.id).order_by(Policy.identity)).all() == before
    undo(again)
    assert not store.scalars(select(Policy)).all()


def test_an_undone_run_is_not_the_last_one(load: Load, undo: Undo, store: Session) -> None:
    """An older file that comes after it is not held back by it."""
    load(aetna({}), day="20261101")
    newest = load(aetna({"City": "Dayton"}), day="20261201")
    undo(newest)
    middle = load(aetna({"City": "Akron"}), day="20261115")
    assert middle.changed == 1


def test_the_history_says_what_stood_there_meanwhile(load: Load, undo: Undo, store: Session) -> None:
    load(aetna({}))
    undo(load(aetna({"Writing Agent NPN": "2002002"}), day="20261201"))
    rows = store.scalars(select(PolicyWriter).order_by(PolicyWriter.since, PolicyWriter.id)).all()
    assert [(one.npn, one.until is None) for one in rows] == [("1001001", False), ("2002002", False), ("1001001", True)]
    assert rows[0].run_id == rows[2].run_id != rows[1].run_id


def test_a_later_file_of_the_carrier_must_go_first(app: Flask, load: Load, undo: Undo, fmo: Fmo) -> None:
    """It told the same policies again, with or without a change; one that wrote nothing can be taken back as well."""
    first = load(aetna({}))
    second = load(aetna({}), day="20261201")
    with pytest.raises(NotUndone, match="Undo that run first"):
        undo(first)
    assert undo(second).counts == {"new": 0, "changed": 0, "stuck": 0, "released": 0}
    assert undo(first).counts["new"] == 1
    with pytest.raises(NotUndone, match="undone already"):
        undo(first)


def _crosswalk(app: Flask, store: Session, fmo: Fmo) -> CarrierIdentifier:
    line = {"carrier": "mutual_of_omaha", "kind": "writing_number", "value": "0118BK05", "shown": "0118BK05"}
    row = CarrierIdentifier(fmo_id=fmo.id, npn="1001001", **line)
    store.add(row)
    store.commit()
    return row


def test_what_somebody_changed_since_stays_and_the_rest_only_if_asked(
    app: Flask, load: Load, undo: Undo, store: Session, fmo: Fmo
) -> None:
    """Refused whole; with the admin's word the others are taken back."""
    hold_nothing(store, fmo)
    line = _crosswalk(app, store, fmo)
    run = load(mutual({}, {"Policy Number": "560002-40M", "Writing Agent Number": "0999ZZ99"}))
    line.npn = "2002002"
    store.commit()
    with acting(app, Role.FMO_ADMIN, fmo):
        assert attribute("mutual_of_omaha", "writing_number", "0118BK05") == 1
    with pytest.raises(NotUndone, match="1 policy can no longer be taken back"):
        undo(run)
    done = undo(run, partly=True)
    assert done.counts == {"new": 1, "changed": 0, "stuck": 1, "released": 0}
    assert [one.policy_number for one in store.scalars(select(Policy))] == ["560001-40M"]


def test_what_another_carrier_tells_of_the_member_stays(load: Load, undo: Undo, store: Session) -> None:
    """The same person by Medicare number, newer values from elsewhere: the policy stays, and says why."""
    run = load(aetna({}))
    load(humana({"Medicare No": "1EG4TE5MK73", "Email": "later@mail.example"}), day="20261201")
    with pytest.raises(NotUndone):
        undo(run)
    assert store.scalars(select(Member)).one().email == "later@mail.example"


def test_two_clicks_are_one(app: Flask, load: Load, store: Session, fmo: Fmo) -> None:
    run = load(aetna({}))
    first = order(app, fmo, run)
    with pytest.raises(NotUndone, match="already"):
        order(app, fmo, run)
    for _ in range(2):
        work_off(app, fmo, first)
    entries = store.scalars(select(AccessEntry).where(AccessEntry.action == "feed.undo")).all()
    assert len(entries) == 1


def test_a_book_that_changed_after_the_look_is_left(app: Flask, load: Load, store: Session, fmo: Fmo) -> None:
    """A load that came between: the order says so, and nothing is undone."""
    run = load(aetna({}))
    waiting = order(app, fmo, run)
    load(aetna({"City": "Dayton"}), day="20261201")
    work_off(app, fmo, waiting)
    store.rollback()
    found = store.scalars(select(FeedUndo)).one()
    assert found.status == "refused" and "Undo that run first" in (found.error or "")
    assert len(store.scalars(select(Policy)).all()) == 1


def test_a_later_file_of_other_policies_is_not_in_the_way(load: Load, undo: Undo, store: Session, fmo: Fmo) -> None:
    """Neither what it brought nor what it told as it was; and the next file is read as if the first never came."""
    load(aetna(person(1)))
    load(aetna(person(3), person(5, **{"Plan Name": "Silver"})), day="20261201")
    first = store.scalars(select(FeedRun).order_by(FeedRun.finished_at.desc())).first()
    assert first is not None
    load(aetna(person(1), person(7)), day="20261202")
    before = {one.identity for one in store.scalars(select(Policy))}
    assert undo(first).counts == {"new": 2, "changed": 0, "stuck": 0, "released": 0}
    left = {one.identity for one in store.scalars(select(Policy))}
    assert len(before) == 4 and len(left) == 2 and left < before
    again = load(aetna(person(1), person(3), person(7)), day="20261203")
    assert (again.new, again.changed, again.unchanged) == (1, 0, 2)


def test_what_a_later_file_told_again_stays_and_says_so(load: Load, undo: Undo, store: Session, fmo: Fmo) -> None:
    """Told as it was, so that nothing was written; the rest goes where that is asked for."""
    first = load(aetna(person(3), person(5)))
    load(aetna(person(5), person(7)), day="20261201")
    with pytest.raises(NotUndone, match="1 policy can no longer be taken back"):
        undo(first)
    assert undo(first, partly=True).counts == {"new": 1, "changed": 0, "stuck": 1, "released": 0}
    assert len(store.scalars(select(Policy)).all()) == 2


def test_a_member_whom_a_later_file_told_again_stays(load: Load, undo: Undo, store: Session) -> None:
    """Another policy of the same person: what the run said of the person has been said again since."""
    load(aetna(person(3)))
    first = load(
        aetna(*(person(3, Email="new@mail.example") | {"Coverage Effective Date": f"0{n}/01/2026"} for n in (1, 2))),
        day="20261201",
    )
    assert (first.new, first.changed) == (1, 1)
    load(aetna(person(3, Email="new@mail.example")), day="20261202")
    with pytest.raises(NotUndone, match="Undo that run first"):
        undo(first)
    assert store.scalars(select(Member)).one().email == "new@mail.example"


def test_a_later_file_without_prints_may_have_told_everything(load: Load, undo: Undo, store: Session) -> None:
    first = load(aetna(person(3)))
    load(aetna(person(5)), day="20261201")
    store.execute(delete(FeedPrint))
    store.commit()
    with pytest.raises(NotUndone, match="Undo that run first"):
        undo(first)


def test_files_that_came_since_the_look_are_counted(app: Flask, load: Load, store: Session, fmo: Fmo) -> None:
    """Even where the numbers are the same: other policies may be behind them."""
    run = load(aetna(person(3), person(5)))
    later = load(aetna(person(3)), day="20261201")
    with acting(app, Role.FMO_ADMIN, fmo):
        shown = queries.plan_of(db.session.get_one(FeedRun, (fmo.id, run.id))).digest
    work_off(app, fmo, order(app, fmo, later))
    load(aetna(person(5)), day="20261202")
    with pytest.raises(NotUndone, match="Meanwhile the book has changed"):
        order(app, fmo, run, partly=True, shown=shown)
