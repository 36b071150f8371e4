"""What the log holds about one person, member, Business or run, in sums; the entries themselves are the log's pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from portal.compliance import sentences, subjects
from portal.compliance.days import queries as days
from portal.compliance.following import statements
from portal.compliance.following.period import Period
from portal.compliance.following.sums import DELIVERED, RELEASED, Done, Sum, by_account, by_person, done_in
from portal.compliance.queries import EVER, NEVER
from portal.core import scope
from portal.core.scope import Role
from portal.extensions import db

MOST = 50  # sessions or runs on a page; the log has the rest
NEWEST = 3_000  # entries that are looked through for sessions, members and runs
MOVES = [DELIVERED, RELEASED]


@dataclass(frozen=True, slots=True)
class Person:
    """One person in the log: who they are, and what they did within the period."""

    id: UUID
    name: str
    role: str | None  # in their newest entry
    business_id: UUID | None
    business: str | None
    first_at: datetime | None  # ever
    last_at: datetime | None
    entries: int
    members: int  # in the newest entries, where there are more than NEWEST
    refused: int
    exports: int
    reveals: int
    changes: int
    emergencies: int
    actions: Sequence[Done]  # most often first
    places: Sequence[Any]  # sessions with their address and browser, newest first
    addresses: Sequence[tuple[str, int]]
    days: Sequence[tuple[date, int]]


def person(who: UUID, period: Period) -> Person | None:
    """The person with that id, or None where neither the FMO nor its log knows them."""
    fmo, session = scope.fmo_id(), db.session()
    known = statements.last_known(session, fmo, who)
    name = subjects.names("user", [who]).get(who) or (known.actor_name if known else None)
    if name is None:
        return None
    rows = days.of_actor(who, period.first)
    newest = {"fmo": fmo, "who": who, "since": period.since, "most": NEWEST}
    places = statements.places(session, **newest)
    span = statements.span(session, fmo, who)
    actions = done_in(rows)
    done = [one for one in actions if one.outcome == "done"]
    business = known.business_id if known else None
    return Person(
        id=who,
        name=name,
        role=sentences.role_label(known.role) if known else None,
        business_id=business,
        business=subjects.names("business", [business]).get(business) if business else None,
        first_at=span.first_at,
        last_at=span.last_at,
        entries=sum(one.entries for one in actions),
        members=statements.members_seen(session, **newest),
        refused=sum(one.entries for one in actions if one.outcome == "refused"),
        exports=_chosen(done, "exports"),
        reveals=_chosen(done, "reveals"),
        changes=_chosen(done, "changes"),
        emergencies=sum(one.entries for one in done if one.action == "emergency.ask"),
        actions=actions,
        places=places[:MOST],
        addresses=_addresses(places),
        days=_days(rows),
    )


def _days(rows: Sequence[Any]) -> list[tuple[date, int]]:
    found: dict[date, int] = {}
    for row in rows:
        found[row.day] = found.get(row.day, 0) + row.entries
    return sorted(found.items())


def _chosen(rows: Sequence[Done], selection: str) -> int:
    actions = set(sentences.actions_of(selection))
    return sum(row.entries for row in rows if row.action in actions)


def _addresses(places: Sequence[Any]) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    for row in places:
        if row.address:
            found[row.address] = found.get(row.address, 0) + row.entries
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))


@dataclass(frozen=True, slots=True)
class Member:
    """Who saw one member: each person, each account, and when the first and the last time was."""

    id: UUID
    people: Sequence[Sum]  # who saw, changed, took along; not whose run delivered
    officers: Sequence[Sum]  # who followed or looked up the member in the log itself
    refused: Sequence[Sum]
    accounts: Sequence[Sum]  # which received policies or were worked in
    first_at: datetime | None
    last_at: datetime | None

    @property
    def received(self) -> list[Sum]:
        """The accounts to which policies of the member were delivered."""
        return [line for line in self.accounts if line.ways.get("delivered")]


def member(member_id: UUID, period: Period) -> Member:
    """What the log tells about that member; nothing where it has no entry, which is an answer too."""
    rows = statements.of_record(db.session(), about=[member_id], since=period.since, until=period.until)
    shown = [row for row in rows if row.outcome == "done"]
    officers = [row for row in shown if row.role == Role.COMPLIANCE.value]
    seen = [row for row in shown if row.action not in MOVES and row.role != Role.COMPLIANCE.value]
    times = [moment for row in shown if row not in officers for moment in (row.first_at, row.last_at)]
    return Member(
        id=member_id,
        people=by_person(seen),
        officers=by_person(officers),
        refused=by_person(row for row in rows if row.outcome != "done"),
        accounts=by_account(shown),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
    )


@dataclass(frozen=True, slots=True)
class Business:
    """One account: its people and what they did, who of the FMO looked at or changed it, what came and went."""

    id: UUID
    name: str | None
    people: Sequence[Sum]
    outside: Sequence[Sum]
    moves: Sequence[Any]  # (run, action, entries, first_at), newest first
    entries: int


def business(business_id: UUID, period: Period) -> Business | None:
    """The Business with that id, or None where neither the FMO nor its log knows it."""
    session = db.session()
    name = subjects.names("business", [business_id]).get(business_id)
    inside = days.of_business(business_id, period.first)
    about = statements.of_record(session, about=[business_id], since=period.since, until=period.until)
    outside = [row for row in about if row.business_id != business_id]
    if name is None and not inside and not _known_by(outside):
        return None
    return Business(
        id=business_id,
        name=name,
        people=by_person(row for row in inside if row.action not in MOVES),
        outside=by_person(outside),
        moves=_moves(business_id, period),
        entries=sum(row.entries for row in (*inside, *outside)),
    )


def _moves(business_id: UUID, period: Period) -> Sequence[Any]:
    of_it = {"fmo": scope.fmo_id(), "business": business_id, "since": period.since}
    return statements.moves(db.session(), **of_it, actions=MOVES, most=NEWEST)[:MOST]


def _known_by(rows: Sequence[Any]) -> bool:
    """Whether anybody had to do with it: whoever was refused may have asked for anything."""
    return any(row.outcome != "refused" for row in rows)


@dataclass(frozen=True, slots=True)
class Run:
    """One sync run or feed run: what it left in the log, and who looked at it."""

    id: UUID
    business_id: UUID | None
    business: str | None
    done: Sequence[tuple[Any, str]]  # sums of an action, with its words
    lookers: Sequence[Sum]
    entries: int


def run(run_id: UUID) -> Run | None:
    """The run with that id, or None where the log knows nothing of one."""
    session = db.session()
    rows = sorted(statements.of_run(session, scope.fmo_id(), run_id), key=lambda row: row.first_at)
    about = statements.of_record(session, about=[run_id], since=NEVER, until=EVER)
    if not rows and not _known_by(about):
        return None
    account = next((row.business_id for row in rows if row.business_id), None)
    return Run(
        id=run_id,
        business_id=account,
        business=subjects.names("business", [account]).get(account) if account else None,
        done=[(row, sentences.says(row.action)) for row in rows],
        lookers=by_person(about),
        entries=sum(row.entries for row in rows),
    )
