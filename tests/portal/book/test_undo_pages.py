"""Undoing a run on its page: what is said before the click, who may click, and what a second admin must decide."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from portal.book.models import FeedRun, HeldChange, Policy
from portal.book.operations import decisions
from portal.book.undoing import operations
from portal.book.undoing.models import FeedUndo
from portal.core import clock
from portal.core.outbox import Outbox
from portal.core.scope import Role
from portal.identity.models import Fmo, User
from tests.portal.book.conftest import Load, hold_nothing
from tests.portal.book.held_files import AMY, first_file, swap
from tests.portal.book.rows import aetna, person
from tests.portal.book.undoing import content, order, work_off
from tests.support import builders
from tests.support.people import acting, scope_of_user

Client = Callable[[User], FlaskClient]


@pytest.fixture
def admin(client_for: Client, store: Session, fmo: Fmo) -> FlaskClient:
    """A browser of the FMO's admin."""
    return client_for(builders.user(store, fmo))


def _undo(store: Session) -> FeedUndo:
    store.rollback()
    store.expire_all()
    return store.scalars(select(FeedUndo).order_by(FeedUndo.asked_at.desc())).first()  # type: ignore[return-value]


def _shown(page: str) -> str:
    return page.split('name="shown"')[1].split('value="')[1].split('"')[0]


def test_from_the_click_to_the_page(app: Flask, admin: FlaskClient, load: Load, store: Session, fmo: Fmo) -> None:
    """Numbers before the click, a moving page, then what was taken back; the button is gone."""
    load(aetna({}))
    run = load(aetna({"City": "Dayton"}, person(3)), day="20261201")
    assert f"/fmo/feeds/{run.id}/undo" in admin.get(f"/fmo/feeds/{run.id}").text
    page = admin.get(f"/fmo/feeds/{run.id}/undo")
    assert "1 policy that came with this run leaves the book; 1 changed policy becomes what it was before." in page.text
    assert "No account has a copy" in page.text
    sent = admin.post(f"/fmo/feeds/{run.id}/undo", data={"shown": _shown(page.text)})
    assert sent.status_code == 303
    assert "Taking the run back" in admin.get(sent.location).text
    assert admin.get(f"/fmo/feeds/{run.id}/progress").status_code == 200
    work_off(app, fmo, _undo(store).id)
    after = admin.get(f"/fmo/feeds/{run.id}").text
    assert "undid this run" in after and "Undo this run" not in after
    assert admin.get(f"/fmo/feeds/{run.id}/progress").status_code == 286
    assert "undone already" in admin.get(f"/fmo/feeds/{run.id}/undo").text
    assert "Undone" in admin.get("/fmo/feeds?state=undone").text


def test_numbers_that_are_no_longer_true_undo_nothing(admin: FlaskClient, load: Load, store: Session) -> None:
    run = load(aetna({}))
    sent = admin.post(f"/fmo/feeds/{run.id}/undo", data={"shown": "9.9.9.9.9.9"})
    assert "Meanwhile the book has changed" in admin.get(sent.location).text
    assert _undo(store) is None


def test_what_cannot_be_undone_is_listed_with_why(
    app: Flask, admin: FlaskClient, load: Load, store: Session, fmo: Fmo
) -> None:
    """The tick is asked for, and without it the run is left whole."""
    run = load(aetna({}, person(3)))
    (first, _) = store.scalars(select(Policy).order_by(Policy.policy_number))
    store.execute(update(Policy).where(Policy.id == first.id).values(revision=99))
    store.commit()
    page = admin.get(f"/fmo/feeds/{run.id}/undo")
    assert "Its writing agent was changed since" in page.text and str(first.policy_number) in page.text
    data = {"shown": _shown(page.text)}
    refused = admin.get(admin.post(f"/fmo/feeds/{run.id}/undo", data=data).location)
    assert "1 policy can no longer be taken back" in refused.text
    admin.post(f"/fmo/feeds/{run.id}/undo", data={**data, "partly": "y"})
    work_off(app, fmo, _undo(store).id)
    assert "1 policy could not be taken back" in admin.get(f"/fmo/feeds/{run.id}").text
    store.expire_all()
    assert store.scalars(select(Policy.id)).all() == [first.id]


@pytest.mark.parametrize("role", [Role.COMPLIANCE, Role.AGENT_ADMIN])
def test_only_an_fmo_admin_may(client_for: Client, load: Load, store: Session, fmo: Fmo, role: Role) -> None:
    run = load(aetna({}))
    business = builders.business(store, builders.agent(store, fmo)) if role.is_agent else None
    other = client_for(builders.user(store, fmo, role, business))
    assert other.get(f"/fmo/feeds/{run.id}/undo").status_code == 404
    assert other.post(f"/fmo/feeds/{run.id}/undo", data={"shown": "x"}).status_code == 404


def test_a_check_has_nothing_to_undo(admin: FlaskClient, load: Load) -> None:
    run = load(aetna({}), dry_run=True)
    assert "nothing to undo" in admin.get(f"/fmo/feeds/{run.id}/undo").text
    assert "Undo this run" not in admin.get(f"/fmo/feeds/{run.id}").text


@pytest.fixture
def large(app: Flask, load: Load, store: Session, fmo: Fmo) -> FeedRun:
    """A run that moved twenty of thirty policies; from now on such moves are held."""
    rules = dict(fmo.rules)
    hold_nothing(store, fmo)
    load(first_file())
    run = load(swap(), day="20261201")
    fmo.rules = rules
    store.commit()
    return run


def test_many_moves_wait_for_a_second_admin(
    app: Flask, client_for: Client, large: FeedRun, store: Session, fmo: Fmo
) -> None:
    """Nothing is undone until then; a yes does it, exactly once."""
    asked = order(app, fmo, large)
    work_off(app, fmo, asked)
    found = _undo(store)
    held = store.scalars(select(HeldChange)).one()
    assert (found.status, held.kind, held.status, held.subject_id) == ("held", "undo", "waiting", large.id)
    assert store.scalar(select(FeedRun.status).where(FeedRun.id == large.id)) == "succeeded"
    second = builders.user(store, fmo)
    page = client_for(second).get(f"/fmo/held/{held.id}").text
    assert "Undo book_20261201.csv" in page and "20 from one agent to another" in page
    assert "waits until a second administrator decides" in client_for(second).get(f"/fmo/feeds/{large.id}").text
    with acting(app, second):
        decisions.approve(held.id, held.digest, by=scope_of_user(second))
    work_off(app, fmo, asked)
    store.expire_all()
    assert _undo(store).status == "done"
    assert {one.writing_npn for one in store.scalars(select(Policy))} == {AMY}


def test_a_no_leaves_the_run_and_says_why(app: Flask, large: FeedRun, store: Session, fmo: Fmo) -> None:
    asked = order(app, fmo, large)
    work_off(app, fmo, asked)
    second = builders.user(store, fmo)
    held = store.scalars(select(HeldChange)).one()
    with acting(app, second):
        decisions.reject(held.id, "The file was right.", by=scope_of_user(second))
    found = _undo(store)
    assert found.status == "refused" and "The file was right." in (found.error or "")
    work_off(app, fmo, asked)
    assert _undo(store).status == "refused"
    order(app, fmo, large)  # may be asked for again


def test_a_worker_that_dies_in_the_middle_leaves_all_of_it(
    app: Flask, load: Load, store: Session, fmo: Fmo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order is sent again, and then it is done."""
    load(aetna({}))
    run = load(aetna({"City": "Dayton"}, person(3)), day="20261201")
    before = content(store, fmo)
    asked = order(app, fmo, run)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(operations, "_finish", die)
        work_off(app, fmo, asked)
    assert content(store, fmo) == before
    store.execute(update(FeedUndo).values(begun_at=clock.now() - timedelta(minutes=1)))
    store.commit()
    with app.app_context():
        assert operations.reap() == 1 and operations.reap() == 0
    sent = store.scalars(select(Outbox).where(Outbox.job == "undo_feed", Outbox.done_at.is_(None))).all()
    assert len(sent) == 1
    work_off(app, fmo, asked)
    assert _undo(store).status == "done" and content(store, fmo) != before


def test_it_waits_for_a_load_that_is_under_way(app: Flask, load: Load, store: Session, fmo: Fmo) -> None:
    """Both take the book's lock first: whoever comes second sees what the first one left."""
    run = load(aetna({}))
    asked = order(app, fmo, run)
    store.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('book:' || CAST(:f AS text), 0))"), {"f": fmo.id})
    store.execute(update(FeedUndo).values(begun_at=clock.now() - timedelta(minutes=1)))
    with app.app_context():
        assert operations.reap() == 0
    store.commit()
    work_off(app, fmo, asked)
    assert _undo(store).status == "done"
