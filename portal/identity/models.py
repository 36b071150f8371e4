"""FMO, User, and what proves that somebody is one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.ids import new_id
from portal.core.models import Base, FmoOwned, Global, Stamped
from portal.core.scope import Role


def _values(roles: type[Role]) -> list[str]:
    return [role.value for role in roles]


class Fmo(Global, Stamped, Base):
    """The top tenant. The contact is whom its agents may call."""

    __tablename__ = "fmo"
    __global_reason__ = "it is the tenant itself; row security compares its id"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    contact_name: Mapped[str | None]
    contact_phone: Mapped[str | None]
    contact_email: Mapped[str | None]
    rules: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))  # by name, see `identity.rules`


class User(FmoOwned, Stamped, Base):
    """A person who signs in: an officer of the FMO, or a user of one Business, who brings one NPN."""

    __tablename__ = "portal_user"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id"], ["fmo.id"]),
        ForeignKeyConstraint(["fmo_id", "business_id"], ["business.fmo_id", "business.id"]),
        ForeignKeyConstraint(["fmo_id", "suspended_by"], ["portal_user.fmo_id", "portal_user.id"]),
        # The one unique that does not start with the tenant: an e-mail signs in to one account.
        Index("uq_portal_user_email", "email", unique=True),
        Index("ix_portal_user_business", "fmo_id", "business_id"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("(role LIKE 'agent%') = (business_id IS NOT NULL)", name="agents_have_a_business"),
    )

    business_id: Mapped[UUID | None]
    email: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    mobile: Mapped[str | None]
    role: Mapped[Role] = mapped_column(Enum(Role, native_enum=False, create_constraint=False, values_callable=_values))
    npn: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="invited")  # invited | active | deactivated
    last_sign_in_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]  # by an Administrator of the account; deactivating is the FMO's
    suspended_by: Mapped[UUID | None]
    leaves_on: Mapped[date | None]  # the last day on which somebody who was off-boarded may sign in
    # Grows by itself, in the database, whenever what the user may do or whether they may be in changes. A session
    # remembers the number with which it began and is over when there is a higher one.
    session_generation: Mapped[int] = mapped_column(server_default="0")

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


class Credential(FmoOwned, Base):
    """A user's password hash (argon2id); `id` is the user's. Readable by the login `identity` alone."""

    __tablename__ = "credential"
    __table_args__ = (ForeignKeyConstraint(["fmo_id", "id"], ["portal_user.fmo_id", "portal_user.id"]),)

    password_hash: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    failed_count: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    locks: Mapped[int] = mapped_column(server_default="0")  # in a row, each longer than the one before


class Invitation(FmoOwned, Base):
    """A single-use link to set one's first password. The token is made when the mail is sent; only its hash is kept."""

    __tablename__ = "invitation"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "user_id"], ["portal_user.fmo_id", "portal_user.id"]),
        Index("uq_invitation_token_hash", "token_hash", unique=True),
        Index("ix_invitation_user", "fmo_id", "user_id"),
    )

    user_id: Mapped[UUID]
    token_hash: Mapped[str | None]
    email: Mapped[str | None]  # to which it was mailed; with another address of the user's it works no more
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    sent_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]  # whoever is deactivated or off-boarded holds no link that may wake up later
    wrong_tries: Mapped[int] = mapped_column(server_default="0")


class LoginSession(Global, Base):
    """One browser, signed in or not yet. The cookie holds a random token; the row holds its hash."""

    __tablename__ = "login_session"
    __global_reason__ = "looked up by its token before a tenant is known; only the login identity can read it"
    __table_args__ = (
        Index("ix_login_session_user", "user_id"),
        Index("ix_login_session_pending_user", "pending_user_id"),
        Index("ix_login_session_expires", "expires_at"),
        CheckConstraint("user_id IS NULL OR pending_user_id IS NULL", name="half_way_is_not_in"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[UUID | None]
    pending_user_id: Mapped[UUID | None]  # one factor is proved, the second is not: nobody is signed in
    proved_at: Mapped[datetime | None]  # when the person last proved to be themself
    fmo_id: Mapped[UUID | None] = mapped_column(ForeignKey("fmo.id"))
    generation: Mapped[int] = mapped_column(server_default="0")  # the user's when it began
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    last_seen_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
