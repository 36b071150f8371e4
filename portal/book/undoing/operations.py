"""Ordering that a run is taken back, and doing it: one transaction under the book's lock, whole or not at all."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError

from portal.book import hooks, limits
from portal.book.absence import operations as absence
from portal.book.effect import Effect, effect_of
from portal.book.models import FeedRun, HeldChange
from portal.book.operations import decisions, holding
from portal.book.statements import policies, runs
from portal.book.undoing import queries, statements
from portal.book.undoing.events import ASKED, REFUSED, UNDONE
from portal.book.undoing.models import FeedUndo
from portal.book.undoing.queries import Plan
from portal.core import access, outbox, scope
from portal.core.ids import new_id
from portal.core.scope import Scope
from portal.core.session import open_session
from portal.core.words import counted
from portal.downline.operations import Refused
from portal.extensions import db
from portal.identity.rounds import in_each_fmo

log = logging.getLogger(__name__)
JOB = "undo_feed"
KIND = "undo"
STALE = timedelta(seconds=20)
MAX_ATTEMPTS = 5
_AT_ONCE = 10_000


class NotUndone(Exception):
    """The run is not taken back; the text says why, for a person. Nothing was changed."""


def order(run: FeedRun, *, shown: str, partly: bool, by: Scope) -> FeedUndo:
    """Ask that `run` be taken back as `shown` (a plan's digest); a job does it. Raises `NotUndone`.

    `partly`: whether to take back what can be where something cannot; without it such a run is left whole.
    """
    problem = queries.why_never(run) or _why_not(queries.plan_of(run), shown, partly)
    if problem:
        raise NotUndone(problem)
    made = FeedUndo(fmo_id=run.fmo_id, id=new_id(), run_id=run.id, shown=shown, partly=partly)
    made.asked_by, made.asked_name = by.actor_id, by.actor_name
    try:
        with db.session.begin_nested():
            db.session.add(made)
            db.session.flush()
    except IntegrityError as error:
        raise NotUndone("This run is being undone already. Nothing was done a second time.") from error
    outbox.send_after_commit(JOB, made.id)
    access.record(ASKED, kind="feed", ids=[run.id], partly=partly)
    return made


def _why_not(plan: Plan, shown: str, partly: bool) -> str | None:
    if plan.digest != shown:
        return "Meanwhile the book has changed. Nothing was undone; look at the new numbers and decide again."
    if plan.stuck and not partly:
        left = counted(plan.stuck, "policy", "policies")
        return f"{left} can no longer be taken back. Say that the others shall be, or leave the run as it is."
    if plan.stuck and not plan.free:
        return "Nothing that this run did can still be taken back."
    return None


def undo_feed(order_id: UUID) -> None:
    """Take back the run of an order, under the jobs login, inside the job's transaction. May run twice.

    A run that wrote nothing is taken back too: it then no longer counts as the last of its carrier.
    Ends the order: done, held for a second admin, or refused with a sentence and nothing changed.
    """
    fmo_id = scope.fmo_id()
    with open_session(scope.current()) as session:
        begun = update(FeedUndo).where(FeedUndo.id == order_id, FeedUndo.status == "queued")
        session.execute(begun.values(begun_at=func.now()).execution_options(synchronize_session=False))
    runs.wait_for_book(fmo_id)
    found = db.session.scalar(select(FeedUndo).where(FeedUndo.id == order_id).with_for_update())
    if found is None or found.status != "queued":
        return
    run = db.session.scalars(select(FeedRun).where(FeedRun.id == found.run_id).with_for_update()).one()
    if problem := queries.why_never(run):
        _refuse(found, problem, stuck=0)
        return
    plan = queries.plan_of(run)
    if problem := _why_not(plan, found.shown, found.partly):
        _refuse(found, problem, stuck=plan.stuck)
        return
    known = queries.known_of(run)
    statements.gather(known)
    effect = effect_of(statements.moved(), plan.changed)
    if limits.exceeded(effect) and _approved(found) != effect.digest:
        _hold(found, run, effect)
        return
    statements.take_back(known, policies.next_batch(fmo_id))
    _finish(found, run, plan)


def _finish(found: FeedUndo, run: FeedRun, plan: Plan) -> None:
    lost = list(statements.released())
    parts = (lost[start : start + _AT_ONCE] for start in range(0, len(lost), _AT_ONCE))
    released = sum(hooks.writers_changed(part) for part in parts)
    hooks.changed()
    numbers: dict[str, Any] = {"new": plan.new, "changed": plan.changed, "stuck": plan.stuck, "released": released}
    found.status, found.counts, found.finished_at = "done", numbers, func.clock_timestamp()
    run.status, run.undone_at, run.undone_by = "undone", func.clock_timestamp(), found.asked_name
    db.session.flush()
    absence.review_after(run)
    access.record(UNDONE, kind="feed", ids=[run.id], **numbers)
    log.info("Feed run %s was undone.", run.id)


def _refuse(found: FeedUndo, sentence: str, *, stuck: int) -> None:
    found.status, found.error, found.finished_at = "refused", sentence, func.clock_timestamp()
    db.session.flush()
    access.record(REFUSED, kind="feed", ids=[found.run_id], stuck=stuck)


def _approved(found: FeedUndo) -> str | None:
    mine = (HeldChange.subject_id == found.run_id, HeldChange.kind == KIND, HeldChange.status == "approved")
    return db.session.scalar(
        select(HeldChange.digest).where(*mine, HeldChange.arguments["order"].astext == str(found.id)).limit(1)
    )


def _hold(found: FeedUndo, run: FeedRun, effect: Effect) -> None:
    found.status = "held"
    asked = holding.Asked(KIND, f"Undo {run.file_name}", run.id, {"order": str(found.id)})
    holding.keep_for(asked, effect, by=found.asked_by, name=found.asked_name)


def _go_on(held: HeldChange) -> None:
    found = _held_order(held)
    found.status, found.begun_at, found.attempt = "queued", None, 0
    db.session.flush()
    outbox.send_after_commit(JOB, found.id)


def _drop(held: HeldChange, reason: str, by: Scope) -> None:
    said = "withdrew" if by.actor_id == held.asked_by else "rejected"
    _refuse(_held_order(held), f"{by.actor_name} {said} it: {reason}", stuck=0)


def _held_order(held: HeldChange) -> FeedUndo:
    wanted = UUID(held.arguments["order"])
    found = db.session.scalar(select(FeedUndo).where(FeedUndo.id == wanted).with_for_update())
    if found is None or found.status != "held":
        raise Refused("undo", "This order does not wait any more.")
    return found


decisions.later(KIND, go_on=_go_on, drop=_drop)


def reap() -> int:
    """Send orders of every FMO again that no living worker has; gives their number. For the relay, outside any scope.

    Dead: begun, and nobody holds the FMO's book. After five attempts an order is refused: nobody waits for ever.
    """
    return in_each_fmo(_reap_fmo)


def _reap_fmo() -> int:
    silent = FeedUndo.begun_at < func.now() - STALE
    never = FeedUndo.begun_at.is_(None) & (FeedUndo.asked_at < func.now() - STALE)
    found = db.session.scalars(
        select(FeedUndo)
        .where(FeedUndo.status == "queued", or_(silent, never))
        .order_by(FeedUndo.asked_at, FeedUndo.id)
        .limit(100)
        .with_for_update(skip_locked=True)
    ).all()
    if not found or not runs.nobody_loads(scope.fmo_id()):
        return 0
    return sum(_send_again(one) for one in found)


def _send_again(one: FeedUndo) -> bool:
    if one.begun_at is None and outbox.under_way(JOB, one.id):
        return False
    outbox.forget(JOB, one.id)
    one.attempt, one.begun_at = one.attempt + 1, None
    if one.attempt > MAX_ATTEMPTS:
        _refuse(one, "The worker stopped five times during this. Nothing was changed. Tell the operator.", stuck=0)
    else:
        outbox.send_after_commit(JOB, one.id)
    db.session.flush()
    return True
