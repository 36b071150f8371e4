"""single sign-on: the provider of each FMO, who its people are, and what is under way"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import DELETE, FMO, INSERT, SELECT, UPDATE, protect

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
NOW = sa.text("now()")
NO = sa.text("false")
ANY = "true"  # the login of sign-in works before a tenant is known
# All but the secret: whoever signs in to the pages may write that and never read it.
SEEN = (
    "fmo_id, id, issuer, client_id, secret_since, scopes, domains, joining, claim, claim_roles, trusts_factor,"
    " strong_acr, offered, passwords_off, break_glass_id, tested_at, tested_by, test_lines, created_at, updated_at"
)
WRITTEN = {SELECT: "", INSERT: "", UPDATE: "", DELETE: ""}


def upgrade() -> None:
    _provider()
    _identity()
    _under_way()
    protect(
        "sso_provider",
        [("identity", {SELECT: "", UPDATE: ""}, ANY), ("fmo", {SELECT: SEEN, INSERT: "", UPDATE: ""}, FMO)],
    )
    protect("sso_identity", [("identity", WRITTEN, ANY), ("fmo", {SELECT: "", DELETE: ""}, FMO)])
    for table in ("sso_flow", "sso_session", "sso_logout_token"):
        protect(table, [("identity", WRITTEN, ANY)])


def _key() -> list[sa.Column[object]]:
    return [sa.Column("fmo_id", sa.Uuid(), nullable=False), sa.Column("id", sa.Uuid(), nullable=False)]


def _fmo(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["fmo_id"], ["fmo.id"], name=op.f(f"fk_{table}_fmo_id"))


def _user(table: str, column: str = "user_id") -> sa.ForeignKeyConstraint:
    to = ["portal_user.fmo_id", "portal_user.id"]
    return sa.ForeignKeyConstraint(["fmo_id", column], to, name=op.f(f"fk_{table}_fmo_id_{column}"))


def _provider() -> None:
    op.create_table(
        "sso_provider",
        *_key(),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("secret_since", WHEN, nullable=True),
        sa.Column("scopes", sa.Text(), server_default="openid email profile", nullable=False),
        sa.Column("domains", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("joining", sa.Text(), server_default="invited", nullable=False),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("claim_roles", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("trusts_factor", sa.Boolean(), server_default=NO, nullable=False),
        sa.Column("strong_acr", sa.Text(), nullable=True),
        sa.Column("offered", sa.Boolean(), server_default=NO, nullable=False),
        sa.Column("passwords_off", sa.Boolean(), server_default=NO, nullable=False),
        sa.Column("break_glass_id", sa.Uuid(), nullable=True),
        sa.Column("tested_at", WHEN, nullable=True),
        sa.Column("tested_by", sa.Text(), nullable=True),
        sa.Column("test_lines", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("created_at", WHEN, server_default=NOW, nullable=False),
        sa.Column("updated_at", WHEN, server_default=NOW, nullable=False),
        sa.CheckConstraint("joining IN ('invited', 'claim')", name=op.f("ck_sso_provider_joining")),
        sa.CheckConstraint(
            "NOT passwords_off OR offered AND break_glass_id IS NOT NULL", name=op.f("ck_sso_provider_somebody_gets_in")
        ),
        _fmo("sso_provider"),
        _user("sso_provider", "break_glass_id"),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_sso_provider")),
    )
    op.create_index("uq_sso_provider_fmo", "sso_provider", ["fmo_id"], unique=True)


def _identity() -> None:
    op.create_table(
        "sso_identity",
        *_key(),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("by_claim", sa.Boolean(), server_default=NO, nullable=False),
        sa.Column("linked_at", WHEN, server_default=NOW, nullable=False),
        sa.Column("used_at", WHEN, nullable=True),
        _user("sso_identity"),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_sso_identity")),
    )
    op.create_index("uq_sso_identity_subject", "sso_identity", ["fmo_id", "issuer", "subject"], unique=True)
    op.create_index("uq_sso_identity_user", "sso_identity", ["fmo_id", "user_id", "issuer"], unique=True)


def _under_way() -> None:
    op.create_table(
        "sso_flow",
        *_key(),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("invitation_id", sa.Uuid(), nullable=True),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), server_default="", nullable=False),
        sa.Column("begun_at", WHEN, server_default=NOW, nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
        sa.CheckConstraint("purpose IN ('sign_in', 'link', 'invitation', 'step_up')", name=op.f("ck_sso_flow_purpose")),
        _fmo("sso_flow"),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_sso_flow")),
    )
    op.create_table(
        "sso_session",
        *_key(),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sid", sa.Text(), nullable=True),
        sa.Column("id_token", sa.Text(), nullable=True),
        sa.Column("begun_at", WHEN, server_default=NOW, nullable=False),
        _user("sso_session"),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_sso_session")),
    )
    op.create_index("ix_sso_session_subject", "sso_session", ["fmo_id", "issuer", "subject"])
    op.create_table(
        "sso_logout_token",
        *_key(),
        sa.Column("jti_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
        _fmo("sso_logout_token"),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_sso_logout_token")),
    )
    op.create_index("uq_sso_logout_token_jti", "sso_logout_token", ["fmo_id", "jti_hash"], unique=True)


def downgrade() -> None:
    for table in ("sso_logout_token", "sso_session", "sso_flow", "sso_identity", "sso_provider"):
        op.drop_table(table)
