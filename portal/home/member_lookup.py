"""How a compliance officer finds a member: exactly by name and birth date, or by MBI; names and states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, any_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from portal.book.models import Member, MemberKey
from portal.compliance.lookup import Found, LookedFor
from portal.connectors import normalise
from portal.connectors.ladder import name_key
from portal.core import scope
from portal.core.crypto import keyed_hash
from portal.extensions import db


def find(wanted: LookedFor, limit: int) -> Sequence[Found]:
    """At most `limit` members, by name. An MBI also finds who carried it in an earlier file."""
    condition = _by_mbi(wanted.mbi) if wanted.mbi else _by_person(wanted)
    if condition is None:
        return []
    columns = (Member.id, Member.first_name, Member.last_name, Member.suffix)
    query = select(*columns).where(condition).order_by(Member.sort_key, Member.id).limit(limit)
    rows = db.session.execute(query.execution_options(unlogged="the look-up names its members itself")).all()
    return [Found(row.id, _name(row)) for row in rows]


def _name(row: Any) -> str:
    return " ".join(filter(None, (row.first_name, row.last_name, row.suffix)))


def names(members: Sequence[UUID]) -> Mapping[UUID, str]:
    """The names of those members that the book has."""
    query = select(Member.id, Member.first_name, Member.last_name, Member.suffix).where(_among(members))
    rows = db.session.execute(query.execution_options(unlogged="whoever asks logs whose names they are")).all()
    return {row.id: _name(row) for row in rows}


def states(members: Sequence[UUID]) -> Mapping[str, int]:
    """How many of those members live in which state; "" where the book has none."""
    query = select(Member.state, func.count()).where(_among(members)).group_by(Member.state)
    rows = db.session.execute(query.execution_options(unlogged="counts by state")).all()
    return {row[0] or "": row[1] for row in rows}


def _among(members: Sequence[UUID]) -> ColumnElement[bool]:
    # One array and not a parameter each: a case may be about more members than a statement may have parameters.
    return Member.id == any_(literal(list(members), ARRAY(Uuid)))


def knows(member_id: UUID) -> bool:
    """Whether the FMO has that member."""
    query = select(Member.id).where(Member.id == member_id)
    return db.session.scalar(query.execution_options(unlogged="it tells an id from none")) is not None


def _by_mbi(typed: str) -> ColumnElement[bool] | None:
    mbi = normalise.mbi_or_none(typed)
    if mbi is None:
        return None
    hashed = keyed_hash(mbi, fmo_id=scope.fmo_id(), field="mbi")
    known = select(MemberKey.member_id).where(MemberKey.kind == "mbi", MemberKey.value == hashed)
    return or_(Member.mbi_hash == hashed, Member.id.in_(known))


def _by_person(wanted: LookedFor) -> ColumnElement[bool] | None:
    last, first = name_key(wanted.last_name or ""), name_key(wanted.first_name or "")
    if not (last and first and wanted.birth_date):
        return None
    # The sort key is an index on both names; the birth date decides among namesakes.
    return (Member.sort_key == f"{last} {first}") & (Member.birth_date == wanted.birth_date)
