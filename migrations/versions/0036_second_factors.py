"""half-way sessions and when a person last proved to be themself; second factors, which the login identity alone reads"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import DELETE, FMO, INSERT, SELECT, UPDATE, protect

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    op.add_column("login_session", sa.Column("pending_user_id", sa.Uuid(), nullable=True))
    op.add_column("login_session", sa.Column("proved_at", WHEN, nullable=True))
    op.create_index("ix_login_session_pending_user", "login_session", ["pending_user_id"])
    half_way = "user_id IS NULL OR pending_user_id IS NULL"
    op.create_check_constraint(op.f("ck_login_session_half_way_is_not_in"), "login_session", half_way)
    _of_user(
        "totp_factor",
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", WHEN, server_default=NOW, nullable=False),
    )
    op.create_index("uq_totp_factor_user", "totp_factor", ["fmo_id", "user_id"], unique=True)
    _of_user(
        "recovery_code",
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("created_at", WHEN, server_default=NOW, nullable=False),
        sa.Column("used_at", WHEN, nullable=True),
    )
    op.create_index("uq_recovery_code_slot", "recovery_code", ["fmo_id", "user_id", "slot"], unique=True)
    op.create_table(
        "proof_count",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("failed_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", WHEN, nullable=True),
        _user("proof_count", "id"),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_proof_count")),
    )
    for table in ("totp_factor", "recovery_code", "proof_count"):
        protect(table, [("identity", {SELECT: "", INSERT: "", UPDATE: "", DELETE: ""}, FMO)])


def _of_user(table: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        table,
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        *columns,
        _user(table, "user_id"),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f(f"pk_{table}")),
    )


def _user(table: str, column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_fmo_id_{column}")
    return sa.ForeignKeyConstraint(["fmo_id", column], ["portal_user.fmo_id", "portal_user.id"], name=name)


def downgrade() -> None:
    for table in ("proof_count", "recovery_code", "totp_factor"):
        op.drop_table(table)
    op.execute("DELETE FROM login_session WHERE pending_user_id IS NOT NULL")
    op.drop_constraint(op.f("ck_login_session_half_way_is_not_in"), "login_session", type_="check")
    op.drop_index("ix_login_session_pending_user", "login_session")
    op.drop_column("login_session", "proved_at")
    op.drop_column("login_session", "pending_user_id")
