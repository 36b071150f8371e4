"""Looking whether something is alarming, every few minutes, and keeping what was found: once for as long as it holds.

Two steps under two logins. Each kind looks with a login that may read what it asks for (the log: `sealer`), and what
was found is kept by `jobs`, which may write alarms and entries of the log and read neither the log nor what officers
note.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from portal.compliance.alarms import events, registry, statements
from portal.compliance.alarms.models import Alarm, AlarmRound
from portal.compliance.alarms.registry import Finding
from portal.core import access, outbox, scope
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.extensions import db

log = logging.getLogger("portal.alarms")
JOB, MAIL_JOB = "watch_alarms", "mail_alarms"
EVERY = timedelta(minutes=2)
Found = Mapping[str, Sequence[Finding]]


def order() -> int:
    """Have the alarms of the FMO at work looked for, unless that is under way (job scope); 1 where it was ordered."""
    fmo_id = scope.fmo_id()
    if outbox.under_way(JOB, fmo_id):
        return 0
    outbox.send_after_commit(JOB)
    return 1


def look(fmo_id: UUID) -> Found:
    """Everything that holds now, by kind; outside any scope. A kind that could not be asked is left out."""
    found: dict[str, Sequence[Finding]] = {}
    for kind in registry.every():
        try:
            found[kind.name] = list(kind.check(fmo_id))
        except SQLAlchemyError as error:
            # Not over and not raised: nobody knows. The round goes on with the others.
            log.error("It could not be looked whether there is an alarm %s (%s).", kind.name, type(error).__name__)
    return found


def keep(found: Found) -> list[UUID]:
    """Raise what is new, note what still holds and what is over (job scope); the ids of what was raised."""
    statements.lock(db.session(), scope.fmo_id())
    holding = _holding(list(found))
    raised: dict[str, list[UUID]] = {}
    for kind, findings in found.items():
        there = holding.get(kind, {})
        for one in findings:
            if one.subject in there:
                _still(there.pop(one.subject), one.facts)
            else:
                raised.setdefault(kind, []).append(_raise(kind, one))
        _over(kind, list(there.values()))
    for kind, ids in raised.items():
        access.record(events.RAISED, kind="alarm", ids=ids, alarm=kind)
    if any((known := registry.find(kind)) and known.mails for kind in raised):
        outbox.send_after_commit(MAIL_JOB)
    _note_round()
    return [one for ids in raised.values() for one in ids]


def _holding(kinds: list[str]) -> dict[str, dict[str, UUID]]:
    table = table_of(Alarm)
    query = select(table.c.kind, table.c.subject, table.c.id)
    mine = (table.c.fmo_id == scope.fmo_id(), table.c.kind.in_(kinds), table.c.over_at.is_(None))
    held: dict[str, dict[str, UUID]] = {}
    for kind, subject, alarm_id in db.session.execute(query.where(*mine)):
        held.setdefault(kind, {})[subject] = alarm_id
    return held


def _raise(kind: str, one: Finding) -> UUID:
    row: dict[str, Any] = {"fmo_id": scope.fmo_id(), "id": new_id(), "kind": kind, "subject": one.subject}
    db.session.execute(insert(table_of(Alarm)).inline().values(facts=dict(one.facts), **row))
    made: UUID = row["id"]
    return made


def _still(alarm_id: UUID, facts: Mapping[str, Any]) -> None:
    _change([alarm_id], seen_at=func.now(), facts=dict(facts))


def _over(kind: str, ids: list[UUID]) -> None:
    if ids:
        _change(ids, over_at=func.now())
        access.record(events.OVER, kind="alarm", ids=ids, alarm=kind)


def _change(ids: list[UUID], **values: Any) -> None:
    table = table_of(Alarm)
    mine = (table.c.fmo_id == scope.fmo_id(), table.c.id.in_(ids))
    db.session.execute(update(table).where(*mine).values(**values))


def _note_round() -> None:
    table, fmo_id = table_of(AlarmRound), scope.fmo_id()
    new = insert(table).values(fmo_id=fmo_id, id=fmo_id)
    db.session.execute(new.on_conflict_do_update(index_elements=["fmo_id", "id"], set_={"at": func.now()}))
