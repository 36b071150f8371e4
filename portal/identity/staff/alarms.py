"""The mail that tells officers of alarms: which, since when and what to do. Kinds and counts; no member, no words that
somebody typed, and not whom an alarm is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from email.message import EmailMessage

from sqlalchemy import ColumnElement, func, select, update

from portal.compliance.alarms import events, registry
from portal.compliance.alarms.models import Alarm
from portal.compliance.alarms.watching import MAIL_JOB
from portal.config import load_settings
from portal.core import access, clock, outbox, scope
from portal.core.models import table_of
from portal.core.scope import Role
from portal.core.words import counted
from portal.extensions import db
from portal.identity.mail import compose, deliver, one_line
from portal.identity.models import Fmo, User

TRY_AGAIN_AFTER, TRY_FOR = timedelta(minutes=3), timedelta(days=2)
_alarm = table_of(Alarm)


def tell() -> None:
    """One mail to every officer who may sign in, of all alarms that were not told yet (job scope); once."""
    columns = (_alarm.c.id, _alarm.c.kind, _alarm.c.facts, _alarm.c.raised_at)
    waiting = select(*columns).where(*_untold()).order_by(_alarm.c.raised_at, _alarm.c.id).with_for_update()
    found = db.session.execute(waiting).all()
    fmo = db.session.scalar(select(Fmo).where(Fmo.id == scope.fmo_id()))
    active = (User.role == Role.COMPLIANCE, User.state == "active", User.suspended_at.is_(None))
    officers = db.session.scalars(select(User).where(*active).order_by(User.id)).all()
    if not found or fmo is None or not officers:
        return
    lines = [_line(row.kind, row.facts, clock.moment(row.raised_at)) for row in found]
    for officer in officers:
        deliver(_mail(fmo, officer, lines))
    ids = [row.id for row in found]
    mine = (_alarm.c.fmo_id == scope.fmo_id(), _alarm.c.id.in_(ids))
    db.session.execute(update(_alarm).where(*mine).values(mailed_at=func.now()))
    access.record(events.TOLD, kind="alarm", ids=ids, officers=len(officers))


def order_again() -> None:
    """After a mail that failed (job scope): order it again, for as long as an alarm is younger than two days."""
    young = _alarm.c.raised_at > clock.now() - TRY_FOR
    if db.session.scalar(select(_alarm.c.id).where(*_untold(), young).limit(1)) is not None:
        outbox.send_after_commit(MAIL_JOB, wait=TRY_AGAIN_AFTER)


def _untold() -> tuple[ColumnElement[bool], ...]:
    mails = [kind.name for kind in registry.every() if kind.mails]
    return (_alarm.c.fmo_id == scope.fmo_id(), _alarm.c.kind.in_(mails), _alarm.c.mailed_at.is_(None))


def _line(name: str, facts: dict[str, object], at: str) -> str:
    kind = registry.find(name)
    assert kind is not None, "only kinds that are known are asked for"
    return f"{kind.title}\n{kind.says(facts)}\nRaised {at}. {kind.to_do}\n"


def _mail(fmo: Fmo, officer: User, lines: Sequence[str]) -> EmailMessage:
    waits = "An alarm waits for you" if len(lines) == 1 else f"{counted(len(lines), 'alarm')} wait for you"
    return compose(
        fmo,
        officer.email,
        f"{waits} in the portal",
        f"Hello {one_line(officer.first_name)},\n\n{waits}.\n\n"
        + "\n".join(lines)
        + f"\nWhom it is about, and the place for your note:\n\n{load_settings().public_url}/compliance/alarms\n\n"
        "Every compliance officer gets this mail. An alarm is told once, however long it holds.\n",
    )
