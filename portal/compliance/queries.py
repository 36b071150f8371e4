"""Reading the log: pages by a place in it, single entries and their neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Tuple, and_, func, literal, or_, select, tuple_
from sqlalchemy.orm import defer

from portal.compliance import sentences, subjects
from portal.compliance.asked import OUTCOMES, LogAsked, Place
from portal.compliance.models import AccessEntry
from portal.core import clock
from portal.core.ids import parse_id
from portal.core.paging import COUNT_CAP, Chip
from portal.extensions import db

PAGE_SIZE = 50
CHOICES = 300
SYSTEM = "system"
CHIP_LABELS = {
    "who": "Who", "action": "Action", "business": "Business", "outcome": "Outcome", "from": "From", "to": "To",
    "member": "Member", "run": "Run", "session": "Session",
}  # fmt: skip
SPAN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry on the list. The ids that it speaks of are counted and not loaded: there may be thousands."""

    id: UUID
    at: datetime
    sentence: str
    actor_id: UUID | None
    role: str  # in the words people see
    business: str | None
    members: int
    outcome: str


@dataclass(slots=True)
class LogPage:
    """One page of the log, newest first. `total` is exact up to 10,000; beyond, `capped` is set."""

    items: list[Line]
    total: int
    capped: bool
    asked: LogAsked
    older_href: str | None = None
    newer_href: str | None = None
    filters: list[Chip] = field(default_factory=list)

    @property
    def clear_href(self) -> str:
        return self.asked.path


def page_of(asked: LogAsked) -> LogPage:
    """The page of the log that the address asks for."""
    rows, more = _rows(asked)
    total = _count(asked)
    items = as_lines(rows)
    # Walking towards the newer end one comes from older entries; walking back, from newer ones.
    has_older, has_newer = (asked.newer is not None or more), (asked.older is not None)
    if asked.newer is not None:
        has_newer = more
    listing = LogPage(items, min(total, COUNT_CAP), total > COUNT_CAP, asked)
    if items and has_older:
        listing.older_href = asked.href(older=str(Place(items[-1].at, items[-1].id)))
    if items and has_newer:
        listing.newer_href = asked.href(newer=str(Place(items[0].at, items[0].id)))
    listing.filters = _chips(asked)
    return listing


def _chips(asked: LogAsked) -> list[Chip]:
    shown = []
    for key, value in asked.args.items():
        label, text = CHIP_LABELS[key], value
        if key == "action":
            text = sentences.chosen_action(value)
        elif key == "outcome":
            text = OUTCOMES[value]
        elif key in ("who", "business") and (named := parse_id(value)):
            kind = "user" if key == "who" else "business"
            text = subjects.names(kind, [named]).get(named, value)
        elif key in ("from", "to") and (day := asked.day(key)):
            text = clock.day(day)
        shown.append(Chip(label, text, asked.href(**{key: None})))
    return shown


def newest(asked: LogAsked, limit: int) -> Sequence[AccessEntry]:
    """The newest `limit` entries that match, whole."""
    return db.session.scalars(matching(asked).order_by(AccessEntry.at.desc(), AccessEntry.id.desc()).limit(limit)).all()


def _rows(asked: LogAsked) -> tuple[Sequence[Any], bool]:
    at, key = AccessEntry.at, AccessEntry.id
    heavy = (AccessEntry.subject_ids, AccessEntry.member_ids, AccessEntry.also)
    query: Select[Any] = matching(asked).options(*(defer(column, raiseload=True) for column in heavy))
    query = query.add_columns(
        func.cardinality(AccessEntry.subject_ids), AccessEntry.subject_ids[1], func.cardinality(AccessEntry.member_ids)
    )
    if asked.newer is not None:
        query = query.where(tuple_(at, key) > _place(asked.newer)).order_by(at.asc(), key.asc())
    else:
        if asked.older is not None:
            query = query.where(tuple_(at, key) < _place(asked.older))
        query = query.order_by(at.desc(), key.desc())
    found = db.session.execute(query.limit(PAGE_SIZE + 1)).all()
    page = list(found[:PAGE_SIZE])
    return (page[::-1] if asked.newer is not None else page), len(found) > PAGE_SIZE


def _place(place: Place) -> Tuple:
    return tuple_(literal(place.at), literal(place.id))


def _count(asked: LogAsked) -> int:
    some = matching(asked).with_only_columns(AccessEntry.id, maintain_column_froms=True).limit(COUNT_CAP + 1)
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


def matching(asked: LogAsked) -> Select[AccessEntry]:
    """Entries that pass the filters, in no order yet."""
    query = select(AccessEntry)
    if begin := asked.begin:
        query = query.where(AccessEntry.at >= begin)
    if end := asked.end:
        query = query.where(AccessEntry.at < end)
    if action := asked.args.get("action"):
        query = query.where(AccessEntry.action.in_(sentences.actions_of(action)))
    if outcome := asked.args.get("outcome"):
        query = query.where(AccessEntry.outcome == outcome)
    if member := asked.id("member"):
        query = query.where(AccessEntry.member_ids.contains([member]))
    if run := asked.id("run"):
        query = query.where(AccessEntry.run_id == run)
    if session := asked.id("session"):
        query = query.where(AccessEntry.session_id == session)
    return _of_whom(query, asked)


def _of_whom(query: Select[AccessEntry], asked: LogAsked) -> Select[AccessEntry]:
    if who := asked.args.get("who"):
        if who == SYSTEM:
            query = query.where(AccessEntry.actor_id.is_(None))
        else:
            query = query.where(AccessEntry.actor_id.in_(chosen_ids("user", who)))
    if business := asked.args.get("business"):
        ids = chosen_ids("business", business)
        about = and_(AccessEntry.subject_kind == "business", AccessEntry.subject_ids.overlap(ids))
        named = [AccessEntry.detail[key].astext.in_(list(map(str, ids))) for key in subjects.BUSINESS_DETAILS]
        query = query.where(or_(AccessEntry.business_id.in_(ids), about, *named))
    return query


def chosen_ids(kind: str, value: str) -> list[UUID]:
    """The ids that a filter of users or Businesses stands for: an id, or part of a name."""
    named = parse_id(value)
    return [named] if named else [found for found, _ in subjects.find(kind, value, CHOICES)]


def choices(kind: str) -> list[tuple[str, str]] | None:
    """(id, name) of all users or Businesses for a select; None when they are too many for one."""
    found = subjects.find(kind, "", CHOICES + 1)
    return [(str(key), name) for key, name in found] if len(found) <= CHOICES else None


def as_lines(rows: Sequence[Any]) -> list[Line]:
    """Rows of (entry, number of subjects, first subject, number of members) as lines, named by few statements."""
    firsts: dict[str, set[UUID]] = {"business": {found for e, *_ in rows if (found := business_of(e))}}
    for entry, count, first, _ in rows:
        if count == 1 and entry.subject_kind:
            firsts.setdefault(entry.subject_kind, set()).add(first)
    names = {kind: subjects.names(kind, ids) for kind, ids in firsts.items()}
    return [_line(entry, count, first, members, names) for entry, count, first, members in rows]


def business_of(entry: AccessEntry) -> UUID | None:
    """The Business in which it happened, else the one that its details name."""
    return entry.business_id or parse_id(str(entry.detail.get("business", "")))


def _line(entry: AccessEntry, count: int, first: UUID | None, members: int, names: dict[str, dict[UUID, str]]) -> Line:
    kind = entry.subject_kind
    said = sentences.sentence(
        entry.actor_name,
        entry.action,
        entry.outcome,
        kind=kind,
        count=count,
        first=first,
        names=names.get(kind or "", {}),
    )
    business = None
    if (found := business_of(entry)) is not None:
        business = names["business"].get(found) or str(found)
    role = sentences.role_label(entry.role)
    return Line(entry.id, entry.at, said, entry.actor_id, role, business, members, entry.outcome)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The entries next to one: `label` says by what ("The same session"); `href` is the list of all of them."""

    label: str
    older: UUID | None
    newer: UUID | None
    href: str


def neighbours(entry: AccessEntry, path: str) -> list[Neighbours]:
    """Entries beside `entry` of the same person, session and run, where it has one."""
    found = []
    if entry.actor_id:
        by_them = AccessEntry.actor_id == entry.actor_id
        found.append(_beside(entry, "The same person", by_them, f"{path}?who={entry.actor_id}"))
    # Neither sessions nor runs have an index of their own, nor do they last for days: a short span is read.
    near = AccessEntry.at.between(entry.at - SPAN, entry.at + SPAN)
    if entry.session_id:
        same = and_(near, AccessEntry.session_id == entry.session_id)
        found.append(_beside(entry, "The same session", same, f"{path}?session={entry.session_id}"))
    if entry.run_id:
        same = and_(near, AccessEntry.run_id == entry.run_id)
        found.append(_beside(entry, "The same run", same, f"{path}?run={entry.run_id}"))
    return found


def _beside(entry: AccessEntry, label: str, same: ColumnElement[bool], href: str) -> Neighbours:
    return Neighbours(label, _next(entry, same, back=True), _next(entry, same, back=False), href)


def _next(entry: AccessEntry, same: ColumnElement[bool], *, back: bool) -> UUID | None:
    place, here = tuple_(AccessEntry.at, AccessEntry.id), _place(Place(entry.at, entry.id))
    query = select(AccessEntry.id).where(same, place < here if back else place > here)
    order = (AccessEntry.at.desc(), AccessEntry.id.desc()) if back else (AccessEntry.at.asc(), AccessEntry.id.asc())
    return db.session.scalar(query.order_by(*order).limit(1))
