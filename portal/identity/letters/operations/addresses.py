"""Another e-mail address: asked for by its owner and confirmed from its mailbox, or set by the FMO.

That an address is in use is an FMO's neighbour's business, or a competitor's: nobody is told more than that an address
cannot be used, and whoever asks often is told nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portal.core import access, clock
from portal.core.scope import Login
from portal.core.session import TenantSession, open_session
from portal.identity.guessing import limits
from portal.identity.guessing.evenness import at_least
from portal.identity.letters import events
from portal.identity.letters.operations.writing import end_links, write_letter
from portal.identity.letters.queries import open_letter
from portal.identity.letters.words import CONFIRM, EMAIL_CHANGED
from portal.identity.models import User
from portal.identity.origin import Origin, scope_of

GOOD_FOR = timedelta(hours=24)
ASKED_BY_ONE_USER = limits.Limit("change of an address", most=5, within=timedelta(hours=24))
TOLD_TO_ONE_USER = limits.Limit("address in use", most=10, within=timedelta(hours=1))
OFTEN = (
    "You tried many e-mail addresses that cannot be used, so no further one is tried now. Nothing was saved. Try again"
    " in an hour."
)
TAKES = 0.4  # seconds, several times what the longest way takes


class Taken(Exception):
    """The address belongs to somebody already, at whatever FMO."""


class TooOften(Exception):
    """Somebody was told too often that an address cannot be used; no further one is tried. The text says so."""


@contextmanager
def trying(actor_id: UUID | None) -> Iterator[None]:
    """Try inside whether an address can be used; raise `Taken` there where not. Raises `TooOften`.

    Nobody learns which addresses have an account by trying them. The count outlives a transaction that is rolled back.
    """
    knock = limits.knock(TOLD_TO_ONE_USER, str(actor_id))
    if knock.over:
        raise TooOften(OFTEN)
    try:
        yield
    except Taken:
        raise
    except BaseException:
        limits.give_back(knock)
        raise
    limits.give_back(knock)


def ask_email(user: User, wanted: str, origin: Origin) -> None:
    """Mail a link to the address that `user` wants, if it can be theirs; nothing that can be seen tells.

    The owner of an address that is in use gets no mail.
    """
    email = wanted.strip().lower()
    with at_least(TAKES):
        knock = limits.knock(ASKED_BY_ONE_USER, str(user.id))
        with open_session(scope_of(user, origin=origin, login=Login.IDENTITY)) as work:
            in_use = work.scalar(select(User.id).where(User.email == email)) is not None
            why = "too many" if knock.over else "in use" if in_use else None
            if why is None:
                write_letter(work, user, CONFIRM, to=email, good_for=GOOD_FOR)
                access.record(events.EMAIL_ASKED, kind="user", ids=[user.id], session=work)
            else:
                access.record(events.EMAIL_REFUSED, kind="user", ids=[user.id], session=work, why=why)
                access.pending(work)[-1].outcome = "refused"
            access.write_entries(work)


def use_confirmation(user: User, token: str, origin: Origin) -> bool:
    """Let `user` sign in by the address to which the link `token` went; False where it can no longer be theirs."""
    try:
        with open_session(scope_of(user, origin=origin, login=Login.IDENTITY)) as work:
            found = open_letter(work, CONFIRM, token)
            if found is None:
                return False
            letter, held = found
            letter.used_at = clock.now()
            work.flush()
            change_email(work, held, letter.email)
            access.write_entries(work)
    except Taken:
        return False
    return True


def change_email(work: TenantSession, user: User, email: str) -> None:
    """Give `user` another address in `work`, flushed: links and sessions end, the old address is told. Raises `Taken`.

    Sessions end by the database's doing. The change is logged without either address.
    """
    old = user.email
    try:
        with work.begin_nested():
            changed = update(User).where(User.id == user.id).values(email=email)
            work.execute(changed.execution_options(synchronize_session=False))
    except IntegrityError as error:
        if "uq_portal_user_email" not in str(error.orig):
            raise
        raise Taken from error
    work.refresh(user)
    ended = end_links(work, user)
    write_letter(work, user, EMAIL_CHANGED, to=old)
    account = str(user.business_id) if user.business_id else None
    access.record(
        events.EMAIL_CHANGED, kind="user", ids=[user.id], fields=["email"], session=work, ended=ended, business=account
    )
