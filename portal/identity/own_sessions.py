"""Where somebody is signed in, for themselves: the sessions, and ending them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from portal.core import access, clock, scope
from portal.core.scope import Login, Scope
from portal.core.session import TenantSession, open_session
from portal.identity import limits, sessions
from portal.identity.events import SESSIONS_ENDED
from portal.identity.models import Fmo, LoginSession

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows")),
    *(("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")),
)


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One session as its person sees it."""

    id: UUID
    browser: str
    address: str | None
    since: datetime
    last_seen: datetime
    this: bool


def of_actor() -> list[OwnSession]:
    """The sessions of the actor that are not over: this one first, then by when they were last used."""
    at_work = scope.current()
    mine = (LoginSession.user_id == at_work.actor_id, LoginSession.fmo_id == at_work.fmo_id)
    with _as_identity(at_work) as work:
        rows = work.execute(select(LoginSession, Fmo.rules).join(Fmo).where(*mine)).all()
    now = clock.now()
    living = [row for row, rules in rows if limits.times(row, at_work.role, rules).ends_at > now]
    living.sort(key=lambda row: (row.id == at_work.session_id, row.last_seen_at), reverse=True)
    return [
        OwnSession(
            *(row.id, named(row.user_agent), row.address, row.created_at, row.last_seen_at),
            this=row.id == at_work.session_id,
        )
        for row in living
    ]


def end(session_id: UUID) -> bool:
    """End one session of the actor, and log it; False where they have none of that id."""
    at_work = scope.current()
    with _as_identity(at_work) as work:
        mine = (LoginSession.id == session_id, LoginSession.user_id == at_work.actor_id)
        if work.scalar(delete(LoginSession).where(*mine).returning(LoginSession.id)) is None:
            return False
        _log(work, at_work, 1)
    return True


def end_others() -> int:
    """End all sessions of the actor but this one, and log it; how many these were."""
    at_work = scope.current()
    assert at_work.actor_id is not None, "only a person has sessions"
    with _as_identity(at_work) as work:
        ended = sessions.end_all_of(at_work.actor_id, at_work.session_id, work=work)
        if ended:
            _log(work, at_work, ended)
    return ended


@contextmanager
def _as_identity(at_work: Scope) -> Iterator[TenantSession]:
    """A session of the login that alone reads and ends sessions, for the same person."""
    with open_session(replace(at_work, login=Login.IDENTITY)) as work:
        yield work


def _log(work: TenantSession, at_work: Scope, ended: int) -> None:
    who = [at_work.actor_id] if at_work.actor_id else []
    access.record(SESSIONS_ENDED, kind="user", ids=who, session=work, sessions=ended)
    access.write_entries(work)


def named(user_agent: str | None) -> str:
    """A browser in words: "Firefox on Linux"; what it says of itself is not proved."""
    text = user_agent or ""
    browser = next((name for sign, name in _BROWSERS if sign in text), "")
    system = next((name for sign, name in _SYSTEMS if re.search(rf"\b{sign}\b", text)), "")
    return (
        " on ".join(part for part in (browser or ("A browser" if system else ""), system) if part) or "Another program"
    )
