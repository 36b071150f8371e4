"""Beginning a recertification, keeping its lines up to date, deciding, and signing.

Everything that writes takes the recertification's row first: of two officers the second sees what the first one did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.compliance.recertification import events, people, queries, roles, statement
from portal.compliance.recertification.models import CONFIRMED, ENDED, WITHDRAWN, Recertification, RecertificationLine
from portal.compliance.recertification.people import Person
from portal.compliance.seals import signing
from portal.core import access, clock
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.core.scope import Scope
from portal.extensions import db

Line = RecertificationLine
YOURSELF = "Nobody recertifies their own access. Another compliance officer must decide about yours."
SIGNED = "This recertification is signed; nothing of it can be changed."


class Refused(Exception):
    """Nothing was changed; the text says why and what to do."""


def begin(*, by: Scope) -> Recertification:
    """Begin the recertification of this quarter with everybody who has access now; the one that is there, else."""
    quarter = queries.this_quarter()
    row = {"fmo_id": by.fmo_id, "id": new_id(), "quarter": quarter, "roles": roles.in_words()}
    row |= {"begun_by": by.actor_id, "begun_name": by.actor_name}
    new = insert(table_of(Recertification)).values(row).on_conflict_do_nothing(index_elements=["fmo_id", "quarter"])
    made = db.session.execute(new.returning(table_of(Recertification).c.id)).scalar_one_or_none()
    found = queries.of_quarter(quarter)
    assert found is not None, "there is one, made here or by the officer who was first"
    if made is not None:
        added, _ = _renew(found)
        access.record(events.BEGUN, kind="recertification", ids=[found.id], quarter=quarter, users=added)
    return found


def hold(found: Recertification) -> Recertification:
    """The same row, as it is once nobody else is at it; raises `Refused` where it is signed."""
    query = select(Recertification).where(Recertification.id == found.id).with_for_update()
    held = db.session.scalars(query.execution_options(populate_existing=True)).one()
    if held.signed_at is not None:
        raise Refused(SIGNED)
    return held


def renew(found: Recertification, *, asked: bool = False) -> int:
    """Bring the lines up to date with who has access now; how many users must be decided about because of it.

    `asked`: by an officer, and so in the log whatever comes of it. Raises `Refused` where it is signed.
    """
    added, reopened = _renew(hold(found))
    if added or reopened or asked:
        ids, waiting = [found.id], added + reopened
        access.record(events.RENEWED, kind="recertification", ids=ids, quarter=found.quarter, users=waiting)
    return added + reopened


def _renew(found: Recertification) -> tuple[int, int]:
    """How many users are new, and of how many the decision no longer holds since their access is another one now."""
    now = {person.id: person for person in people.everybody()}
    current = {line.user_id: line for line in queries.lines_of(found) if line.decision != WITHDRAWN}
    fresh = [_row(found, person) for key, person in now.items() if key not in current]
    if fresh:
        db.session.execute(insert(table_of(Line)).inline(), fresh)
    reopened = 0
    for key, line in current.items():
        person = now.get(key)
        if person is None:
            if line.decision is None:
                line.decision, line.decided_at, line.decided_name = ENDED, clock.now(), "Portal"
        elif line.decision is None or line.decision == ENDED or _access(line) != _access(person):
            reopened += line.decision is not None
            _take_over(line, person)
    found.roles, found.renewed_at = roles.in_words(), clock.now()
    db.session.flush()
    return len(fresh), reopened


def _access(one: RecertificationLine | Person) -> tuple[object, ...]:
    return one.role, one.account_id, one.npn


def _values(person: Person) -> dict[str, Any]:
    names = ("name", "email", "role", "account_id", "account", "npn", "state", "last_sign_in_at", "has_factor")
    return {name: getattr(person, name) for name in names} | {"sort_key": _sort_key(person)}


def _sort_key(person: Person) -> str:
    return f"{roles.place(person.role)} {person.name.casefold()}"


def _row(found: Recertification, person: Person) -> dict[str, Any]:
    mine = {"fmo_id": found.fmo_id, "id": new_id(), "recertification_id": found.id, "user_id": person.id}
    return mine | _values(person)


def _take_over(line: RecertificationLine, person: Person) -> None:
    for name, value in _values(person).items():
        setattr(line, name, value)
    line.decision = line.decided_at = line.decided_by = line.decided_name = line.note = None


def confirm(found: Recertification, ids: Sequence[UUID], note: str | None, *, by: Scope) -> int:
    """Confirm the access of the users of these lines; how many that were. One's own line and decided ones are left."""
    hold(found)
    words = {"decided_at": func.now(), "decided_by": by.actor_id, "decided_name": by.actor_name}
    undecided = (Line.recertification_id == found.id, Line.id.in_(ids), Line.decision.is_(None))
    confirmed = db.session.scalars(
        update(Line)
        .where(*undecided, Line.user_id != by.actor_id)
        .values({**words, "decision": CONFIRMED, "note": note or None})
        .returning(Line.user_id)
        .execution_options(synchronize_session=False)
    ).all()
    if confirmed:
        access.record(events.CONFIRMED, kind="user", ids=sorted(confirmed), quarter=found.quarter)
    return len(confirmed)


def withdraw(found: Recertification, line_id: UUID, note: str, *, by: Scope) -> RecertificationLine:
    """Withdraw the access of the user of a line, at once; raises `Refused`. One who was confirmed may be withdrawn."""
    hold(found)
    line = queries.line_of(found, line_id, to_change=True)
    if line is None or line.decision in (WITHDRAWN, ENDED):
        raise Refused("Somebody else has decided about this user before. Nothing was changed.")
    if line.user_id == by.actor_id:
        raise Refused(YOURSELF)
    try:
        people.withdraw(line.user_id, by)
    except people.NotWithdrawn as error:
        raise Refused(str(error)) from error
    line.decision, line.note, line.decided_at = WITHDRAWN, note, clock.now()
    line.decided_by, line.decided_name = by.actor_id, by.actor_name
    db.session.flush()
    access.record(events.WITHDRAWN, kind="user", ids=[line.user_id], reason=note, quarter=found.quarter)
    return line


def sign(found: Recertification, *, by: Scope) -> Recertification:
    """Sign what was decided, after a last look at who has access; raises `Refused` where somebody is undecided."""
    renew(found)
    held = hold(found)
    lines = queries.lines_of(held)
    undecided = [line for line in lines if line.decision is None]
    if undecided:
        raise Refused(_why_open(undecided, by))
    now = clock.now()
    text = statement.made_of(held, lines, signed_at=now, by=(by.actor_id, by.actor_name))
    made = signing.sign(text.encode())
    held.signed_at, held.signed_by, held.signed_name = now, by.actor_id, by.actor_name
    held.statement, held.key_id, held.signature = text, made.key_id, made.signature
    db.session.flush()
    users = len(lines)
    access.record(events.SIGNED, kind="recertification", ids=[held.id], quarter=held.quarter, users=users)
    return held


def _why_open(undecided: Sequence[RecertificationLine], by: Scope) -> str:
    if [line.user_id for line in undecided] == [by.actor_id]:
        return f"Only your own access is left. {YOURSELF} Until then it stays open."
    users = "1 user is" if len(undecided) == 1 else f"{len(undecided):,} users are"
    return f"{users} not decided yet, those included who joined or whose access changed meanwhile. It is not signed."
