"""The accounting of one member's disclosures: every delivery from the log, and what was recorded by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.compliance import lookup, subjects
from portal.compliance.disclosures import statements, told, words
from portal.compliance.disclosures.models import POSSIBLE, WRONG, RecordedDisclosure
from portal.compliance.reviews import rules
from portal.core import clock, scope
from portal.core.crypto import decrypt
from portal.extensions import db

YEARS = 6  # 164.528(a)(1)


@dataclass(frozen=True, slots=True)
class Period:
    """The days asked for, both included; days are those of the FMO's office."""

    first: date
    last: date

    def moments(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """The first moment of it and the first after it, where the days are those of `zone`."""
        after = self.last + timedelta(days=1)
        begin = datetime(self.first.year, self.first.month, self.first.day, tzinfo=zone)
        return begin, datetime(after.year, after.month, after.day, tzinfo=zone)


@dataclass(frozen=True, slots=True)
class Line:
    """One disclosure. `until`: when the policy left the account again; only the deliveries have entry and policy."""

    day: date
    until: date | None
    recipient: str
    address: str
    what: str
    purpose: str
    accountable: bool
    why: str
    entry_id: UUID | None = None
    policy_id: UUID | None = None
    doubt_id: UUID | None = None  # of the judgement about the delivery
    waits: bool = False  # for that judgement
    recorded: RecordedDisclosure | None = None
    withheld_until: date | None = None

    @property
    def struck(self) -> bool:
        """Whether it was typed in by mistake."""
        return self.recorded is not None and self.recorded.struck_at is not None


@dataclass(frozen=True, slots=True)
class Accounting:
    """All disclosures of a member in a time, newest first."""

    member_id: UUID
    period: Period
    lines: list[Line] = field(default_factory=list)

    @property
    def told(self) -> list[Line]:
        """What the member is told: accountable, not struck out, not withheld on this day; oldest first."""
        today = clock.today()
        return [
            line
            for line in reversed(self.lines)
            if line.accountable and not line.struck and not (line.withheld_until and line.withheld_until > today)
        ]

    @property
    def waiting(self) -> int:
        """How many deliveries wait for a judgement; until then they are not told."""
        return sum(line.waits for line in self.lines)


def six_years(asked_on: date | None = None) -> Period:
    """What a member may ask for at most, up to the day on which they ask: today, unless it is said."""
    today = asked_on or clock.today()
    day = min(today.day, 28) if (today.month, today.day) == (2, 29) else today.day
    return Period(date(today.year - YEARS, today.month, day), today)


def period(args: Mapping[str, str]) -> Period:
    """The days that an address asks for; what is missing or unreadable is as in the last six years."""
    most = six_years()
    first, last = _day(args.get("from", "")) or most.first, _day(args.get("to", "")) or most.last
    return Period(first, last) if first <= last else most


def _day(written: str) -> date | None:
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2200 else None


def of_member(member_id: UUID, asked: Period) -> Accounting | None:
    """The accounting; None where the FMO knows no such member. Whoever asks logs it."""
    session, fmo_id = db.session(), scope.fmo_id()
    zone = ZoneInfo(rules.office_zone())
    begin, end = asked.moments(zone)
    rows = statements.deliveries(session, fmo_id, member_id, begin=begin, end=end)
    if not rows and not lookup.is_member(member_id) and not statements.was_delivered(session, fmo_id, member_id):
        return None
    lines = [*_delivered(rows, zone), *(recorded_line(one) for one in _recorded(member_id, asked))]
    return Accounting(member_id, asked, sorted(lines, key=lambda line: line.day, reverse=True))


def _delivered(rows: Sequence[Any], zone: tzinfo) -> list[Line]:
    copies = told.carriers([(row.recipient_id, row.policy_id) for row in rows])
    unnamed = subjects.names("business", {row.recipient_id for row in rows if row.name is None})
    return [_line(row, copies.get((row.recipient_id, row.policy_id)), unnamed, zone) for row in rows]


def _line(row: Any, copy: tuple[str, str] | None, unnamed: Mapping[UUID, str], zone: tzinfo) -> Line:
    name = row.name or unnamed.get(row.recipient_id) or str(row.recipient_id)
    npns = f"NPN {', '.join(row.npns)}" if row.npns else ""
    carrier = f"Policy of {subjects.worded('carrier', copy[0])}. " if copy else ""
    wrong = row.verdict == WRONG
    return Line(
        day=row.at.astimezone(zone).date(),
        until=row.until.astimezone(zone).date() if row.until else None,
        recipient=name,
        address=", ".join(filter(None, (row.contact, npns))),
        what=f"{carrier}{words.what(row.fields)}",
        purpose=words.WRONG_PURPOSE if wrong else words.PURPOSE,
        accountable=wrong,
        why=_why(row),
        entry_id=row.id,
        policy_id=row.policy_id,
        doubt_id=row.misdelivery_id,
        waits=row.verdict == POSSIBLE,
    )


def _why(row: Any) -> str:
    if row.verdict == WRONG:
        return f"Delivered to the wrong agent. {words.CAUSES.get(row.cause, row.cause)}"
    if row.verdict == POSSIBLE:
        return f"May have been delivered to the wrong agent. {words.CAUSES.get(row.cause, row.cause)}"
    return words.REASONS[words.OPERATIONS]


def _recorded(member_id: UUID, asked: Period) -> Sequence[RecordedDisclosure]:
    query = select(RecordedDisclosure).where(
        RecordedDisclosure.member_id == member_id, RecordedDisclosure.disclosed_on.between(asked.first, asked.last)
    )
    return db.session.scalars(query.order_by(RecordedDisclosure.recorded_at.desc())).all()


def recorded_line(one: RecordedDisclosure) -> Line:
    """A disclosure that was typed in, opened."""
    opened = json.loads(decrypt(one.told, fmo_id=one.fmo_id, field="recorded_disclosure.told"))
    return Line(
        day=one.disclosed_on,
        until=None,
        recipient=opened.get("recipient") or "",
        address=opened.get("address") or "",
        what=opened.get("what") or "",
        purpose=opened.get("purpose") or "",
        accountable=words.KINDS[one.kind].accountable and one.struck_at is None,
        why=words.because(one.kind),
        recorded=one,
        withheld_until=one.withheld_until,
    )


def struck_why(one: RecordedDisclosure) -> str | None:
    """Why a line was struck out; None where it was not."""
    field = "recorded_disclosure.struck"
    return decrypt(one.struck_reason, fmo_id=one.fmo_id, field=field) if one.struck_reason else None
