"""What the officers' page tells: the term, the holds, the archived months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from portal.compliance import subjects
from portal.compliance.models import AccessEntry
from portal.compliance.retention.models import (
    BUSINESS,
    LOG,
    MEMBER,
    PERSON,
    REASON,
    YEARS,
    LegalHold,
    LogArchive,
    LogTerm,
)
from portal.compliance.retention.months import Month, month_of
from portal.core import crypto
from portal.extensions import db

KINDS = {LOG: "The whole log", MEMBER: "A member", PERSON: "A person", BUSINESS: "A Business"}
SUBJECT = {PERSON: "user", BUSINESS: "business"}  # the kinds of the log that have names


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold in words; `subject` is the name as it is now, or the id."""

    row: LegalHold
    subject: str
    reason: str
    lifted_reason: str


@dataclass(frozen=True, slots=True)
class Oldest:
    """The FMO's oldest month in the log, and the first moment at which it is past the term."""

    month: Month
    until: datetime


def years() -> int:
    """For how many years the FMO keeps its log."""
    return db.session.scalar(select(LogTerm.years).order_by(LogTerm.set_at.desc(), LogTerm.id.desc()).limit(1)) or YEARS


def oldest() -> Oldest | None:
    """None while there is no entry."""
    first = db.session.scalar(select(func.min(AccessEntry.at)))
    if first is None:
        return None
    month = month_of(first)
    return Oldest(month, month.later(12 * years()).end)


def holds() -> Sequence[Hold]:
    """Every hold, those in force first, the newest first."""
    order = (LegalHold.lifted_at.desc().nulls_first(), LegalHold.placed_at.desc(), LegalHold.id)
    rows = db.session.scalars(select(LegalHold).order_by(*order)).all()
    names: dict[UUID, str] = {}
    for kind, known in SUBJECT.items():
        names |= subjects.names(known, {row.subject_id for row in rows if row.kind == kind and row.subject_id})
    return [in_words(row, names) for row in rows]


def in_words(row: LegalHold, names: dict[UUID, str] | None = None) -> Hold:
    """A hold as people read it; `names` of subjects where they are known already."""
    if row.subject_id is None:
        subject = ""
    else:
        known = names if names is not None else subjects.names(SUBJECT.get(row.kind, ""), [row.subject_id])
        subject = known.get(row.subject_id) or str(row.subject_id)
    return Hold(row, subject, _read(row, row.reason), _read(row, row.lifted_reason))


def _read(row: LegalHold, stored: str | None) -> str:
    return crypto.decrypt(stored, fmo_id=row.fmo_id, field=REASON) if stored else ""


def members_of(hold: LegalHold) -> set[UUID]:
    """The member whom a hold names, for the log."""
    return {hold.subject_id} if hold.kind == MEMBER and hold.subject_id else set()


def archives() -> Sequence[LogArchive]:
    """Every archived month, the newest first."""
    return db.session.scalars(select(LogArchive).order_by(LogArchive.month.desc())).all()
