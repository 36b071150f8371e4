"""A file that moves many policies between agents waits for a second admin; until then nothing of it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.book.models import FeedFile, FeedProblem, FeedRun, HeldChange, Member, Policy
from portal.book.operations import AlreadyLoading, NotDecided, approve, reject, request_load, run_feed
from portal.compliance.models import AccessEntry
from portal.core import scope
from portal.core.outbox import Outbox
from portal.crm.models import CrmPolicy
from portal.extensions import db
from portal.identity.models import Fmo, User
from tests.portal.book.conftest import Load, jobs_scope
from tests.portal.book.held_files import AMY, MANY, NORA, SWAPPED, first_file, swap
from tests.portal.book.rows import aetna, person
from tests.support import builders
from tests.support import crm_builders as crm
from tests.support.people import acting, scope_of_user

HandIn = Callable[..., FeedRun]
LATER, LAST = "20261201", "20261215"


@pytest.fixture
def asker(store: Session, fmo: Fmo) -> User:
    """The admin who hands files in."""
    return builders.user(store, fmo, first_name="Ada")


@pytest.fixture
def second(store: Session, fmo: Fmo) -> User:
    """Another admin."""
    return builders.user(store, fmo, first_name="Ben")


@pytest.fixture
def hand_in(app: Flask, store: Session, asker: User) -> HandIn:
    """`hand_in(body, day)`: the asker hands a file in, the worker runs it."""

    def done(body: bytes, day: str = LATER, dry_run: bool = False) -> FeedRun:
        with acting(app, asker):
            run = request_load(body=body, file_name=f"book_{day}.csv", connector=None, dry_run=dry_run, by=asker.name)
        return work(app, store, run.id, asker)

    return done


def work(app: Flask, store: Session, run_id: UUID, of: User) -> FeedRun:
    """What the worker does with a queued run."""
    with app.app_context(), scope.acting(jobs_scope_of(of)):
        run_feed(run_id)
        db.session.remove()
    store.rollback()
    store.expire_all()
    return store.scalars(select(FeedRun).where(FeedRun.id == run_id)).one()


def jobs_scope_of(user: User) -> scope.Scope:
    return jobs_scope(Fmo(id=user.fmo_id))


def npns(store: Session) -> Counter[str | None]:
    store.rollback()
    store.expire_all()
    return Counter(store.scalars(select(Policy.writing_npn)))


def waiting(store: Session) -> HeldChange:
    store.rollback()
    return store.scalars(select(HeldChange).where(HeldChange.status == "waiting")).one()


def test_nothing_moves_until_a_second_admin_says_yes(
    app: Flask, load: Load, store: Session, hand_in: HandIn, asker: User, second: User, told: list[UUID]
) -> None:
    """Held: the book, its copies and the connector as they were; approved: exactly what was shown."""
    load(first_file())
    run = hand_in(swap())
    assert (run.status, run.changed, run.released, run.finished_at) == ("held", SWAPPED, None, None)
    assert run.error and f"{SWAPPED} policies would get another writing agent" in run.error
    assert npns(store) == {AMY: MANY} and told == []
    assert store.scalar(select(func.count()).select_from(FeedFile).where(FeedFile.run_id == run.id)) == 1
    assert store.scalar(select(func.count()).select_from(FeedProblem)) == 0
    held = waiting(store)
    assert (held.kind, held.subject_id, held.asked_by, held.asked_name) == (
        "file",
        run.id,
        run.requester_id,
        asker.name,
    )
    assert held.effect == {"base": MANY, "pairs": [[AMY, NORA, SWAPPED]]}

    assert work(app, store, run.id, second).status == "held", "a job that comes twice does not let it through"
    with acting(app, second) as by:
        approve(held.id, held.digest, by=by)
    store.rollback()
    sent = store.scalars(select(Outbox.args).where(Outbox.job == "load_feed").order_by(Outbox.id)).all()
    assert sent[-1][1] == str(run.id)
    run = work(app, store, run.id, second)
    assert (run.status, run.changed, run.released, run.error) == ("succeeded", SWAPPED, SWAPPED, None)
    assert npns(store) == {AMY: MANY - SWAPPED, NORA: SWAPPED} and len(told) == SWAPPED
    actions = store.scalars(select(AccessEntry.action).order_by(AccessEntry.at, AccessEntry.id)).all()
    assert [one for one in actions if one.startswith("held")] == ["held.keep", "held.approve"]
    entry = store.scalars(select(AccessEntry).where(AccessEntry.action == "held.approve")).one()
    assert entry.detail == {"change": "file", "policies": SWAPPED, "between": SWAPPED, "lost": 0, "given": 0}
    assert entry.subject_ids == [held.id]


def test_no_copy_leaves_an_account_before_the_yes(
    app: Flask, load: Load, store: Session, fmo: Fmo, hand_in: HandIn, second: User
) -> None:
    """With the real accounts above the book: their copies stay, and go with the approved run."""
    load(first_file())
    business = builders.business(store, builders.agent(store, fmo, AMY))
    for policy in store.scalars(select(Policy)).all():
        crm.synced(store, business, policy, store.get_one(Member, (fmo.id, policy.member_id)))

    def kept() -> int:
        store.rollback()
        return store.scalar(select(func.count()).select_from(CrmPolicy).where(CrmPolicy.released_at.is_(None))) or 0

    run = hand_in(swap())
    assert (run.status, kept()) == ("held", MANY)
    held = waiting(store)
    with acting(app, second) as by:
        approve(held.id, held.digest, by=by)
    assert kept() == MANY
    assert work(app, store, run.id, second).released == SWAPPED
    assert kept() == MANY - SWAPPED


def test_a_rejected_file_has_failed_with_the_reason(
    app: Flask, load: Load, store: Session, hand_in: HandIn, second: User
) -> None:
    load(first_file())
    run = hand_in(swap())
    with acting(app, second) as by:
        reject(waiting(store).id, "The carrier sent the wrong column.", by=by)
    store.rollback()
    store.expire_all()
    assert (run.status, run.finished_at is not None) == ("failed", True)
    assert run.error == (
        f"{second.name} rejected this file: The carrier sent the wrong column. Nothing in the book was changed."
    )
    assert npns(store) == {AMY: MANY}
    assert work(app, store, run.id, second).status == "failed"
    with acting(app, second) as by, pytest.raises(NotDecided, match="decided already"):
        approve(run_held(store, run).id, run_held(store, run).digest, by=by)
    assert hand_in(swap()).status == "held", "handed in again it is weighed again"


def run_held(store: Session, run: FeedRun) -> HeldChange:
    return store.scalars(select(HeldChange).where(HeldChange.subject_id == run.id)).one()


def test_who_asked_may_not_decide(app: Flask, load: Load, store: Session, hand_in: HandIn, asker: User) -> None:
    load(first_file())
    run = hand_in(swap())
    held = waiting(store)
    with acting(app, asker) as by, pytest.raises(NotDecided, match="Another administrator must decide"):
        approve(held.id, held.digest, by=by)
    store.rollback()
    assert (waiting(store).id, run.status) == (held.id, "held")


def test_who_asked_may_withdraw(app: Flask, load: Load, store: Session, hand_in: HandIn, asker: User) -> None:
    load(first_file())
    run = hand_in(swap())
    held = waiting(store)
    with acting(app, asker) as by:
        reject(held.id, "The wrong file.", by=by)
    store.rollback()
    run = store.get_one(FeedRun, (run.fmo_id, run.id), populate_existing=True)
    assert run.status == "failed" and "withdrew this file: The wrong file." in str(run.error)
    assert npns(store) == {AMY: MANY}


def test_an_approval_is_for_the_moves_that_were_shown(
    app: Flask, load: Load, store: Session, hand_in: HandIn, second: User, asker: User
) -> None:
    """Another file came between the question and the answer: the moves are others, and wait anew."""
    load(first_file())
    run = hand_in(swap(), day=LAST)
    held = waiting(store)
    load(swap(5), day=LATER)
    assert npns(store) == {AMY: MANY - 5, NORA: 5}
    with acting(app, second) as by:
        approve(held.id, held.digest, by=by)
    run = work(app, store, run.id, second)
    assert run.status == "held" and npns(store) == {AMY: MANY - 5, NORA: 5}
    anew = waiting(store)
    store.refresh(held)
    assert (held.status, anew.id != held.id, anew.asked_by) == ("stale", True, asker.id)
    assert anew.effect["pairs"] == [[AMY, NORA, SWAPPED - 5]]
    with acting(app, second) as by:
        approve(anew.id, anew.digest, by=by)
    assert work(app, store, run.id, second).status == "succeeded"
    assert npns(store) == {AMY: MANY - SWAPPED, NORA: SWAPPED}


def test_an_approval_of_numbers_that_nobody_saw_is_none(
    app: Flask, load: Load, store: Session, hand_in: HandIn, second: User
) -> None:
    load(first_file())
    hand_in(swap())
    held = waiting(store)
    with acting(app, second) as by, pytest.raises(NotDecided, match="numbers have changed"):
        approve(held.id, "what another page showed", by=by)
    assert waiting(store).id == held.id


def test_what_one_admin_may_do_alone(load: Load, store: Session, fmo: Fmo, hand_in: HandIn) -> None:
    """New policies never count; a few of a small book pass; the FMO's own limits decide."""
    assert load(first_file()).status == "succeeded"
    assert hand_in(swap(9), day="20261202").status == "succeeded"
    assert hand_in(swap(0), day="20261203").status == "succeeded"
    fmo.rules = {"held_share": 100}
    store.commit()
    assert hand_in(swap(15), day="20261204").status == "succeeded"
    fmo.rules = {"held_share": 0, "held_number": 14}
    store.commit()
    assert hand_in(swap(0), day="20261205").status == "held"
    fmo.rules = {"held_share": 0, "held_number": 0}
    store.commit()
    assert hand_in(swap(1), day="20261206").status == "succeeded"


def test_policies_that_lose_their_agent_count_and_those_that_get_one_too(
    load: Load, store: Session, hand_in: HandIn
) -> None:
    load(first_file())
    hand_in(swap(12, to=""))
    assert waiting(store).effect["pairs"] == [[AMY, None, 12]]
    nobody = aetna(*(person(n, **{"Writing Agent NPN": ""}) for n in range(40, 60)))
    assert hand_in(nobody, day="20261104").status == "succeeded", "new policies, nobody's"
    somebodys = aetna(*(person(n, **{"Writing Agent NPN": NORA}) for n in range(40, 60)))
    run = hand_in(somebodys, day="20261220")
    assert run_held(store, run).effect == {"base": 20, "pairs": [[None, NORA, 20]]}


def test_a_check_says_that_the_file_would_be_held(load: Load, store: Session, hand_in: HandIn) -> None:
    load(first_file())
    run = hand_in(swap(), dry_run=True)
    assert run.status == "succeeded" and any("would be held" in note for note in run.notes)
    assert store.scalar(select(func.count()).select_from(HeldChange)) == 0


def test_the_same_file_waits_once(app: Flask, load: Load, hand_in: HandIn, asker: User) -> None:
    load(first_file())
    run = hand_in(swap())
    with acting(app, asker), pytest.raises(AlreadyLoading, match="waits for a second administrator") as refused:
        request_load(body=swap(), file_name="again.csv", connector=None, dry_run=False, by="Ada")
    assert refused.value.run is not None and refused.value.run.id == run.id


def test_a_file_of_the_operator_needs_one_admin(app: Flask, load: Load, store: Session, second: User) -> None:
    """Whoever loads at the shell is no admin: one admin's yes is the second."""
    load(first_file())
    run = load(swap(), day=LATER)
    held = waiting(store)
    assert held.asked_by is None
    with acting(app, second) as by:
        approve(held.id, held.digest, by=by)
    assert work(app, store, run.id, second).status == "succeeded"
    assert scope_of_user(second).actor_id == store.get_one(HeldChange, (held.fmo_id, held.id)).decided_by
