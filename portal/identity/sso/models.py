"""The FMO's OpenID provider, who its people are here, and what is under way between the two."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.crypto import sealed
from portal.core.models import Base, FmoOwned, Stamped

NOW = text("now()")


class SsoProvider(FmoOwned, Stamped, Base):
    """The one OpenID provider of an FMO. `secret` is written by the pages and read by the login `identity` alone."""

    __tablename__ = "sso_provider"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id"], ["fmo.id"]),
        ForeignKeyConstraint(["fmo_id", "break_glass_id"], ["portal_user.fmo_id", "portal_user.id"]),
        Index("uq_sso_provider_fmo", "fmo_id", unique=True),
        CheckConstraint("joining IN ('invited', 'claim')", name="joining"),
        CheckConstraint("NOT passwords_off OR offered AND break_glass_id IS NOT NULL", name="somebody_gets_in"),
    )

    issuer: Mapped[str]
    client_id: Mapped[str]
    secret: Mapped[str | None] = mapped_column(deferred=True, info=sealed("sso.secret"))  # never selected by a page
    secret_since: Mapped[datetime | None]
    scopes: Mapped[str] = mapped_column(server_default="openid email profile")
    domains: Mapped[list[str]] = mapped_column(
        JSONB, server_default=text("'[]'")
    )  # of the e-mail addresses of its people
    joining: Mapped[str] = mapped_column(server_default="invited")  # invited | claim: who may come for the first time
    claim: Mapped[str | None]  # whose value gives the role, where `joining` is claim
    claim_roles: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))  # value → role
    trusts_factor: Mapped[bool] = mapped_column(server_default=text("false"))
    strong_acr: Mapped[str | None]  # an acr value that means several factors, beside amr "mfa"
    offered: Mapped[bool] = mapped_column(server_default=text("false"))  # at the sign-in page
    passwords_off: Mapped[bool] = mapped_column(server_default=text("false"))
    break_glass_id: Mapped[UUID | None]  # whose password works all the same
    tested_at: Mapped[datetime | None]  # of the last test that found nothing wrong with what holds now
    tested_by: Mapped[str | None]
    test_lines: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, server_default=text("'[]'")
    )  # what the last test found


class SsoIdentity(FmoOwned, Base):
    """A subject at an issuer is this user. Nothing else ever says so."""

    __tablename__ = "sso_identity"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "user_id"], ["portal_user.fmo_id", "portal_user.id"]),
        Index("uq_sso_identity_subject", "fmo_id", "issuer", "subject", unique=True),
        Index("uq_sso_identity_user", "fmo_id", "user_id", "issuer", unique=True),
    )

    user_id: Mapped[UUID]
    issuer: Mapped[str]
    subject: Mapped[str]
    by_claim: Mapped[bool] = mapped_column(server_default=text("false"))  # the role follows the claim at each sign-in
    linked_at: Mapped[datetime] = mapped_column(server_default=NOW)
    used_at: Mapped[datetime | None]


class SsoFlow(FmoOwned, Base):
    """A browser that is at the provider; gone with the first answer. Nonce and verifier are ciphertext."""

    __tablename__ = "sso_flow"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id"], ["fmo.id"]),
        CheckConstraint("purpose IN ('sign_in', 'link', 'invitation', 'step_up')", name="purpose"),
    )

    purpose: Mapped[str]
    issuer: Mapped[str]  # as configured when the browser was sent there
    user_id: Mapped[UUID | None]  # who links or proves anew, or was invited
    invitation_id: Mapped[UUID | None]
    nonce: Mapped[str] = mapped_column(info=sealed("sso.flow"))
    verifier: Mapped[str] = mapped_column(info=sealed("sso.flow"))
    target: Mapped[str] = mapped_column(server_default="")
    begun_at: Mapped[datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[datetime]


class SsoSession(FmoOwned, Base):
    """A session that the provider vouched for, so that signing out there ends it here. `id_token` is ciphertext."""

    __tablename__ = "sso_session"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "user_id"], ["portal_user.fmo_id", "portal_user.id"]),
        Index("ix_sso_session_subject", "fmo_id", "issuer", "subject"),
    )

    user_id: Mapped[UUID]
    issuer: Mapped[str]
    subject: Mapped[str]
    sid: Mapped[str | None]
    id_token: Mapped[str | None] = mapped_column(info=sealed("sso.id_token"))  # kept for the hint at sign-out alone
    begun_at: Mapped[datetime] = mapped_column(server_default=NOW)


class SsoLogoutToken(FmoOwned, Base):
    """A logout token that was obeyed; each is obeyed once."""

    __tablename__ = "sso_logout_token"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id"], ["fmo.id"]),
        Index("uq_sso_logout_token_jti", "fmo_id", "jti_hash", unique=True),
    )

    jti_hash: Mapped[str]
    expires_at: Mapped[datetime]
