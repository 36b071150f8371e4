"""passkeys, and the challenges that are out for one to answer"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import DELETE, INSERT, SELECT, UPDATE, protect

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "passkey",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("is_synced", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("doubted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["fmo_id", "user_id"], ["portal_user.fmo_id", "portal_user.id"], name=op.f("fk_passkey_fmo_id_user_id")
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_passkey")),
    )
    op.create_index("uq_passkey_credential", "passkey", ["credential_id"], unique=True)
    op.create_index("ix_passkey_user", "passkey", ["fmo_id", "user_id"])
    op.create_table(
        "passkey_challenge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey_challenge")),
    )
    op.create_index("uq_passkey_challenge_session", "passkey_challenge", ["session_id", "purpose"], unique=True)
    op.create_index("ix_passkey_challenge_expires", "passkey_challenge", ["expires_at"])
    # Before a tenant is known, as a password is: a passkey alone may say who somebody is.
    all_rows = {SELECT: "", INSERT: "", UPDATE: "", DELETE: ""}
    protect("passkey", [("identity", all_rows, "true")])
    protect("passkey_challenge", [("identity", all_rows, "true")])


def downgrade() -> None:
    op.drop_table("passkey_challenge")
    op.drop_table("passkey")
