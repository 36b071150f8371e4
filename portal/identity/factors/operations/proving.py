"""Proving factors: one attempt at a time for each person, counted by the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from portal.core import access, clock, crypto
from portal.core.models import table_of
from portal.core.scope import Login
from portal.core.session import TenantSession, open_session
from portal.identity import passwords
from portal.identity.factors import events, queries, recovery, totp
from portal.identity.factors.models import ProofCount, RecoveryCode, TotpFactor
from portal.identity.models import Credential, User
from portal.identity.origin import Origin, scope_of

MAX_TRIES = 5
LOCKED_FOR, LONGEST_LOCK = timedelta(minutes=15), timedelta(hours=24)
SEED = "totp_factor.seed"
Check = Callable[[TenantSession], bool]


class Outcome(StrEnum):
    """How an attempt to prove a factor ended; OVER: there were too many, and the session at hand must end."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"


@contextmanager
def as_user(user: User, origin: Origin) -> Iterator[TenantSession]:
    """A transaction of the login `identity` in which `user` acts; its log entries are written with it."""
    with open_session(scope_of(user, origin=origin, login=Login.IDENTITY)) as work:
        yield work
        work.flush()
        access.write_entries(work)


def attempt(user: User, kind: str, check: Check, origin: Origin, *, at: str) -> Outcome:
    """Let `check` say whether the proof at hand is right, count it, and log it. `at`: "second" or "step_up".

    One person's attempts wait for each other, over all sessions and processes, so that none escapes the count. The
    count is the database's: it holds where Redis is gone.
    """
    with as_user(user, origin) as work:
        count = hold_count(work, user)
        locked = count.locked_until is not None and count.locked_until > clock.now()
        if not locked and check(work):
            count.failed_count = count.locks = 0
            count.locked_until = None
            access.record(events.PROVED, kind="user", ids=[user.id], session=work, kind_of_proof=kind, at=at)
            return Outcome.RIGHT
        why = "locked" if locked else _count_wrong(count)
        mine = [user.id]
        access.record(events.REFUSED, kind="user", ids=mine, session=work, kind_of_proof=kind, at=at, why=why)
        access.pending(work)[-1].outcome = "refused"
        return Outcome.WRONG if why == "wrong" else Outcome.OVER


def hold_count(work: TenantSession, user: User) -> ProofCount:
    """The person's count, theirs alone until the transaction ends: whatever concerns their factors waits for it."""
    new = {"fmo_id": user.fmo_id, "id": user.id}
    work.execute(insert(table_of(ProofCount)).values(new).on_conflict_do_nothing())
    return work.scalars(select(ProofCount).where(ProofCount.id == user.id).with_for_update()).one()


def _count_wrong(count: ProofCount) -> str:
    count.failed_count += 1
    if count.failed_count < MAX_TRIES:
        return "wrong"
    count.failed_count = 0
    count.locked_until = clock.now() + min(LOCKED_FOR * 2 ** min(count.locks, 10), LONGEST_LOCK)
    count.locks += 1
    return "too many"


def code_is_right(user: User, code: str) -> Check:
    """A check of an app's code: each is taken once, also where several come at the same moment."""

    def check(work: TenantSession) -> bool:
        factor = queries.totp_of(work, user)
        if factor is None:
            return False
        seed = crypto.decrypt(factor.seed, fmo_id=user.fmo_id, field=SEED)
        step = totp.step_of(seed, totp.digits(code), clock.now())
        if step is None:
            return False
        newer = (TotpFactor.id == factor.id, TotpFactor.last_step < step)
        taken = update(TotpFactor).where(*newer).values(last_step=step).returning(TotpFactor.id)
        return work.scalar(taken.execution_options(synchronize_session=False)) is not None

    return check


def recovery_is_right(user: User, code: str) -> Check:
    """A check of a recovery code, which is used up by it."""

    def check(work: TenantSession) -> bool:
        typed = recovery.canonical(code)
        slot = recovery.slot_of(typed)
        unused = (RecoveryCode.user_id == user.id, RecoveryCode.slot == slot, RecoveryCode.used_at.is_(None))
        found = work.scalar(select(RecoveryCode).where(*unused).with_for_update()) if slot is not None else None
        if not recovery.matches(found.code_hash if found else None, typed):
            return False
        assert found is not None
        found.used_at = clock.now()
        return True

    return check


def password_is_right(user: User, password: str) -> Check:
    """A check of the password, for who needs no second factor."""

    def check(work: TenantSession) -> bool:
        credential = work.scalar(select(Credential).where(Credential.id == user.id))
        return passwords.matches(credential.password_hash if credential else None, password)

    return check
