"""files of the log that a job makes, kept encrypted for a week"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import ACTOR, FMO, INSERT, SELECT, UPDATE, login, protect

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "log_file",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_name", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("filters", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("pieces", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("size", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_log_file")),
    )
    op.create_index("ix_log_file_when", "log_file", ["fmo_id", "asked_at"])
    op.create_table(
        "log_file_piece",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_log_file_piece")),
    )
    op.create_index("uq_log_file_piece", "log_file_piece", ["fmo_id", "file_id", "piece"], unique=True)
    how_far = "state, beat_at, total, done, pieces, size, ended_at, taken_at"
    protect(
        "log_file",
        [
            ("compliance", {SELECT: "", INSERT: "", UPDATE: how_far}, FMO),
            ("jobs", {SELECT: "", UPDATE: "state, ended_at", "DELETE": ""}, FMO),
        ],
        checks={("compliance", INSERT): f"{FMO} AND asked_by = {ACTOR}"},
    )
    protect(
        "log_file_piece",
        [
            ("compliance", {SELECT: "", INSERT: "", "DELETE": ""}, FMO),
            ("jobs", {SELECT: "fmo_id, id, file_id", "DELETE": ""}, FMO),
        ],
    )
    op.execute(
        f"CREATE POLICY compliance_log_file ON outbox FOR INSERT TO {login('compliance')}"
        f" WITH CHECK ({FMO} AND job = 'write_log_file')"
    )


def downgrade() -> None:
    op.execute("DROP POLICY compliance_log_file ON outbox")
    op.drop_table("log_file_piece")
    op.drop_table("log_file")
