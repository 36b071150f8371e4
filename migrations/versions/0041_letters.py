"""letters to people who have an account; an invitation belongs to the address to which it went"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import FMO, INSERT, SELECT, UPDATE, grant, protect, revoke

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

# Sessions end with the address too: whoever reads mails at the old one is perhaps not the same person.
_GROW = """
CREATE OR REPLACE FUNCTION portal_user_generation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.role, OLD.business_id, OLD.npn, OLD.state, OLD.suspended_at{old})
     IS DISTINCT FROM (NEW.role, NEW.business_id, NEW.npn, NEW.state, NEW.suspended_at{new}) THEN
    NEW.session_generation := OLD.session_generation + 1;
  ELSE
    NEW.session_generation := greatest(OLD.session_generation, NEW.session_generation);
  END IF;
  RETURN NEW;
END $$
"""
_TOUCHED = ("invitation", "portal_user")
_TOLD = "fmo_id, id, user_id, kind, email, created_at, sent_at, expires_at, used_at, voided_at"


def upgrade() -> None:
    op.create_table(
        "letter",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["fmo_id", "user_id"], ["portal_user.fmo_id", "portal_user.id"], name=op.f("fk_letter_fmo_id_user_id")
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_letter")),
    )
    op.create_index("uq_letter_token_hash", "letter", ["token_hash"], unique=True)
    op.create_index("ix_letter_user", "letter", ["fmo_id", "user_id"])
    op.create_index("ix_letter_created", "letter", ["created_at"])
    # The FMO changes addresses, which ends links and is told to the old one; it can make no link.
    notice = "fmo_id, id, user_id, kind, email"
    protect(
        "letter",
        [
            ("identity", {SELECT: "", INSERT: "", UPDATE: "", "DELETE": ""}, "true"),
            ("fmo", {SELECT: "fmo_id, id, user_id, kind, expires_at, used_at, voided_at", UPDATE: "voided_at"}, FMO),
            ("fmo", {INSERT: notice}, f"{FMO} AND kind = 'email_changed'"),
            ("jobs", {SELECT: _TOLD, UPDATE: "token_hash, sent_at"}, FMO),
        ],
    )
    op.add_column("invitation", sa.Column("email", sa.Text(), nullable=True))
    grant("invitation", "jobs", UPDATE, "email")
    # Links that are out at this moment went to today's addresses. The owner is held to row security, and no FMO is at work.
    for table in _TOUCHED:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE invitation i SET email = u.email FROM portal_user u"
        " WHERE u.fmo_id = i.fmo_id AND u.id = i.user_id AND i.token_hash IS NOT NULL"
    )
    for table in _TOUCHED:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(_GROW.format(old=", OLD.email", new=", NEW.email"))


def downgrade() -> None:
    op.execute(_GROW.format(old="", new=""))
    revoke("invitation", "jobs", UPDATE, "email")
    op.drop_column("invitation", "email")
    op.drop_table("letter")
