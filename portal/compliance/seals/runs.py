"""Verifications that are kept: asked for on the page and done by a job, or done every day by the sealer."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update

from portal.compliance import verification
from portal.compliance.seals import checking, events, queries
from portal.compliance.seals.contents import Found
from portal.compliance.seals.models import INSTALLATION, SealCheck
from portal.compliance.seals.scopes import chains, sealing
from portal.config import load_settings
from portal.core import access, clock, outbox, scope
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.core.scope import Login
from portal.core.session import open_session
from portal.extensions import db

NOBODY = "The sealer"
EVERY = timedelta(hours=24)
TELL_EVERY = 1.0


def order() -> None:
    """Ask for a verification of the officer's own log; one that is under way is enough."""
    if queries.under_way() is not None:
        return
    at_work, check_id = scope.current(), new_id()
    asked = {"asked_by": at_work.actor_id, "asked_name": at_work.actor_name}
    db.session.execute(table_of(SealCheck).insert().inline().values(fmo_id=scope.fmo_id(), id=check_id, **asked))
    outbox.send_after_commit("verify_log", check_id)
    access.record(events.ORDERED, kind="seal_check", ids=[check_id])


def carry_out(chain: UUID, check_id: UUID) -> None:
    """Do one verification and keep what it found; one that is over stays as it is."""
    table = table_of(SealCheck)
    this = table.c.id == check_id

    def keep(**values: object) -> None:
        with open_session(sealing(chain)) as session:
            session.execute(update(table).where(this, table.c.ended_at.is_(None)).values(beat_at=func.now(), **values))

    told = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > TELL_EVERY:
            told = time.monotonic()
            keep(entries=done, total=total)

    with open_session(sealing(chain)) as session:
        if session.scalar(select(table.c.id).where(this, table.c.ended_at.is_(None))) is None:
            return
    found = _verified(chain, tell)
    kept = {"entries": found.entries, "seals": found.seals, "fault_count": found.fault_count, "faults": found.faults}
    keep(ended_at=clock.now(), total=found.entries, archived=found.archived, **kept)


def _verified(chain: UUID, tell: checking.Tell) -> Found:
    if chain == INSTALLATION:
        return checking.verify(chain, tell)
    return verification.verify_fmo(chain, _name_of, tell)


def _name_of(login: Login) -> str:
    return load_settings().login_name(login.value)


def daily() -> int:
    """Verify every chain that nobody but a person had verified for a day; the number of chains."""
    done = 0
    for chain in chains():
        check_id = _claim(chain)
        if check_id is not None:
            carry_out(chain, check_id)
            done += 1
    return done


def _claim(chain: UUID) -> UUID | None:
    """A new row for the daily verification of a chain, where it is due; of two sealers one gets it."""
    table = table_of(SealCheck)
    with open_session(sealing(chain)) as session:
        if not session.scalar(
            select(func.pg_try_advisory_xact_lock(func.hashtextextended(f"portal.check:{chain}", 0)))
        ):
            return None
        lives = table.c.ended_at.is_not(None) | (table.c.beat_at > func.now() - queries.DEAD)
        lately = (table.c.asked_by.is_(None), table.c.begun_at > func.now() - EVERY, lives)
        if session.scalar(select(table.c.id).where(*lately).limit(1)) is not None:
            return None
        check_id = new_id()
        session.execute(table.insert().inline().values(fmo_id=chain, id=check_id, asked_name=NOBODY))
        return check_id
