"""FMOs and accounts as the operator keeps them, under the login `identity`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal.core import access
from portal.core.events import Event
from portal.core.ids import new_id
from portal.core.scope import Login, Role, Scope
from portal.core.session import TenantSession, open_session
from portal.identity import events, passwords, sessions
from portal.identity.factors import operations as factors
from portal.identity.models import Credential, Fmo, User
from portal.identity.operations import set_password, void_invitations
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.staff import notices

OPERATOR = "Operator at the shell"


class AccountError(Exception):
    """An account cannot be made or changed; the text says why."""


def add_fmo(slug: str, name: str, *, contact: tuple[str, str, str] | None = None) -> Fmo:
    """Add an FMO. `contact` is name, phone and e-mail of whom its agents may call."""
    fmo = Fmo(id=new_id(), slug=slug, name=name)
    if contact:
        fmo.contact_name, fmo.contact_phone, fmo.contact_email = contact
    try:
        with open_session(_scope(fmo)) as work:
            work.add(fmo)
            work.flush()
            _log(work, events.FMO_ADDED, kind="fmo", row=fmo)
    except IntegrityError as error:
        raise AccountError(f"There is an FMO with the slug {slug} already. Choose another one.") from error
    return fmo


def fmo_by_slug(slug: str) -> Fmo:
    """The FMO of that slug; raises `AccountError`."""
    with open_session(IDENTITY_SCOPE) as work:
        fmo = work.scalar(select(Fmo).where(Fmo.slug == slug))
    if fmo is None:
        raise AccountError(f"There is no FMO with the slug {slug}. `flask fmo add` makes one.")
    return fmo


def add_officer(slug: str, email: str, role: Role, first_name: str, last_name: str, password: str) -> User:
    """Add somebody of the FMO's staff or a compliance officer, active, with a password."""
    fmo = fmo_by_slug(slug)
    user = User(
        fmo_id=fmo.id,
        id=new_id(),
        email=email.strip().lower(),
        first_name=first_name,
        last_name=last_name,
        role=role,
        state="active",
    )
    try:
        with open_session(_scope(fmo)) as work:
            work.add(user)
            work.flush()
            work.add(Credential(fmo_id=fmo.id, id=user.id, password_hash=passwords.hash_password(password)))
            work.flush()
            _log(work, events.USER_ADDED, kind="user", row=user, role=role.value)
    except IntegrityError as error:
        raise AccountError("This e-mail address cannot be used. Choose another one.") from error
    return user


LAST_ADMIN = (
    "{email} is the last active administrator of {fmo}: nobody could add or let in anybody there. Nothing was changed."
    " Add another one with `flask user add`, or say --yes-last if that is what you want."
)


def deactivate(email: str, *, even_last: bool = False) -> None:
    """End a user's sign-in from the next request on; policies stay where they are.

    The last active administrator of an FMO stays unless `even_last`; raises `AccountError`.
    """
    user = _user(email)
    with open_session(_scope_of(user)) as work:
        if not even_last and _is_last_admin(work, user):
            fmo = work.scalars(select(Fmo.name).where(Fmo.id == user.fmo_id)).one()
            raise AccountError(LAST_ADMIN.format(email=user.email, fmo=fmo))
        held = work.merge(user)
        held.state = "deactivated"
        work.flush()
        void_invitations(user.id, work)
        sessions.end_all_of(user.id, work=work)
        _log(work, events.USER_STATE, kind="user", row=held, state="deactivated")


def reset_password(email: str, password: str) -> None:
    """Set a user's password anew, make the account active, and end its sessions."""
    user = _user(email)
    with open_session(_scope_of(user)) as work:
        held = work.merge(user)
        held.state = "active"
        set_password(work, user, password)
        sessions.end_all_of(user.id, work=work)
        notices.note(work, held, "password", by_id=None)
        _log(work, events.PASSWORD_RESET, kind="user", row=held)


def reset_factor(email: str, reason: str) -> int:
    """Take away a user's second factors and recovery codes, and end their sessions; how many factors these were."""
    user = _user(email)
    gone = factors.reset(user.id, _scope_of(user), reason=reason)
    with open_session(_scope_of(user)) as work:
        notices.note(work, user, "factor", by_id=None)
    return gone


def _is_last_admin(work: TenantSession, user: User) -> bool:
    """Whether the FMO has no other active administrator; the answer holds until `work` ends."""
    if user.role is not Role.FMO_ADMIN or user.state != "active" or user.suspended_at is not None:
        return False
    work.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"portal.admins:{user.fmo_id}", 0))))
    others = (User.fmo_id == user.fmo_id, User.role == Role.FMO_ADMIN, User.state == "active", User.id != user.id)
    return not work.scalar(select(func.count()).select_from(User).where(*others, User.suspended_at.is_(None)))


def _user(email: str) -> User:
    with open_session(IDENTITY_SCOPE) as work:
        user = work.scalar(select(User).where(User.email == email.strip().lower()))
    if user is None:
        raise AccountError(f"Nobody signs in with {email}.")
    return user


def _log(work: TenantSession, event: Event, *, kind: str, row: Fmo | User, **detail: Any) -> None:
    access.record(event, kind=kind, ids=[row.id], session=work, **detail)
    access.write_entries(work)


def _scope(fmo: Fmo) -> Scope:
    return Scope(login=Login.IDENTITY, role=Role.SYSTEM, fmo_id=fmo.id, actor_name=OPERATOR)


def _scope_of(user: User) -> Scope:
    return Scope(login=Login.IDENTITY, role=Role.SYSTEM, fmo_id=user.fmo_id, actor_name=OPERATOR)
