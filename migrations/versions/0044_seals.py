"""seals of the log, made by a login of their own which reads entries and changes nothing"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import FMO, INSERT, SELECT, UPDATE, allow, disallow, protect

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

KEPT = ("seal", "seal_member")


def upgrade() -> None:
    op.create_table(
        "seal",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_seal")),
    )
    op.create_index("uq_seal_n", "seal", ["fmo_id", "n"], unique=True)
    op.create_table(
        "seal_member",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_seal_member")),
    )
    op.create_index("ix_seal_member_n", "seal_member", ["fmo_id", "n"])
    op.create_table(
        "seal_check",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_name", sa.Text(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("entries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("seals", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fault_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("faults", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_seal_check")),
    )
    op.create_index("ix_seal_check_begun", "seal_check", ["fmo_id", "begun_at"])
    for table in KEPT:
        protect(table, [("sealer", {SELECT: "", INSERT: ""}, FMO), ("compliance", {SELECT: ""}, FMO)])
        op.execute(
            f"CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    how_far = "beat_at, ended_at, total, entries, seals, fault_count, faults"
    protect(
        "seal_check",
        [
            ("sealer", {SELECT: "", INSERT: "", UPDATE: how_far}, FMO),
            ("compliance", {SELECT: "", INSERT: "fmo_id, id, asked_by, asked_name"}, FMO),
        ],
    )
    allow("access_entry", "sealer", SELECT, FMO)
    allow("installation_entry", "sealer", SELECT, "true")
    allow("fmo", "sealer", SELECT, "true", columns="id")  # it seals every FMO's log, and sees no name


def downgrade() -> None:
    disallow("fmo", "sealer", SELECT, "id")
    disallow("installation_entry", "sealer", SELECT)
    disallow("access_entry", "sealer", SELECT)
    for table in ("seal_check", "seal_member", "seal"):
        op.drop_table(table)
