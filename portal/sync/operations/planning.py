"""What a run will do, worked out before anything is written. A rehearsal ends here, a run goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from portal.crm import matching
from portal.sync.statements import account, candidates, locks, source, steps
from portal.sync.statements.account import Held
from portal.sync.statements.source import Followed
from portal.sync.statements.steps import Move

Progress = Callable[[str, int, int | None], None]
LARGE = 2_000


@dataclass(slots=True)
class Plan:
    """What is to be done, beside the temporary tables that name each row. `counts` is empty where nothing is."""

    npns: list[Followed]
    held: Held
    whole: bool  # every policy of every NPN was looked at
    policies: int = 0  # looked at
    counts: dict[str, int] = field(default_factory=dict)
    doubts: candidates.Pairs = field(default_factory=list)
    matched: bool = False  # the ladder was asked
    gone: int = 0  # copies that belong no longer
    staying_out: int = 0  # copies that the agent removed, afterwards
    newest: date | None = None

    @property
    def belonging(self) -> int:
        """Policies of the book under the NPNs."""
        return sum(one.policies for one in self.npns)


def make(
    at: Session, fmo_id: UUID, business_id: UUID, npns: Sequence[str], *, whole: bool, say: Progress | None = None
) -> Plan:
    """Find out what an account with `npns` lacks, by the FMO's book; only temporary tables are written.

    Looks at what the book changed since the last run, and at everything where `whole` says so or where the account and
    the book do not add up afterwards.
    """
    plan = Plan(source.followed(at, fmo_id, business_id, npns), account.held(at, fmo_id, business_id), whole)
    above = {one.npn: _above(one, whole) for one in plan.npns if whole or one.is_news}
    moves: list[Move] = []
    if whole or above:
        strangers = _collect(at, fmo_id, business_id, plan, above)
        moves = steps.moves(at)
    if not whole and not _adds_up(plan, moves):
        if above:
            source.forget(at)
        plan.whole = True
        strangers = _collect(
            at, fmo_id, business_id, plan, dict.fromkeys((n.npn for n in plan.npns), source.EVERYTHING)
        )
        moves = steps.moves(at)
    if plan.whole or above:
        if say is not None:
            say("Matching contacts", 0, plan.policies)
        _decide(at, fmo_id, business_id, plan, strangers)
    _sum_up(plan, moves)
    return plan


def _above(npn: Followed, whole: bool) -> int:
    return source.EVERYTHING if whole or npn.synced is None else npn.synced


def _collect(at: Session, fmo_id: UUID, business_id: UUID, plan: Plan, above: dict[str, int]) -> int:
    plan.policies, strangers = source.collect(at, fmo_id, business_id, above)
    if plan.policies > LARGE:
        locks.read_tables_once(at)
    return strangers


def _adds_up(plan: Plan, moves: list[Move]) -> bool:
    """Whether account and book will have equally many policies under each NPN, without a look at the rest."""
    after = dict(plan.held.by_npn)
    for move in moves:
        after[move.npn] = after.get(move.npn, 0) + move.policies
        if not move.comes and move.copy_npn is not None:
            after[move.copy_npn] -= move.policies
    book = {one.npn: one.policies for one in plan.npns}
    return all(after.get(npn, 0) == book.get(npn, 0) for npn in after.keys() | book.keys())


def _decide(at: Session, fmo_id: UUID, business_id: UUID, plan: Plan, strangers: int) -> None:
    if strangers:
        contacts, people, removed = candidates.load(at, fmo_id, business_id)
        decisions = matching.decide(contacts, people)
        ids = candidates.link(at, decisions, contacts, removed)
        plan.doubts, plan.matched = candidates.pairs(decisions, ids), True
    plan.counts, plan.newest = steps.make(at)


def _sum_up(plan: Plan, moves: list[Move]) -> None:
    looked_at = sum(move.policies for move in moves if not move.comes)
    out_before = sum(move.policies for move in moves if not move.comes and move.copy_removed)
    out_after = sum(move.staying_out for move in moves) + plan.counts.get("joins_removed", 0)
    if plan.whole:
        plan.gone = plan.held.copies - looked_at
        plan.staying_out = out_after
    else:
        plan.staying_out = plan.held.removed - out_before + out_after
