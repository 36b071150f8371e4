"""A run's new and changed policies and members as lines of a list, whatever they are kept as."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, Text, cast, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from portal.book import queries, words
from portal.book.models import FeedRun, Member, Policy
from portal.book.report.models import FeedEffect
from portal.book.report.words import LABELS, Changed, fields, said
from portal.core.paging import Asked, Listing, fetch
from portal.extensions import db

Row = TypeVar("Row", Policy, Member)
KINDS = {"changed": "Policies", "member": "Members"}
FILTERS = ("kind",)
_NEW_FIELDS = ("product", "plan_name", "status", "effective_date", "term_date", "writing_npn")
NEW_LABELS = tuple(LABELS[name] for name in _NEW_FIELDS)


@dataclass(frozen=True, slots=True)
class Line:
    """One policy or member: its page where it has one, what it is called, and what happened to it."""

    kind: str
    policy_id: UUID | None
    member_id: UUID | None
    number: str | None
    name: str
    fields: list[Changed]


def keeps_new(run: FeedRun) -> bool:
    """Whether the run's new policies are kept beside it, because the book no longer has them, or never had."""
    return run.dry_run or run.status == "undone"


def new_query(run: FeedRun) -> Select[Policy]:
    """The policies that the run brought and that are still in the book."""
    return select(Policy).where(Policy.first_run_id == run.id)


def effects_query(run: FeedRun, *kinds: str) -> Select[FeedEffect]:
    """What was kept of the run; of members only where something changed that people see."""
    seen = FeedEffect.told.op("?|")(cast(list(LABELS), ARRAY(Text)))
    mine = select(FeedEffect).where(FeedEffect.run_id == run.id, FeedEffect.kind.in_(kinds))
    return mine.where(or_(FeedEffect.kind != "member", seen))


def new_listing(run: FeedRun, asked: Asked) -> tuple[Listing[Policy] | Listing[FeedEffect], list[Line]]:
    """One page of the run's new policies."""
    if keeps_new(run):
        kept = fetch(effects_query(run, "new"), asked, {"name": [FeedEffect.sort_key]}, tie=FeedEffect.id)
        return kept, list(effect_lines(kept.items))
    listing = fetch(new_query(run), asked, {"name": [Policy.sort_key]}, tie=Policy.id)
    return listing, list(policy_lines(listing.items))


def changed_listing(run: FeedRun, asked: Asked) -> tuple[Listing[FeedEffect], list[Line]]:
    """One page of what the run changed."""
    kind = asked.args.get("kind")
    query = effects_query(run, *([kind] if kind in KINDS else KINDS))
    listing = fetch(query, asked, {"name": [FeedEffect.sort_key]}, tie=FeedEffect.id)
    return listing, list(effect_lines(listing.items))


def policy_lines(policies: Sequence[Policy]) -> Iterator[Line]:
    """Lines of policies of the book."""
    members = queries.members_of(policies)
    for one in policies:
        told = [Changed(label, None, said(name, getattr(one, name))) for name, label in _labels()]
        yield Line("new", one.id, one.member_id, one.policy_number, words.listed(members[one.member_id]), told)


def _labels() -> Iterator[tuple[str, str]]:
    return ((name, LABELS[name]) for name in _NEW_FIELDS)


def effect_lines(effects: Sequence[FeedEffect]) -> Iterator[Line]:
    """Lines of what was kept; the names of those who are still in the book are today's."""
    policies = _by_id(Policy, (one.subject_id for one in effects if one.kind != "member"))
    members = _by_id(Member, (one.member_id for one in effects))
    for one in effects:
        person, policy = members.get(one.member_id), policies.get(one.subject_id)
        name = words.listed(person) if person else _name(one)
        number = policy.policy_number if policy else _after(one, "policy_number")
        member_id = person.id if person else None
        if one.kind == "new":
            told = [Changed(label, None, said(field, _after(one, field))) for field, label in _labels()]
        else:
            told = list(fields(one.told))
        yield Line(one.kind, policy.id if policy else None, member_id, number, name, told)


def _by_id(model: type[Row], ids: Iterable[UUID]) -> Mapping[UUID, Row]:
    wanted = set(ids)
    return {one.id: one for one in db.session.scalars(select(model).where(model.id.in_(wanted)))} if wanted else {}


def _after(effect: FeedEffect, field: str) -> str | None:
    found: str | None = effect.told.get(field, (None, None))[1]
    return found


def _name(effect: FeedEffect) -> str:
    first = " ".join(part for name in ("first_name", "middle_name") if (part := _after(effect, name)))
    last = " ".join(part for name in ("last_name", "suffix") if (part := _after(effect, name)))
    return f"{last}, {first}"
