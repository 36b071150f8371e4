"""What a run did and left, policy by policy: on its page and as a file. The FMO's own policies and members only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, load_only

from portal.book import words
from portal.book.models import Member, Policy
from portal.core import access
from portal.core.csv_file import csv_text
from portal.core.paging import Asked, Listing, listed
from portal.extensions import db
from portal.sync.events import RUN_EXPORTED
from portal.sync.models import SyncLine, SyncRun

WHAT = {
    "added": ("Added", "good"),
    "updated": ("Updated", "info"),
    "handed_over": ("Other NPN", "info"),
    "released": ("Released", "warn"),
    "skipped": ("Left out", "neutral"),
}
REASONS = {
    "new": "Is new in the account",
    "back": "Belongs to the account again",
    "policy": "The carrier tells something new of the policy",
    "member": "The carrier tells something new of the member",
    "both": "The carrier tells something new of the policy and of the member",
    "unseen": "The carrier's file changed in what the account does not show",
    "npn": "Is now written under another NPN of the account",
    "removed": "The agent removed it; it stays out until they restore it",
    "moved": "Its writing agent is none of the account's any more",
    "npn_left": "Its NPN left the account",
    "policy_removed": "The agent removed it; it stays out until they restore it",
    "contact_removed": "The agent removed the contact; it stays out until they restore it",
}
HEADER = (
    "What", "Reason", "Last name", "First name", "Birth date", "Carrier", "Policy number", "Product", "Plan", "Status",
    "Effective", "Term", "Writing agent NPN",
)  # fmt: skip
_MEMBER: tuple[InstrumentedAttribute[object], ...] = (
    Member.first_name, Member.middle_name, Member.last_name, Member.suffix, Member.birth_date,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One policy to which a run did something, or which it left out; as the book has it today."""

    policy_id: UUID
    what: str
    reason: str
    policy: Policy | None  # None: no longer in the book
    member: Member | None


def reason(word: str) -> str:
    """Why something was done to a policy, in words; one that an older version kept is told without its word."""
    return REASONS.get(word, "Was brought in line with the book")


def counts(run: SyncRun) -> dict[str, int]:
    """How many policies were added, updated and so on, in the order in which they are told."""
    counted = (
        select(SyncLine.what, func.sum(func.cardinality(SyncLine.policy_ids)))
        .where(SyncLine.business_id == run.business_id, SyncLine.run_id == run.id)
        .group_by(SyncLine.what)
    )
    found = {what: int(number) for what, number in db.session.execute(counted)}
    return {what: found[what] for what in WHAT if what in found}


def listing(run: SyncRun, asked: Asked) -> Listing[Change]:
    """One page of what the run did, narrowed to one kind by `what`."""
    wanted = asked.args.get("what")
    known = counts(run)
    total = known.get(wanted, 0) if wanted in WHAT else sum(known.values())
    changes = _changes(_slice(run, wanted if wanted in WHAT else None, asked.offset, asked.page_size)) if total else []
    return listed(changes, total, asked)


def _slice(run: SyncRun, what: str | None, offset: int, size: int) -> list[tuple[str, str, UUID]]:
    """(what, reason, policy) of the slice; lines hold up to a thousand policies, so few of them are read."""
    found: list[tuple[str, str, UUID]] = []
    for line in _lines(run, what):
        if offset < len(line.policy_ids):
            chosen = line.policy_ids[offset : offset + size - len(found)]
            found += [(line.what, line.reason, policy_id) for policy_id in chosen]
        offset = max(0, offset - len(line.policy_ids))
        if len(found) == size:
            break
    return found


def _lines(run: SyncRun, what: str | None) -> Sequence[SyncLine]:
    query = select(SyncLine).where(SyncLine.business_id == run.business_id, SyncLine.run_id == run.id)
    if what is not None:
        query = query.where(SyncLine.what == what)
    lines = db.session.scalars(query.order_by(SyncLine.id)).all()
    return sorted(lines, key=lambda line: list(WHAT).index(line.what))


def _changes(slice_: Sequence[tuple[str, str, UUID]]) -> list[Change]:
    ids = {policy_id for _, _, policy_id in slice_}
    policies = {one.id: one for one in db.session.scalars(select(Policy).where(Policy.id.in_(ids)))}
    wanted = {policy.member_id for policy in policies.values()}
    named = select(Member).where(Member.id.in_(wanted)).options(load_only(*_MEMBER))
    members = {one.id: one for one in db.session.scalars(named)}
    found = []
    for what, reason, policy_id in slice_:
        policy = policies.get(policy_id)
        member = members.get(policy.member_id) if policy else None
        found.append(Change(policy_id, what, reason, policy, member))
    return found


def csv_of(run: SyncRun) -> str:
    """Every change and every policy left out, as a file for spreadsheets. The download is logged with each policy."""
    access.record(RUN_EXPORTED, kind="sync_run", ids=[run.id], lines=sum(counts(run).values()))
    return csv_text(HEADER, (_cells(change) for line in _lines(run, None) for change in _of_line(line)))


def _of_line(line: SyncLine) -> Iterator[Change]:
    changes = _changes([(line.what, line.reason, policy_id) for policy_id in line.policy_ids])
    yield from changes
    # A large run has fifty thousand: a thousand of them in memory are enough.
    for row in {row for change in changes for row in (change.policy, change.member) if row is not None}:
        db.session.expunge(row)


def _cells(change: Change) -> list[object]:
    policy, member = change.policy, change.member
    told: list[object] = [WHAT[change.what][0], reason(change.reason)]
    told += [member.last_name, member.first_name, member.birth_date] if member else [None] * 3
    if policy is None:
        return [*told, *[None] * 7, None]
    return [
        *told, words.carrier(policy.carrier), policy.policy_number, policy.product, policy.plan_name,
        words.status(policy.status)[0], policy.effective_date, policy.term_date, policy.writing_npn,
    ]  # fmt: skip
