"""Setting up and removing factors. Every change ends the person's other sessions and is told them by mail."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from portal.core import access, clock, crypto, outbox
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.core.scope import Login, Scope
from portal.core.session import TenantSession, open_session
from portal.identity import sessions
from portal.identity.factors import demands, events, kinds, queries, recovery, totp
from portal.identity.factors.models import ProofCount, RecoveryCode, TotpFactor
from portal.identity.factors.operations.proving import SEED, as_user, hold_count
from portal.identity.models import User
from portal.identity.origin import Origin


class LastFactor(Exception):
    """The factor cannot be removed: one is demanded of the person, and they hold no other."""


def changed(work: TenantSession, user: User, what: str, *, but: UUID | None) -> None:
    """After any change of somebody's factors: their sessions end, except `but`, and a mail without secrets tells them.

    `what`: one of the words of `factors.mail`. For every kind of factor; in the transaction of the change.
    """
    sessions.end_all_of(user.id, but, work=work)
    outbox.send_after_commit("tell_factor_change", user.id, what, session=work)


def add_totp(
    user: User, seed: str, code: str, origin: Origin, *, but: UUID | None = None, replace: bool = False
) -> bool:
    """Set up the app that has `seed` if `code` comes from it; the code is used up by that.

    `replace`: in place of the app that the person has. Without it somebody who holds any factor gets no other: one
    proved factor must not be enough, also where another one was set up in this moment.
    """
    step = totp.step_of(seed, totp.digits(code), clock.now())
    if step is None:
        return False
    stored = crypto.encrypt(seed, fmo_id=user.fmo_id, field=SEED)
    with as_user(user, origin) as work:
        hold_count(work, user)  # two windows that each set one up wait for each other
        if replace:
            _drop_totp(work, user)
        elif kinds.held_by(work, user):
            return False
        values = {"fmo_id": user.fmo_id, "id": new_id(), "user_id": user.id, "seed": stored, "last_step": step}
        made = insert(table_of(TotpFactor)).values(values).on_conflict_do_nothing().returning(TotpFactor.id)
        if work.execute(made).first() is None:
            return False
        access.record(events.ADDED, kind="user", ids=[user.id], session=work, kind_of_proof="totp")
        changed(work, user, "added", but=but)
    return True


def remove_totp(user: User, origin: Origin, *, but: UUID | None = None) -> None:
    """Remove the person's app; raises `LastFactor`."""
    with as_user(user, origin) as work:
        sure_to_keep_one(work, user)
        if not _drop_totp(work, user):
            return
        access.record(events.REMOVED, kind="user", ids=[user.id], session=work, kind_of_proof="totp")
        without_factors(work, user)
        changed(work, user, "removed", but=but)


def sure_to_keep_one(work: TenantSession, user: User) -> None:
    """Before one factor of any kind is removed: raises `LastFactor` where it is the last and one is demanded.

    Until the transaction ends nobody else removes one of theirs.
    """
    hold_count(work, user)
    if sum(kinds.held_by(work, user).values()) <= 1 and demands.demanded_of(work, user):
        raise LastFactor


def without_factors(work: TenantSession, user: User) -> None:
    """After a factor was removed: recovery codes stand in for one, so they go with the last."""
    if not kinds.held_by(work, user):
        drop_codes(work, user)


def make_codes(user: User, origin: Origin, *, but: UUID | None = None) -> list[str]:
    """Ten new recovery codes in place of all older ones. Only their hashes stay: show them now."""
    with as_user(user, origin) as work:
        codes = _new_codes(work, user)
        changed(work, user, "codes", but=but)
    return codes


def make_codes_if_none(user: User, origin: Origin) -> list[str]:
    """Ten recovery codes for somebody who has none that still works, beside their new factor; else nothing."""
    with as_user(user, origin) as work:
        return [] if queries.codes_left(work, user) else _new_codes(work, user)


def _new_codes(work: TenantSession, user: User) -> list[str]:
    hold_count(work, user)
    drop_codes(work, user)
    codes = [recovery.new_code(slot) for slot in range(recovery.COUNT)]
    for slot, code in enumerate(codes):
        hashed = recovery.hash_of(code)
        work.add(RecoveryCode(fmo_id=user.fmo_id, id=new_id(), user_id=user.id, slot=slot, code_hash=hashed))
    access.record(events.CODES_MADE, kind="user", ids=[user.id], session=work)
    return codes


def reset(user_id: UUID, by: Scope, *, reason: str | None = None) -> int:
    """Take away every factor and recovery code of somebody who lost theirs; how many factors these were.

    `by` is who does it, in the user's FMO (`LookupError` for a user of another); whether they may is the caller's
    question. The person signs in with one factor next and, where one is demanded, sets up a new one.
    """
    with open_session(replace(by, login=Login.IDENTITY)) as work:
        user = work.scalar(select(User).where(User.id == user_id, User.fmo_id == by.fmo_id))
        if user is None:
            raise LookupError("no user of that id in the FMO")
        hold_count(work, user)
        held = kinds.held_by(work, user)
        for kind in kinds.every():
            kind.drop(work, user)
        drop_codes(work, user)
        work.execute(delete(ProofCount).where(ProofCount.id == user.id))
        known = sorted(held)
        access.record(events.RESET, kind="user", ids=[user.id], session=work, reason=reason, kinds=known)
        changed(work, user, "reset", but=None)
        work.flush()
        access.write_entries(work)
    return sum(held.values())


def _drop_totp(work: TenantSession, user: User) -> int:
    gone = delete(TotpFactor).where(TotpFactor.user_id == user.id).returning(TotpFactor.id)
    return len(work.execute(gone.execution_options(synchronize_session=False)).all())


def drop_codes(work: TenantSession, user: User) -> int:
    """Remove every recovery code of the person; how many that were."""
    gone = delete(RecoveryCode).where(RecoveryCode.user_id == user.id).returning(RecoveryCode.id)
    return len(work.execute(gone.execution_options(synchronize_session=False)).all())


TOTP = kinds.register(
    kinds.Kind(
        name="totp",
        held=queries.totp_count,
        drop=_drop_totp,
        holders=queries.totp_holders,
        prove="identity/factors/_prove_totp.html",
        enrol="identity/factors/_offer_totp.html",
    )
)
