"""What a person proves a second factor with. Readable by the login `identity` alone."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.crypto import sealed
from portal.core.models import Base, FmoOwned


class TotpFactor(FmoOwned, Base):
    """One person's authenticator app. `seed` is ciphertext; `last_step` is the newest time step that was used up."""

    __tablename__ = "totp_factor"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "user_id"], ["portal_user.fmo_id", "portal_user.id"]),
        Index("uq_totp_factor_user", "fmo_id", "user_id", unique=True),
    )

    user_id: Mapped[UUID]
    seed: Mapped[str] = mapped_column(info=sealed("totp_factor.seed"))
    last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class RecoveryCode(FmoOwned, Base):
    """One of ten codes that work once each. The code begins with its slot, so that one hash is compared and not ten."""

    __tablename__ = "recovery_code"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "user_id"], ["portal_user.fmo_id", "portal_user.id"]),
        Index("uq_recovery_code_slot", "fmo_id", "user_id", "slot", unique=True),
    )

    user_id: Mapped[UUID]
    slot: Mapped[int] = mapped_column(SmallInteger)
    code_hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    used_at: Mapped[datetime | None]


class ProofCount(FmoOwned, Base):
    """How often somebody failed to prove a second factor, over all their sessions; `id` is the user's."""

    __tablename__ = "proof_count"
    __table_args__ = (ForeignKeyConstraint(["fmo_id", "id"], ["portal_user.fmo_id", "portal_user.id"]),)

    failed_count: Mapped[int] = mapped_column(server_default="0")
    locks: Mapped[int] = mapped_column(server_default="0")  # each lock in a row lasts twice as long as the one before
    locked_until: Mapped[datetime | None]
