"""Inviting people: the link, what proves that it is theirs, and their first password."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from portal.core import access, clock, outbox, scope
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.core.scope import Login
from portal.core.session import TenantSession, open_session
from portal.extensions import db
from portal.identity import events
from portal.identity.models import Fmo, Invitation, User
from portal.identity.operations.setting import set_password
from portal.identity.origin import Origin, scope_of
from portal.identity.standing import withdrawn

MAX_TRIES = 5
INVITATION_GOOD_FOR = timedelta(days=7)


def invite(user_id: UUID) -> UUID:
    """Make a new invitation for a user and mail it after this transaction; older unused ones end with the mail.

    The token is made when the mail is sent: nobody but the mailbox ever sees it.
    """
    invitation_id = new_id()
    row = {"fmo_id": scope.fmo_id(), "id": invitation_id, "user_id": user_id}
    db.session.execute(insert(table_of(Invitation)).inline().values(row))
    account = db.session.scalar(select(User.business_id).where(User.id == user_id))
    access.record(events.INVITED, kind="user", ids=[user_id], user_id=str(user_id), business=_named(account))
    outbox.send_after_commit("send_invitation", invitation_id)
    return invitation_id


def void_invitations(user_id: UUID, work: Session | None = None) -> int:
    """End every link of the user that is out or still to be mailed; how many these were."""
    session = work if work is not None else db.session
    unused = (Invitation.user_id == user_id, Invitation.used_at.is_(None), Invitation.voided_at.is_(None))
    ended = update(Invitation).where(*unused).values(voided_at=clock.now()).returning(Invitation.id)
    return len(session.execute(ended.execution_options(synchronize_session=False)).all())


def arm(invitation_id: UUID) -> tuple[User, Fmo, str] | None:
    """Give an invitation its single-use token (job scope): user, FMO and token for the mail, or None if it is spent."""
    columns = (Invitation.id, Invitation.user_id)
    still_good = (Invitation.used_at.is_(None), Invitation.voided_at.is_(None))
    found = db.session.execute(select(*columns).where(Invitation.id == invitation_id, *still_good)).one_or_none()
    if found is None:
        return None
    user = db.session.scalar(select(User).where(User.id == found.user_id))
    fmo = db.session.scalar(select(Fmo).where(Fmo.id == scope.fmo_id()))
    if user is None or fmo is None or user.state != "invited" or withdrawn(user):
        return None
    token = secrets.token_urlsafe(32)
    _update(Invitation.user_id == user.id, token_hash=None)
    sent = {"sent_at": clock.now(), "expires_at": clock.now() + INVITATION_GOOD_FOR}
    _update(Invitation.id == invitation_id, token_hash=token_hash(token), email=user.email, **sent)
    account = _named(user.business_id)
    access.record(events.INVITATION_MAILED, kind="user", ids=[user.id], user_id=str(user.id), business=account)
    return user, fmo, token


def _named(business_id: UUID | None) -> str | None:
    return str(business_id) if business_id else None


def _update(condition: object, **values: object) -> None:
    statement = update(Invitation).where(condition).values(**values)  # type: ignore[arg-type]  # a column comparison
    db.session.execute(statement.execution_options(synchronize_session=False))


def token_hash(token: str) -> str:
    """What is stored of an invitation's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_invitation(work: Session, token: str) -> tuple[Invitation, User] | None:
    """The invitation that `token` opens and its user, locked; None when it opens nothing any more.

    That is so when it is unknown, used, expired, was tried too often, or went to another address than today's.
    """
    invitation = work.scalar(select(Invitation).where(Invitation.token_hash == token_hash(token)).with_for_update())
    if invitation is None or invitation.used_at or invitation.voided_at or invitation.wrong_tries >= MAX_TRIES:
        return None
    if invitation.expires_at is None or invitation.expires_at < clock.now():
        return None
    user = work.scalar(select(User).where(User.id == invitation.user_id))
    invited = user is not None and user.state == "invited" and not withdrawn(user) and invitation.email == user.email
    return (invitation, user) if user is not None and invited else None


def accept(work: TenantSession, invitation: Invitation, user: User, password: str, origin: Origin) -> None:
    """Set the invited person's password, spend the invitation, and log it, all in `work`."""
    set_password(work, user, password)
    invitation.used_at = clock.now()
    user.state = "active"
    work.flush()
    with open_session(scope_of(user, origin=origin, login=Login.IDENTITY)) as log:
        access.record(events.INVITATION_USED, kind="user", ids=[user.id], session=log)
        access.write_entries(log)


def refuse(invitation: Invitation, user: User, origin: Origin) -> None:
    """Count a wrong NPN against the invitation and log it."""
    invitation.wrong_tries += 1
    with open_session(scope_of(user, origin=origin, login=Login.IDENTITY)) as log:
        access.record(events.INVITATION_REFUSED, kind="user", ids=[user.id], session=log, why="another NPN")
        access.pending(log)[-1].outcome = "refused"
        access.write_entries(log)


def canonical_npn(text: str | None) -> str:
    """The digits of an NPN without leading zeros, as every NPN is stored and compared."""
    return "".join(character for character in text or "" if character.isascii() and character.isdigit()).lstrip("0")
