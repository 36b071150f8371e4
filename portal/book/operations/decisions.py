"""Approving and rejecting held changes: by another admin than who asked, once, and exactly what was shown.

Only a file that looks cut off may be decided by whoever handed it in: nobody gains or loses a policy by it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from portal.book.attributions import operations as attributions
from portal.book.events import HELD_APPROVED, HELD_REJECTED, HELD_STALE
from portal.book.models import OF_FILES, Connector, FeedRun, HeldChange
from portal.book.operations.attribution import confirm_kind
from portal.book.operations.holding import log_held
from portal.book.statements import runs
from portal.core import outbox, scope
from portal.core.scope import Scope
from portal.downline import operations as downline
from portal.downline.hooks import Held
from portal.downline.operations import Refused
from portal.extensions import db
from portal.identity import rules


class NotDecided(Exception):
    """The decision was not taken; the text says why, for a person.

    The transaction is good and must be committed: it keeps what was learned on the way.
    """


class _Later(NamedTuple):
    """What becomes of a change that a job makes: once it is approved, and where it never will be."""

    go_on: Callable[[HeldChange], None]
    drop: Callable[[HeldChange, str, Scope], None]


_later: dict[str, _Later] = {}


def later(kind: str, *, go_on: Callable[[HeldChange], None], drop: Callable[[HeldChange, str, Scope], None]) -> None:
    """Say what a decision means for a kind of change that a job makes."""
    _later[kind] = _Later(go_on, drop)


def approve(held_id: UUID, shown: str, *, by: Scope) -> HeldChange:
    """Say yes to a held change and make it: a file is sent again, anything else is done here and now.

    `shown` is the digest of the effect that the admin looked at. Raises `NotDecided` where it was decided already,
    where `by` asked for it, where it can no longer be made (it is then stale), and where it would by now move other
    policies than were shown (it then waits with the new numbers).
    """
    held = _waiting(held_id)
    if by.actor_id is None or (held.kind != "shrunk_file" and by.actor_id == held.asked_by):
        raise NotDecided("Another administrator must decide: you asked for this change. Nothing was changed.")
    if held.digest != shown:
        raise NotDecided("The numbers have changed since you looked. Nothing was changed; look at them and decide.")
    try:
        _carry_on(held, by)
    except Held as again:
        raise NotDecided(
            "Meanwhile the book has changed: this would now move other policies than were shown. Nothing was changed;"
            " look at the new numbers and decide again."
        ) from again
    except Refused as refused:
        held.status, held.reason, held.decided_at = "stale", str(refused), func.now()
        db.session.flush()
        log_held(HELD_STALE, held)
        raise NotDecided(f"This can no longer be done. {refused} Nothing was changed.") from refused
    _decide(held, "approved", by)
    log_held(HELD_APPROVED, held)
    return held


def reject(held_id: UUID, reason: str, *, by: Scope) -> HeldChange:
    """Say no: the change is never made, and a file's run has failed with the reason. Raises `NotDecided`.

    Whoever asked may withdraw it.
    """
    held = _waiting(held_id)
    held.reason = reason
    if held.kind in OF_FILES:
        run = _run(held)
        run.status, run.finished_at = "failed", func.now()
        mine = by.actor_id == held.asked_by and held.kind == "file"
        said = "withdrew" if mine else "rejected"
        run.error = f"{by.actor_name} {said} this file: {reason} Nothing in the book was changed."
    elif held.kind in _later:
        _later[held.kind].drop(held, reason, by)
    _decide(held, "rejected", by)
    log_held(HELD_REJECTED, held, reason)
    return held


def _carry_on(held: HeldChange, by: Scope) -> None:
    if held.kind in OF_FILES:
        _send_again(held)
    elif held.kind in _later:
        _later[held.kind].go_on(held)
    else:
        _make(held, by)


def _waiting(held_id: UUID) -> HeldChange:
    this = select(HeldChange).where(HeldChange.id == held_id)
    # The book, or the rules, before the row: whoever changes the crosswalk or the limits takes them in this order.
    kind = db.session.scalars(this).one().kind
    if kind == "limits":
        rules.hold()
    elif kind not in OF_FILES and kind not in _later:
        runs.lock_book(scope.fmo_id())
    held = db.session.scalars(this.with_for_update().execution_options(populate_existing=True)).one()
    if held.status != "waiting":
        raise NotDecided("This was decided already. Nothing was done a second time.")
    return held


def _decide(held: HeldChange, status: str, by: Scope) -> None:
    held.status, held.decided_by, held.decided_name, held.decided_at = status, by.actor_id, by.actor_name, func.now()
    db.session.flush()


def _send_again(held: HeldChange) -> None:
    run = _run(held)
    run.status, run.error, run.notes, run.attempt = "queued", None, [], 0
    run.phase, run.heartbeat_at = None, None
    db.session.flush()
    outbox.send_after_commit("load_feed", run.id)


def _run(held: HeldChange) -> FeedRun:
    found = db.session.scalar(select(FeedRun).where(FeedRun.id == held.subject_id).with_for_update())
    if found is None or found.status != "held":
        raise Refused("file", "The run of this file does not wait any more.")
    return found


def _make(held: HeldChange, by: Scope) -> None:
    if held.kind == "limits":
        rules.change(held.arguments)
        return
    if held.kind == attributions.KIND:
        attributions.make_again(held.subject_id, held.arguments, approval=held.digest, by=by)
        return
    if held.kind == attributions.END:
        attributions.take_back_again(held.subject_id, approval=held.digest, by=by)
        return
    if held.kind != "confirm":
        downline.make_again(held.kind, held.subject_id, held.arguments, approval=held.digest, by=by)
        return
    connector = db.session.scalar(select(Connector).where(Connector.id == held.subject_id))
    if connector is None:
        raise Refused("connector", "The SmartConnector is no longer there.")
    confirm_kind(connector=connector, kind=held.arguments["identifier"], approval=held.digest)
