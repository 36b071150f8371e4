"""What somebody holds, read under the login `identity`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from portal.core.session import TenantSession
from portal.identity.factors.models import RecoveryCode, TotpFactor
from portal.identity.models import Credential, User


def totp_of(work: TenantSession, user: User) -> TotpFactor | None:
    """The person's authenticator app."""
    return work.scalar(select(TotpFactor).where(TotpFactor.user_id == user.id))


def totp_count(work: TenantSession, user: User) -> int:
    """1 or 0."""
    return work.scalar(select(func.count()).select_from(TotpFactor).where(TotpFactor.user_id == user.id)) or 0


def totp_holders(work: TenantSession, fmo_id: UUID) -> Sequence[UUID]:
    """Everybody of an FMO who has an authenticator app."""
    return work.scalars(select(TotpFactor.user_id).where(TotpFactor.fmo_id == fmo_id)).all()


def codes_left(work: TenantSession, user: User) -> int:
    """How many recovery codes still work."""
    unused = (RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    return work.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0


def has_password(work: TenantSession, user: User) -> bool:
    """Whether the person can sign in with a password at all."""
    return work.scalar(select(Credential.id).where(Credential.id == user.id)) is not None


def codes_made_at(work: TenantSession, user: User) -> datetime | None:
    """When the person's recovery codes were made."""
    return work.scalar(select(func.max(RecoveryCode.created_at)).where(RecoveryCode.user_id == user.id))
