"""Taking a run back gives no policy to an agent whom nothing names any more: crosswalk and hand hold as now."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.book.attributions.models import HandAttribution
from portal.book.attributions.operations import attribute as say
from portal.book.attributions.operations import take_back
from portal.book.models import FeedRun, Policy, PolicyWriter
from portal.book.undoing import queries
from portal.book.undoing.models import FeedUndo
from portal.core import access, scope
from portal.core.scope import Role
from portal.downline import queries as downline
from portal.downline.models import CarrierIdentifier
from portal.extensions import db
from portal.identity.models import Fmo
from tests.portal.book.conftest import Load, attribute, hold_nothing
from tests.portal.book.rows import aetna, mutual, person
from tests.portal.book.undoing import order, work_off
from tests.support import builders
from tests.support.people import acting

Undo = Callable[[FeedRun], FeedUndo]
OLD, NEW = "0118BK05", "0999ZZ99"


@pytest.fixture
def undo(app: Flask, store: Session, fmo: Fmo) -> Undo:
    """`undo(run)` orders it, does it, and gives the order."""

    def undone(run: FeedRun) -> FeedUndo:
        order_id = order(app, fmo, run)
        work_off(app, fmo, order_id)
        store.rollback()
        return store.scalars(select(FeedUndo).where(FeedUndo.id == order_id)).one()

    return undone


@pytest.fixture(autouse=True)
def _freely(store: Session, fmo: Fmo) -> None:
    hold_nothing(store, fmo)


def _line(store: Session, fmo: Fmo, value: str, npn: str) -> CarrierIdentifier:
    named = {"carrier": "mutual_of_omaha", "kind": "writing_number", "value": value, "shown": value}
    return builders.add(store, CarrierIdentifier(fmo_id=fmo.id, npn=npn, **named))


def _anew(app: Flask, store: Session, fmo: Fmo, value: str) -> None:
    store.commit()
    with acting(app, Role.FMO_ADMIN, fmo):
        attribute("mutual_of_omaha", "writing_number", value)
        access.write_entries()
        db.session.commit()


def _whose(store: Session) -> tuple[str | None, str | None, str | None, str]:
    store.rollback()
    store.expire_all()
    policy = store.scalars(select(Policy)).one()
    line = store.scalars(select(PolicyWriter).where(PolicyWriter.until.is_(None))).one()
    return policy.writing_npn, policy.writer_source, line.npn, line.source


def test_a_line_that_ended_since(app: Flask, load: Load, undo: Undo, store: Session, fmo: Fmo) -> None:
    """The crosswalk no longer says whose the old identifier is: nobody's."""
    old = _line(store, fmo, OLD, "1001001")
    _line(store, fmo, NEW, "2002002")
    load(mutual({}))
    second = load(mutual({"Writing Agent Number": NEW}), day="20261201")
    store.delete(old)
    _anew(app, store, fmo, OLD)
    undo(second)
    assert _whose(store) == (None, None, None, "none")


def test_a_line_that_says_another_since(app: Flask, load: Load, undo: Undo, store: Session, fmo: Fmo) -> None:
    """The policy goes to whom the crosswalk names now, and the plan says so before the click."""
    old = _line(store, fmo, OLD, "1001001")
    _line(store, fmo, NEW, "2002002")
    load(mutual({}))
    second = load(mutual({"Writing Agent Number": NEW}), day="20261201")
    old.npn = "2002002"
    _anew(app, store, fmo, OLD)
    with acting(app, Role.FMO_ADMIN, fmo):
        assert queries.plan_of(db.session.scalars(select(FeedRun).where(FeedRun.id == second.id)).one()).moved == 0
    undo(second)
    assert _whose(store) == ("2002002", "crosswalk", "2002002", "crosswalk")


def test_a_line_that_came_since(app: Flask, load: Load, undo: Undo, store: Session, fmo: Fmo) -> None:
    """What was unattributed then is not, where the crosswalk has learned the identifier."""
    load(mutual({}))
    second = load(mutual({"Writing Agent Number": NEW}), day="20261201")
    _line(store, fmo, OLD, "1001001")
    _anew(app, store, fmo, OLD)
    undo(second)
    assert _whose(store) == ("1001001", "crosswalk", "1001001", "crosswalk")


def test_a_word_by_hand_that_was_taken_back_since(app: Flask, load: Load, undo: Undo, store: Session, fmo: Fmo) -> None:
    """It is not said again by an undo."""
    amy = builders.agent(store, fmo, npn="1001001")
    nameless = {"Writing Agent NPN": "", "Writing Agent TIN": ""}
    load(aetna(person(3, **nameless)))
    with acting(app, Role.FMO_ADMIN, fmo):
        producer = downline.by_id(amy.id)
        assert producer is not None
        say(db.session.scalars(select(Policy)).all(), producer, by=scope.current())
        access.write_entries()
        db.session.commit()
    second = load(aetna(person(3, **nameless | {"Writing Agent NPN": "2002002"})), day="20261201")
    with acting(app, Role.FMO_ADMIN, fmo):
        assert take_back(db.session.scalars(select(Policy)).one(), by=scope.current())
        access.write_entries()
        db.session.commit()
    assert not store.scalar(select(func.count()).where(HandAttribution.ended_at.is_(None)))
    undo(second)
    assert _whose(store) == (None, None, None, "none")


def test_a_word_by_hand_that_stands(app: Flask, load: Load, undo: Undo, store: Session, fmo: Fmo) -> None:
    """It holds after the undo as it did before the run."""
    amy = builders.agent(store, fmo, npn="1001001")
    nameless = {"Writing Agent NPN": "", "Writing Agent TIN": ""}
    load(aetna(person(3, **nameless)))
    with acting(app, Role.FMO_ADMIN, fmo):
        producer = downline.by_id(amy.id)
        assert producer is not None
        say(db.session.scalars(select(Policy)).all(), producer, by=scope.current())
        access.write_entries()
        db.session.commit()
    second = load(aetna(person(3, **nameless | {"Writing Agent NPN": "2002002"})), day="20261201")
    undo(second)
    assert _whose(store) == ("1001001", "hand", "1001001", "hand")
