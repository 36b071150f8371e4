"""Whom a case affects, what was done with their records, and by when which carrier is told; computed anew each time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from portal.compliance import sentences, subjects
from portal.compliance.breaches import queries, statements, words
from portal.compliance.breaches.models import BreachCase, BreachNotice, CarrierTerm
from portal.compliance.disclosures import told
from portal.core import clock
from portal.extensions import db


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery that the account held in the time of the case."""

    policy_id: UUID
    member_id: UUID
    run_id: UUID
    carrier: str  # as the log stores it; "" where no copy of it is left
    npn: str
    at: datetime
    left_at: datetime | None
    verdict: str | None
    misdelivery_id: UUID | None


@dataclass(frozen=True, slots=True)
class Told:
    """A carrier's part of a case, and by when it is told."""

    carrier: str
    name: str
    members: int
    policies: int
    term: CarrierTerm | None
    due_on: date
    notice: BreachNotice | None

    @property
    def overdue(self) -> bool:
        """Whether it should have been told by now, or was told too late."""
        return (self.notice.sent_on if self.notice else clock.today()) > self.due_on


@dataclass(frozen=True, slots=True)
class Done:
    """What one person did, one kind of thing."""

    who: str
    role: str
    does: str
    kind: str  # a key of words.DONE
    entries: int
    members: frozenset[UUID]
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """All of it."""

    deliveries: list[Delivery]
    done: list[Done] = field(default_factory=list)
    carriers: list[Told] = field(default_factory=list)
    states: list[tuple[str, int]] = field(default_factory=list)

    @property
    def members(self) -> set[UUID]:
        """Each member once."""
        return {one.member_id for one in self.deliveries}

    @property
    def not_marked(self) -> int:
        """How many of the deliveries nobody has found wrong yet."""
        return sum(one.verdict != "wrong" for one in self.deliveries)

    def members_of(self, kind: str) -> set[UUID]:
        """With whose records that was done."""
        return {member for one in self.done if one.kind == kind for member in one.members}

    @property
    def kinds(self) -> list[tuple[str, int]]:
        """(words, members) of everything that can be done, the least first."""
        return [(says, len(self.members_of(kind))) for kind, says in words.DONE.items()]

    @property
    def many(self) -> list[tuple[str, int]]:
        """States with 500 affected residents or more."""
        return [(state, count) for state, count in self.states if state and count >= words.MANY]


def find(case: BreachCase) -> Found:
    """Everything that the log says of a case now."""
    deliveries = deliveries_of(case)
    found = Found(deliveries)
    members = sorted(found.members)
    states = sorted(told.states(members).items(), key=lambda one: (-one[1], one[0]))
    return Found(deliveries, _done(case, deliveries), _carriers(case, deliveries), states)


def deliveries_of(case: BreachCase) -> list[Delivery]:
    """The deliveries that a case is about."""
    rows = statements.held(
        db.session(), case.fmo_id, case.recipient_id,
        since=case.since, until=case.until, run_id=case.run_id, every=case.every_policy,
    )  # fmt: skip
    copies = told.carriers([(case.recipient_id, row.policy_id) for row in rows])
    made = []
    for row in rows:
        carrier, npn = copies.get((case.recipient_id, row.policy_id), ("", ""))
        made.append(
            Delivery(
                row.policy_id, row.member_id, row.run_id, row.carrier or carrier, row.npn or npn, row.at, row.left_at,
                row.verdict, row.misdelivery_id,
            )
        )  # fmt: skip
    return [one for one in made if case.npn in (None, one.npn)]


def _done(case: BreachCase, deliveries: Sequence[Delivery]) -> list[Done]:
    spans = [(one.member_id, one.at, one.left_at or case.until) for one in deliveries]
    rows = statements.done(
        db.session(), case.fmo_id, case.recipient_id, since=case.since, until=case.until, spans=spans
    )
    return [
        Done(
            row.actor_name, sentences.role_label(row.role), sentences.says(row.action), words.done(row.action),
            row.entries, frozenset(row.members), row.first_at, row.last_at,
        )
        for row in rows
    ]  # fmt: skip


def _carriers(case: BreachCase, deliveries: Sequence[Delivery]) -> list[Told]:
    members: dict[str, set[UUID]] = defaultdict(set)
    policies: dict[str, set[UUID]] = defaultdict(set)
    for one in deliveries:
        members[one.carrier].add(one.member_id)
        policies[one.carrier].add(one.policy_id)
    terms, notices = queries.terms(), queries.notices(case.id)
    return [
        Told(
            carrier,
            subjects.worded("carrier", carrier) if carrier else "Not known any more",
            len(members[carrier]),
            len(policies[carrier]),
            terms.get(carrier),
            due_on(case, terms.get(carrier)),
            notices.get(carrier),
        )
        for carrier in sorted(members)
    ]


def due_on(case: BreachCase, term: CarrierTerm | None) -> date:
    """By when a carrier is told: its contract's days after the discovery, at most the rule's sixty."""
    return case.discovered_on + timedelta(days=min(term.days, words.OUTER_DAYS) if term else words.OUTER_DAYS)
