"""Acting as somebody without a browser, as a request or a job of theirs would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from flask import Flask

from portal.businesses.models import Business
from portal.core import access, scope
from portal.core.ids import new_id
from portal.core.scope import Role, Scope
from portal.extensions import db
from portal.identity.models import Fmo, User


def scope_of(role: Role, fmo: Fmo | UUID, business: Business | UUID | None = None, npn: str | None = None) -> Scope:
    """The scope of somebody with `role`; a Limited agent needs the `npn` that is theirs."""
    return Scope(
        login=role.login,
        role=role,
        fmo_id=fmo if isinstance(fmo, UUID) else fmo.id,
        business_id=business.id if isinstance(business, Business) else business,
        own_npn=npn if role is Role.AGENT_LIMITED else None,
        actor_id=new_id(),
        actor_name=f"Test {role.value}",
    )


def scope_of_user(user: User) -> Scope:
    """The scope of a request of `user`."""
    return Scope(
        login=user.role.login,
        role=user.role,
        fmo_id=user.fmo_id,
        business_id=user.business_id,
        own_npn=user.npn if user.role is Role.AGENT_LIMITED else None,
        actor_id=user.id,
        actor_name=user.name,
    )


@contextmanager
def acting(
    app: Flask,
    who: Role | User | Scope,
    fmo: Fmo | UUID | None = None,
    business: Business | UUID | None = None,
    npn: str | None = None,
) -> Iterator[Scope]:
    """Work on `db.session` as a user, as a role in a tenant, or in a given scope.

    At the end the log entries are written and the transaction is committed, as at the end of a request; an exception
    rolls back and is raised.
    """
    if isinstance(who, User):
        chosen = scope_of_user(who)
    elif isinstance(who, Scope):
        chosen = who
    else:
        assert fmo is not None, "a role acts in an FMO"
        chosen = scope_of(who, fmo, business, npn)
    with app.app_context(), scope.acting(chosen):
        try:
            yield chosen
            if chosen.fmo_id is not None:
                access.write_entries()
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise
