"""The list of policies, and what stands on the pages of one policy and one member."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import load_only

from portal.book.absence import queries as absence
from portal.book.models import Connector, FeedRun, Member, Policy, PolicyWriter
from portal.book.queries.search import matching
from portal.core import search_tokens
from portal.core.paging import Asked, Column, Listing, fetch
from portal.extensions import db

FILTERS = ("carrier", "status", "attributed", "npn", "missing", "marked", "kind", "value", "q")
SORTS = ("member", "number", "npn", "effective")
MOST = 500
NO_KIND = "none"  # the row has no identifier of an agent


def policy_listing(asked: Asked) -> Listing[Policy]:
    """One page of the book; `q` is a search token."""
    query = select(Policy)
    for condition in _conditions(asked):
        query = query.where(condition)
    sorts: dict[str, Sequence[Column]] = {
        "member": [Policy.sort_key],
        "number": [Policy.number_key],
        "npn": [Policy.writing_npn],
        "effective": [Policy.effective_date],
    }
    return fetch(query, asked, sorts, tie=Policy.id)


def _conditions(asked: Asked) -> Iterator[ColumnElement[bool]]:
    args = asked.args
    if carrier := args.get("carrier"):
        yield Policy.carrier == carrier
    if status := args.get("status"):
        yield Policy.status == status
    if (attributed := args.get("attributed")) in ("yes", "no"):
        yield Policy.writing_npn.is_not(None) if attributed == "yes" else Policy.writing_npn.is_(None)
    if npn := args.get("npn"):
        yield Policy.writing_npn == "".join(filter(str.isdigit, npn)).lstrip("0")
    if (missing := args.get("missing")) in ("yes", "no"):
        yield Policy.missing_since.is_not(None) if missing == "yes" else Policy.missing_since.is_(None)
    if marked := args.get("marked"):
        yield Policy.missing_since.is_not(None) & Policy.id.in_(absence.marked_ids(marked))
    if kind := args.get("kind"):
        yield Policy.writer_kind.is_(None) if kind == NO_KIND else Policy.writer_kind == kind
    if value := args.get("value"):
        yield Policy.writer_value == value
    if text := search_tokens.read(args.get("q")):
        yield matching(text)


def members_of(policies: Iterable[Policy]) -> dict[UUID, Member]:
    """The members of those policies by id, one statement; their names are loaded, the rest when it is asked for."""
    wanted = {policy.member_id for policy in policies}
    if not wanted:
        return {}
    named = load_only(Member.first_name, Member.middle_name, Member.last_name, Member.suffix)
    return {one.id: one for one in db.session.scalars(select(Member).where(Member.id.in_(wanted)).options(named))}


def policies_of(member: Member) -> Sequence[Policy]:
    """Every policy of one member, the newest effective date first (at most 500)."""
    return db.session.scalars(
        select(Policy).where(Policy.member_id == member.id)
        .order_by(Policy.effective_date.desc(), Policy.carrier, Policy.id).limit(MOST)
    ).all()  # fmt: skip


def writers_of(policy: Policy) -> Sequence[PolicyWriter]:
    """Who wrote the policy, as intervals, the present one first (at most 500)."""
    return db.session.scalars(
        select(PolicyWriter).where(PolicyWriter.policy_id == policy.id)
        .order_by(PolicyWriter.since.desc(), PolicyWriter.id.desc()).limit(MOST)
    ).all()  # fmt: skip


def run_of(policy: Policy) -> FeedRun:
    """The run whose file told the policy as it is now."""
    return db.session.scalars(select(FeedRun).where(FeedRun.id == policy.source_run_id)).one()


def carriers() -> Sequence[str]:
    """Keys of the carriers of which the FMO has a SmartConnector."""
    return db.session.scalars(select(Connector.carrier).distinct().order_by(Connector.carrier)).all()
