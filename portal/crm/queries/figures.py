"""The few figures that an agent starts the day with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from portal.crm.models import Contact, CrmPolicy
from portal.crm.queries.contacts import TURNING, has_news, turning_65, without_email
from portal.crm.queries.policies import begins_next_month, ended_lately
from portal.extensions import db

NAMED = 5
_WHY = "figures of the home page"


@dataclass(frozen=True, slots=True)
class HomeFigures:
    """Counts over what the actor may see; `turning_first` are the next to turn 65, at most five, soonest first."""

    contacts: int
    without_email: int
    policies: int
    by_status: dict[str, int]  # canonical status → policies, the most frequent first
    turning: int  # turn 65 in the next six months
    turning_first: Sequence[Contact]
    ended: int  # policies whose term ended in the last 30 days
    next_month: int  # policies that take effect next month
    news: int  # contacts of whom a carrier says something newer than what was typed


def home_figures() -> HomeFigures:
    """Three statements; only the named people enter the log."""
    soon = turning_65(TURNING["next6"])
    marks = [func.count().filter(mark) for mark in (without_email(), soon, has_news())]
    people = select(func.count(), *marks).select_from(Contact)
    contacts, silent, turning, news = tuple(db.session.execute(people.execution_options(unlogged=_WHY)).one())
    grouped = (
        select(
            CrmPolicy.status,
            func.count(),
            func.count().filter(ended_lately()),
            func.count().filter(begins_next_month()),
        )
        .group_by(CrmPolicy.status)
        .order_by(func.count().desc(), CrmPolicy.status)
    )
    rows = db.session.execute(grouped.execution_options(unlogged=_WHY)).all()
    first = select(Contact).where(soon).order_by(Contact.birth_date, Contact.id).limit(NAMED)
    return HomeFigures(
        contacts=contacts,
        without_email=silent,
        policies=sum(row[1] for row in rows),
        by_status={row[0]: row[1] for row in rows},
        turning=turning,
        turning_first=db.session.scalars(first).all(),
        ended=sum(row[2] for row in rows),
        next_month=sum(row[3] for row in rows),
        news=news,
    )
