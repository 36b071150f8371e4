"""Holding a change that moves more policies than one admin may move alone: undone whole, and kept as data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update

from portal.book import hooks, limits, queries
from portal.book.absence.short import Short, short_from
from portal.book.effect import Effect, Move, effect_from, effect_of
from portal.book.events import HELD, HELD_AGAIN, REATTRIBUTED
from portal.book.models import FeedRun, HeldChange
from portal.book.operations.connectors import blocked_kinds
from portal.book.statements import moves, policies, runs, writers
from portal.core import access, scope
from portal.core.apart import apart
from portal.core.events import Event
from portal.core.ids import new_id
from portal.core.words import counted
from portal.downline.hooks import Change, Held
from portal.extensions import db

Named = tuple[str, str, str | None]  # carrier, kind, canonical value; None: every value of the kind
LOOK = "Nothing was changed. It waits under Held changes until an administrator decides."
WAITS = "Nothing was changed. It waits under Held changes until a second administrator decides."
_AT_ONCE = 10_000


class Question(Exception):
    """An admin must decide before this is done; whoever began it undoes it. `says`: why, for a person."""

    kind: str

    def __init__(self, says: str, would: Effect | Short, counts: dict[str, int] | None = None) -> None:
        super().__init__(says)
        self.says = says
        self.would = would
        self.counts = counts or {}


class TooMany(Question):
    """A change is beyond the limits, or not the one that was approved: a second admin must."""

    kind = "file"

    def __init__(self, effect: Effect, counts: dict[str, int] | None = None) -> None:
        super().__init__(f"{beyond(effect)} {WAITS}", effect, counts)
        self.effect = effect


class LooksShort(Question):
    """A file looks cut off, or not as it did when it was approved: any admin must, whoever handed it in too."""

    kind = "shrunk_file"

    def __init__(self, short: Short, counts: dict[str, int]) -> None:
        super().__init__(f"{short.says()} {LOOK}", short, counts)


@dataclass(frozen=True, slots=True)
class Asked:
    """A change as it can be kept. `approval` is the digest of the effect to which a second admin said yes."""

    kind: str
    title: str
    subject: UUID | None
    arguments: dict[str, Any] = field(default_factory=dict)
    approval: str | None = None


def change_crosswalk(change: Change, write: Callable[[], None]) -> None:
    """Write a change of the crosswalk and attribute its policies anew, or raise `Held` with nothing of it written."""
    if not queries.any_policies():
        write()
        return
    asked = Asked(change.kind, change.title, change.subject, change.arguments, change.approval)
    moved, released = carry_out(asked, write, change.named)
    if moved:
        access.record(REATTRIBUTED, kind="policy", policies=moved, released=released)


def carry_out(asked: Asked, write: Callable[[], None], named: Iterable[Named]) -> tuple[int, int]:
    """Do `write` and give every policy of `named` the NPN that the crosswalk says then; (policies moved, released).

    Beyond the limits (or, for what was approved, where it would move other policies than were shown) all of it is
    undone and kept as a held change, and `Held` is raised; the transaction must then still be committed.
    """
    fmo_id, of = scope.fmo_id(), list(named)
    carriers = sorted({carrier for carrier, _, _ in of})
    return carry_out_moves(asked, write, lambda: _resolved(fmo_id, of), carriers)


def carry_out_moves(
    asked: Asked, write: Callable[[], None], find: Callable[[], list[Move]], carriers: list[str], *,
    source: str = "crosswalk",
) -> tuple[int, int]:  # fmt: skip
    """The same for the moves that `find` gives after `write`, of policies of those carriers, told by `source`."""
    fmo_id = scope.fmo_id()
    db.session.flush()
    runs.lock_book(fmo_id)
    try:
        with apart():
            write()
            db.session.flush()
            found = find()
            effect = effect_of(found, moves.policies_of_carriers(fmo_id, carriers) if found else 0)
            if limits.exceeded(effect) if asked.approval is None else effect.digest != asked.approval:
                raise TooMany(effect)
    except TooMany as many:
        keep(asked, many.effect)
    return len(found), _rewrite(fmo_id, found, source)


def _resolved(fmo_id: UUID, named: Iterable[Named]) -> list[Move]:
    values: dict[tuple[str, str], set[str] | None] = {}
    for carrier, kind, value in named:
        before = values.setdefault((carrier, kind), set())
        if value is None or before is None:
            values[carrier, kind] = None
        else:
            before.add(value)
    found: list[Move] = []
    for (carrier, kind), wanted in sorted(values.items(), key=lambda one: one[0]):
        if kind not in blocked_kinds(carrier):
            found += writers.newly_resolved(fmo_id, carrier, kind, wanted)
    return found


def _rewrite(fmo_id: UUID, found: list[Move], source: str) -> int:
    if not found:
        return 0
    batch, released = policies.next_batch(fmo_id), 0
    for start in range(0, len(found), _AT_ONCE):
        part = found[start : start + _AT_ONCE]
        writers.rewrite(fmo_id, part, batch=batch, source=source)
        released += hooks.writers_changed([one.policy_id for one in part])
    hooks.changed()
    return released


def keep(asked: Asked, effect: Effect) -> None:
    """Keep the change with what it would do, or bring the numbers of the same one that waits up to date; raises `Held`.

    Whoever asked first remains who asked.
    """
    same = select(HeldChange).where(
        HeldChange.status == "waiting",
        HeldChange.kind == asked.kind,
        HeldChange.subject_id.is_not_distinct_from(asked.subject),
        HeldChange.arguments == asked.arguments,
    )
    held = db.session.scalar(same.limit(1).with_for_update())
    if held is None:
        held = _new(asked, effect, scope.current().actor_id, scope.current().actor_name)
        db.session.add(held)
        event = HELD
    else:
        held.effect, held.digest, held.looked_at = effect.as_json(), effect.digest, func.now()
        event = HELD_AGAIN
    db.session.flush()
    log_held(event, held)
    raise Held(f"{asked.title}: {beyond(effect)} {WAITS}" if effect.total else f"{asked.title}: {WAITS}", held.id)


def keep_limits(loosened: Mapping[str, Any]) -> None:
    """Hold the loosening of limits (rule → value): who could switch the second admin off would need none."""
    told = json.dumps(dict(loosened), sort_keys=True)
    asked = Asked("limits", "The limits are loosened", None, dict(loosened))
    keep(asked, Effect((), 0, sha256(told.encode()).hexdigest()))


def keep_file(run: FeedRun, question: Question) -> HeldChange:
    """Keep a file whose run waits from now on. A yes to the same question with other numbers is stale with that."""
    db.session.execute(
        update(HeldChange)
        .where(_of_file(run, question.kind), HeldChange.status == "approved")
        .values(status="stale", reason="The book had changed meanwhile: the file would do something else.")
        .execution_options(synchronize_session=False)
    )
    asked = Asked(question.kind, run.file_name, run.id)
    return keep_for(asked, question.would, by=run.requester_id, name=run.requested_by)


def keep_for(asked: Asked, effect: Effect | Short, *, by: UUID | None, name: str) -> HeldChange:
    """Keep what a job may not do alone, in the name of whoever ordered it."""
    held = _new(asked, effect, by, name)
    db.session.add(held)
    db.session.flush()
    log_held(HELD, held)
    return held


def approval_of(run: FeedRun, kind: str) -> str | None:
    """The digest of what was approved of this run's file in answer to one kind of question, or None."""
    approved = select(HeldChange.digest).where(_of_file(run, kind), HeldChange.status == "approved")
    return db.session.scalar(approved.limit(1))


def _of_file(run: FeedRun, kind: str) -> ColumnElement[bool]:
    return and_(HeldChange.subject_id == run.id, HeldChange.kind == kind)


def beyond(effect: Effect) -> str:
    """Why a change is held, in a sentence."""
    many = counted(effect.total, "policy", "policies")
    return f"{many} would get another writing agent, more than one administrator may move alone."


def _new(asked: Asked, effect: Effect | Short, by: UUID | None, name: str) -> HeldChange:
    return HeldChange(
        fmo_id=scope.fmo_id(), id=new_id(), kind=asked.kind, title=asked.title, subject_id=asked.subject,
        arguments=asked.arguments, effect=effect.as_json(), digest=effect.digest, asked_by=by, asked_name=name,
    )  # fmt: skip


def log_held(event: Event, held: HeldChange, reason: str | None = None) -> None:
    """Log what happens to a held change, with its counts."""
    effect, short = effect_from(held.effect, held.digest), short_from(held.effect)
    numbers: dict[str, Any] = {
        "policies": short.missing if short else effect.total,
        "between": effect.between,
        "lost": effect.lost,
        "given": effect.given,
    }
    access.record(event, subject=held, reason=reason, change=held.kind, **numbers)
