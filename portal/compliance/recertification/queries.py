"""Recertifications and their lines, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from portal.compliance import sentences
from portal.compliance.recertification import roles
from portal.compliance.recertification.models import CONFIRMED, ENDED, WITHDRAWN, Recertification, RecertificationLine
from portal.core import clock
from portal.core.paging import Asked, Listing, fetch
from portal.extensions import db

Line = RecertificationLine
DECISIONS = {
    "open": ("To be decided", "warn"),
    CONFIRMED: ("Confirmed", "good"),
    WITHDRAWN: ("Withdrawn", "bad"),
    ENDED: ("Ended meanwhile", "neutral"),
}
STATES = {"active": "May sign in", "invited": "Invited, not signed in yet", "locked": "Locked out"}


def quarter_of(day: date) -> str:
    """ "2026-Q4"."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def this_quarter() -> str:
    """The quarter of today."""
    return quarter_of(clock.local(clock.now()).date())


def every() -> Sequence[Recertification]:
    """All of the FMO, the newest first."""
    return db.session.scalars(select(Recertification).order_by(Recertification.quarter.desc())).all()


def of_quarter(quarter: str) -> Recertification | None:
    """The one of a quarter."""
    return db.session.scalar(select(Recertification).where(Recertification.quarter == quarter))


def open_one() -> Recertification | None:
    """The newest that is not signed."""
    unsigned = select(Recertification).where(Recertification.signed_at.is_(None))
    return db.session.scalar(unsigned.order_by(Recertification.quarter.desc()).limit(1))


def on_home() -> tuple[str, int | None]:
    """This quarter in words and how many users are to be decided; None where it is not begun, "" where it is signed."""
    quarter = this_quarter()
    found = of_quarter(quarter)
    if found is None:
        return quarter.replace("-", " "), None
    return ("", 0) if found.signed_at else (found.title, counts([found.id])[found.id].open)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many users there are, and how many by decision."""

    users: int
    open: int
    confirmed: int
    withdrawn: int
    ended: int


def counts(ids: Sequence[UUID]) -> dict[UUID, Counts]:
    """Of several recertifications, by one statement."""
    query = select(Line.recertification_id, Line.decision, func.count()).where(Line.recertification_id.in_(ids))
    found: dict[UUID, dict[str | None, int]] = {one: {} for one in ids}
    for key, decision, count in db.session.execute(query.group_by(Line.recertification_id, Line.decision)):
        found[key][decision] = count
    return {key: _counts(by) for key, by in found.items()}


def _counts(by: dict[str | None, int]) -> Counts:
    of = (by.get(None, 0), by.get(CONFIRMED, 0), by.get(WITHDRAWN, 0), by.get(ENDED, 0))
    return Counts(sum(of), *of)


def lines_of(found: Recertification) -> Sequence[RecertificationLine]:
    """All lines, by role and name."""
    mine = select(Line).where(Line.recertification_id == found.id)
    return db.session.scalars(mine.order_by(Line.sort_key, Line.id)).all()


def line_of(found: Recertification, line_id: UUID, *, to_change: bool = False) -> RecertificationLine | None:
    """One line of it; None for another's."""
    query = select(Line).where(Line.recertification_id == found.id, Line.id == line_id)
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)


def page_of(found: Recertification, asked: Asked) -> Listing[RecertificationLine]:
    """One page of its lines with the filters that the address asks for."""
    query = select(Line).where(Line.recertification_id == found.id)
    if (decision := asked.args.get("decision", "")) in DECISIONS:
        query = query.where(_is(decision))
    if role := asked.args.get("role"):
        query = query.where(Line.role == role)
    if who := asked.args.get("who", "").strip()[:120]:
        near = (Line.name, Line.email, Line.account, Line.npn)
        parts = [func.lower(func.coalesce(one, "")).contains(who.lower(), autoescape=True) for one in near]
        query = query.where(parts[0] | parts[1] | parts[2] | parts[3])
    listing = fetch(query, asked, {"name": [Line.sort_key]}, Line.id)
    if decision in DECISIONS:
        listing.chip("Decision", "decision", DECISIONS[decision][0])
    if role:
        listing.chip("Role", "role", sentences.role_label(role))
    if who:
        listing.chip("Who", "who", who)
    return listing


def _is(decision: str) -> ColumnElement[bool]:
    return Line.decision.is_(None) if decision == "open" else Line.decision == decision


def role_choices() -> list[tuple[str, str]]:
    """(value, words) of every role, for a filter."""
    return [("", "All"), *((role.value, role.label) for role in roles.ORDER)]
