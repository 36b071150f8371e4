"""Which alarms wait for an officer, all of them, and figures for monitoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from portal.compliance import subjects
from portal.compliance.alarms import registry
from portal.compliance.alarms.models import Alarm, AlarmRound
from portal.core import clock
from portal.core.paging import Asked, Listing, fetch
from portal.extensions import db

ON_HOME = 5
SILENT_FOR = timedelta(minutes=15)
STATES = {"open": "Waits for an officer", "holding": "Still so", "past": "Acknowledged or over"}


@dataclass(frozen=True, slots=True)
class Shown:
    """An alarm in words; of a kind that this version no longer knows, as it is stored."""

    alarm: Alarm
    title: str
    says: str
    to_do: str
    href: str
    href_label: str
    about: str | None  # the name of whom it is about
    state: tuple[str, str]  # word and tone
    waits: bool


def open_ones() -> ColumnElement[bool]:
    """Those that wait for an officer: without a note; or holding, where what ends it is recorded by itself."""
    settling = [kind.name for kind in registry.every() if kind.settles]
    noted = and_(Alarm.kind.not_in(settling), Alarm.acknowledged_at.is_(None))
    return or_(noted, and_(Alarm.kind.in_(settling), Alarm.acknowledged_at.is_(None), Alarm.over_at.is_(None)))


def on_home() -> tuple[list[Shown], int]:
    """The newest that wait for an officer, at most five, and how many there are."""
    elsewhere = [kind.name for kind in registry.every() if not kind.on_home]
    there = (open_ones(), Alarm.kind.not_in(elsewhere))
    total = db.session.scalar(select(func.count()).select_from(Alarm).where(*there)) or 0
    newest = select(Alarm).where(*there).order_by(Alarm.raised_at.desc(), Alarm.id.desc()).limit(ON_HOME)
    return show(db.session.scalars(newest).all()), total


def page_of(asked: Asked) -> Listing[Alarm]:
    """One page of them, those that wait first where nothing else is asked, else the newest first."""
    query, state = select(Alarm), asked.args.get("state", "")
    chosen = {"open": open_ones(), "holding": Alarm.over_at.is_(None), "past": ~open_ones()}
    if state in chosen:
        query = query.where(chosen[state])
    if kind := asked.args.get("kind"):
        query = query.where(Alarm.kind == kind)
    listing = fetch(query, asked, {"raised": [Alarm.raised_at]}, Alarm.id)
    if state in STATES:
        listing.chip("State", "state", STATES[state])
    if kind:
        known = registry.find(kind)
        listing.chip("Alarm", "kind", known.title if known else kind)
    return listing


def show(alarms: Sequence[Alarm]) -> list[Shown]:
    """Alarms in words; whom they are about is named by one statement a kind of subject."""
    wanted: dict[str, list[Any]] = {}
    for alarm in alarms:
        kind, named = registry.find(alarm.kind), registry.subject_id(alarm.subject)
        if kind and kind.about and named:
            wanted.setdefault(kind.about, []).append(named)
    names = {about: subjects.names(about, ids) for about, ids in wanted.items()}
    return [_shown(alarm, names) for alarm in alarms]


def _shown(alarm: Alarm, names: Mapping[str, Mapping[Any, str]]) -> Shown:
    kind, waits = registry.find(alarm.kind), _waits(alarm)
    if kind is None:
        return Shown(alarm, alarm.kind.replace("_", " ").capitalize(), "", "", "", "", None, _state(alarm), waits)
    named = registry.subject_id(alarm.subject)
    about = names.get(kind.about or "", {}).get(named, alarm.subject) if kind.about and named else None
    said = (kind.title, kind.says(alarm.facts), kind.to_do, kind.place(alarm.subject), kind.place_label)
    return Shown(alarm, *said, about, _state(alarm), waits)


def _waits(alarm: Alarm) -> bool:
    return alarm.acknowledged_at is None and (alarm.over_at is None or registry.waits_for_note(alarm.kind))


def _state(alarm: Alarm) -> tuple[str, str]:
    if alarm.over_at is None:
        return ("Still so", "bad") if alarm.acknowledged_at is None else ("Acknowledged, still so", "warn")
    return ("Over, to be acknowledged", "warn") if _waits(alarm) else ("Over", "neutral")


def last_round() -> datetime | None:
    """When the alarms of the officer's FMO were last looked for."""
    return db.session.scalar(select(AlarmRound.at))


def is_silent() -> bool:
    """Whether nobody has looked for a quarter of an hour: no alarm then says nothing."""
    last = last_round()
    return last is None or last < clock.now() - SILENT_FOR


def waiting_by_kind(session: Session) -> dict[str, int]:
    """How many alarms of each kind wait for an officer, of the FMO of a session of the login `compliance`."""
    query = select(Alarm.kind, func.count()).where(open_ones()).group_by(Alarm.kind)
    counted = {kind: int(count) for kind, count in session.execute(query)}
    return {kind.name: 0 for kind in registry.every()} | counted


def round_of(session: Session) -> datetime | None:
    """When they were last looked for, of the FMO of that session."""
    return session.scalar(select(AlarmRound.at))
