"""Which member of the book a row would belong to, and a row filled in so that it belongs to the one that was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select

from portal.book.models import Member, MemberKey, Policy
from portal.book.quarantine.cells import OpenRow
from portal.book.queries.search import named
from portal.connectors.ladder import name_key, person_key
from portal.connectors.layouts import Layout
from portal.connectors.normalise import mbi_or_none, number_key
from portal.connectors.rows import PolicyRow
from portal.core import crypto, scope
from portal.extensions import db

OFFERED = 25


def found(text: str) -> Sequence[Member]:
    """Members by the beginning of a name, or by a policy, member or Medicare number; at most 25."""
    if not text.strip():
        return []
    query = select(Member)
    if not any(c.isdigit() for c in text):
        query = query.where(named(Member.sort_key, text))
    elif mbi := mbi_or_none(text):
        query = query.where(Member.mbi_hash == crypto.keyed_hash(mbi, fmo_id=scope.fmo_id(), field="mbi"))
    else:
        query = query.where(Member.id.in_(select(Policy.member_id).where(Policy.number_key == number_key(text))))
    return db.session.scalars(query.order_by(Member.sort_key, Member.id).limit(OFFERED)).all()


def expected(row: PolicyRow, carrier: str) -> Member | None:
    """The member that a load would give the row, None for somebody new: the ladder of `statements.people`, for one."""
    policy = db.session.scalar(select(Policy).where(Policy.identity == row.identity))
    if policy is not None:
        return db.session.scalar(select(Member).where(Member.id == policy.member_id))
    mbi = crypto.keyed_hash(row.mbi, fmo_id=scope.fmo_id(), field="mbi") if row.mbi else None
    number = f"{carrier}|{row.member_number}" if row.member_number else None
    person = person_key(row.first_name, row.last_name, row.birth_date, row.zip)
    for kind, value in (("mbi", mbi), ("number", number), ("person", person)):
        hits = [one for one in _known(kind, value) if _agrees(one, row, mbi, kind)]
        if len(hits) > 1 and kind == "number":
            hits = [one for one in hits if name_key(one.first_name) == name_key(row.first_name)]
            return hits[0] if len(hits) == 1 else None
        if hits:
            return hits[0] if len(hits) == 1 else None
    return None


def _known(kind: str, value: str | None) -> Sequence[Member]:
    if value is None:
        return []
    keys = select(MemberKey.member_id).where(MemberKey.kind == kind, MemberKey.value == value)
    return db.session.scalars(select(Member).where(Member.id.in_(keys)).order_by(Member.id).limit(OFFERED)).all()


def _agrees(member: Member, row: PolicyRow, mbi: str | None, kind: str) -> bool:
    if member.birth_date and row.birth_date and member.birth_date != row.birth_date:
        return False
    if kind != "mbi" and member.mbi_hash and mbi and member.mbi_hash != mbi:
        return False
    same_birth = member.birth_date is not None and member.birth_date == row.birth_date
    return kind != "number" or same_birth or name_key(member.first_name) == name_key(row.first_name)


def filled_in(opened: OpenRow, member: Member) -> list[str]:
    """The row's cells with the member's name, birth date and zip code, as far as its file has columns for them."""
    layout, cells = opened.layout, list(opened.cells)
    last = " ".join(part for part in (member.last_name, member.suffix) if part)
    first = " ".join(part for part in (member.first_name, (member.middle_name or "")[:1]) if part)
    values = {
        "full_name": f"{last}, {first}",
        "first_name": member.first_name,
        "middle_name": member.middle_name or "",
        "last_name": member.last_name,
        "suffix": member.suffix or "",
        "birth_date": written_day(member.birth_date, layout) if member.birth_date else "",
        "zip": member.zip or "",
    }
    for field, value in values.items():
        columns = [column.key for column in layout.columns.get(field, ()) if column.key in opened.found.positions]
        for nth, key in enumerate(columns):
            cells[opened.found.positions[key]] = value if not nth else ""
    return cells


def written_day(day: date, layout: Layout) -> str:
    """The day in the first form that files of this layout have."""
    form = next((one for one in layout.date_forms if one in ("iso", "slash", "compact", "words")), "iso")
    if form == "slash":
        return f"{day:%m/%d/%Y}" if layout.date_order == "mdy" else f"{day:%d/%m/%Y}"
    return {"iso": day.isoformat(), "compact": f"{day:%Y%m%d}", "words": f"{day:%b %d %Y}"}[form]


def member_of(member_id: UUID | None) -> Member | None:
    """The member with that id, or None."""
    return db.session.scalar(select(Member).where(Member.id == member_id)) if member_id else None
