"""A user's passkeys, and the challenges that are out for one to answer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.ids import new_id
from portal.core.models import Base, FmoOwned, Global


class Passkey(FmoOwned, Base):
    """One passkey of one user: the public half of a key whose other half never leaves its device.

    Readable by the login `identity` alone.
    """

    __tablename__ = "passkey"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "user_id"], ["portal_user.fmo_id", "portal_user.id"]),
        # Looked up before a tenant is known, and made at random by the device: it names one user of the installation.
        Index("uq_passkey_credential", "credential_id", unique=True),
        Index("ix_passkey_user", "fmo_id", "user_id"),
    )

    user_id: Mapped[UUID]
    credential_id: Mapped[bytes]
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)  # 0 for good where the device does not count
    transports: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    is_synced: Mapped[bool]  # the device's maker may copy it to the owner's other devices
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    used_at: Mapped[datetime | None]
    doubted_at: Mapped[datetime | None]  # its count went backwards: a copy is about, and neither is taken any more


class PasskeyChallenge(Global, Base):
    """What a browser's passkey is to sign, once: one for each session and purpose."""

    __tablename__ = "passkey_challenge"
    __global_reason__ = "belongs to a session, which may be a stranger's; only the login identity can read it"
    __table_args__ = (
        Index("uq_passkey_challenge_session", "session_id", "purpose", unique=True),
        Index("ix_passkey_challenge_expires", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    session_id: Mapped[UUID]
    purpose: Mapped[str]  # register | second | step_up | sign_in
    user_id: Mapped[UUID | None]  # whom it was made for; a stranger at the sign-in page is nobody yet
    challenge: Mapped[bytes]
    expires_at: Mapped[datetime]
