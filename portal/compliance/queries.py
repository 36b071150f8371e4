"""Reading the log: pages by a place in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, TableValuedAlias, Tuple, Uuid, func, literal, or_, select, tuple_
from sqlalchemy import column as a_column
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
    "who": "Who", "role": "Role", "action": "Action", "business": "Business", "outcome": "Outcome", "from": "From",
    "to": "To", "member": "Member", "run": "Run", "session": "Session", "about": "Record",
}  # fmt: skip
NEVER, EVER = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry on the list. The ids that it speaks of are counted and not loaded: there may be thousands."""

    id: UUID
    at: datetime
    sentence: str
    actor_id: UUID | None
    actor: str
    role: str  # in the words people see
    business_id: UUID | None
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


def page_of(asked: LogAsked, *, size: int = PAGE_SIZE, counted: bool = True) -> LogPage:
    """The page of the log that the address asks for; without `counted` its total is what the page shows."""
    rows, more = _rows(asked, size)
    total = _count(asked) if counted else len(rows)
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
    listing.filters = chips(asked)
    return listing


def chips(asked: LogAsked) -> list[Chip]:
    """The filters in words, each with the address without it."""
    shown = []
    for key, value in asked.args.items():
        label, text = CHIP_LABELS[key], value
        if key == "action":
            text = sentences.chosen_action(value)
        elif key == "role":
            text = sentences.role_label(value)
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
    order = AccessEntry.at.desc(), AccessEntry.id.desc()
    found = [entry for arm in _arms(asked) for entry in db.session.scalars(arm.order_by(*order).limit(limit))]
    return sorted(found, key=lambda entry: (entry.at, entry.id), reverse=True)[:limit]


def _rows(asked: LogAsked, size: int) -> tuple[Sequence[Any], bool]:
    heavy = (AccessEntry.subject_ids, AccessEntry.member_ids, AccessEntry.also)
    back = asked.newer is not None

    def page(query: Select[Any], at: Any, key: Any) -> Select[Any]:
        if asked.newer is not None:
            return query.where(tuple_(at, key) > place_of(asked.newer)).order_by(at.asc(), key.asc()).limit(size + 1)
        if asked.older is not None:
            query = query.where(tuple_(at, key) < place_of(asked.older))
        return query.order_by(at.desc(), key.desc()).limit(size + 1)

    found: list[Any] = []
    for arm in _arms(asked, page):
        query: Select[Any] = arm.options(*(defer(column, raiseload=True) for column in heavy)).add_columns(
            func.cardinality(AccessEntry.subject_ids),
            AccessEntry.subject_ids[1],
            func.cardinality(AccessEntry.member_ids),
        )
        found += db.session.execute(page(query, AccessEntry.at, AccessEntry.id)).all()
    found.sort(key=lambda row: (row[0].at, row[0].id), reverse=not back)
    shown = found[:size]
    return (shown[::-1] if back else shown), len(found) > size


def place_of(place: Place) -> Tuple:
    """A place in the log as what rows compare with."""
    return tuple_(literal(place.at), literal(place.id))


def _count(asked: LogAsked) -> int:
    total = 0
    for arm in _arms(asked, lambda query, *_: query.limit(COUNT_CAP + 1)):
        some = arm.with_only_columns(AccessEntry.at, maintain_column_froms=True).limit(COUNT_CAP + 1)
        total += db.session.scalar(select(func.count()).select_from(some.subquery())) or 0
        if total > COUNT_CAP:
            break
    return total


def matching(asked: LogAsked) -> Select[AccessEntry]:
    """Entries that pass the filters, in no order yet."""
    query = _without_business(asked)
    if business := asked.args.get("business"):
        ids = chosen_ids("business", business)
        query = query.where(or_(AccessEntry.business_id.in_(ids), speaks_of(ids, asked.begin, asked.end)))
    return query


Narrow = Callable[[Select[Any], Any, Any], Select[Any]]


def _arms(asked: LogAsked, narrow: Narrow = lambda query, *_: query) -> list[Select[AccessEntry]]:
    """`matching` in parts that have no entry in common and find theirs by an index, where one condition would not.

    `narrow` (query, time, id) is what the caller does to each part; it is done early where nothing else is asked.
    """
    query = _without_business(asked)
    business = asked.args.get("business")
    if not business:
        return [query]
    ids = chosen_ids("business", business)
    elsewhere = or_(AccessEntry.business_id.is_(None), AccessEntry.business_id.not_in(ids))
    there = _followed(ids, asked.begin, asked.end)
    inner = select(there.c.at, there.c.id).where(or_(there.c.business_id.is_(None), there.c.business_id.not_in(ids)))
    if not asked.args.keys() - {"business", "from", "to"}:
        inner = narrow(inner, there.c.at, there.c.id)
    about = query.where(elsewhere, tuple_(AccessEntry.at, AccessEntry.id).in_(inner))
    return [query.where(AccessEntry.business_id.in_(ids)), about]


def _without_business(asked: LogAsked) -> Select[AccessEntry]:
    query = select(AccessEntry)
    if begin := asked.begin:
        query = query.where(AccessEntry.at >= begin)
    if end := asked.end:
        query = query.where(AccessEntry.at < end)
    if action := asked.args.get("action"):
        query = query.where(AccessEntry.action.in_(sentences.actions_of(action)))
    for key, column in (("outcome", AccessEntry.outcome), ("role", AccessEntry.role), ("run", AccessEntry.run_id)):
        if value := asked.args.get(key):
            query = query.where(column == (asked.id(key) or value))
    for key in ("member", "session", "about"):
        if named := asked.id(key):
            query = query.where(speaks_of([named], asked.begin, asked.end))
    who = asked.args.get("who")
    if who:
        theirs = AccessEntry.actor_id.is_(None) if who == SYSTEM else AccessEntry.actor_id.in_(chosen_ids("user", who))
        query = query.where(theirs)
    return query


def speaks_of(ids: Sequence[UUID], begin: datetime | None = None, end: datetime | None = None) -> ColumnElement[bool]:
    """Whether an entry is about one of these records, members or sessions: by an index that this alone can use."""
    found = _followed(ids, begin, end)
    return tuple_(AccessEntry.at, AccessEntry.id).in_(select(found.c.at, found.c.id))


def _followed(ids: Sequence[UUID], begin: datetime | None, end: datetime | None) -> TableValuedAlias:
    found = func.access_followed(list(ids), begin or NEVER, end or EVER)
    return found.table_valued("at", "id", a_column("business_id", Uuid))


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
    who = entry.actor_id, entry.actor_name
    return Line(entry.id, entry.at, said, *who, role, found, business, members, entry.outcome)
