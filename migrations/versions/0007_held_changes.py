"""changes that wait for a second admin

Who asked is written once and by themselves, who decided too, and the two differ: the login of the FMO's pages may not
write another name into either, and a check of the table compares them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import ACTOR, FMO, INSERT, SELECT, UPDATE, protect

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OPEN_FILE = ("uq_feed_run_open_file", "feed_run", ["fmo_id", "sha256", "dry_run"])
NEW = "status = 'waiting' AND decided_by IS NULL"
DECISION = "status, effect, digest, looked_at, decided_by, decided_name, decided_at, reason"
DECIDED = """CASE status WHEN 'waiting' THEN decided_by IS NULL WHEN 'stale' THEN true
 ELSE decided_by IS NOT NULL AND decided_at IS NOT NULL END"""


def upgrade() -> None:
    op.add_column("feed_run", sa.Column("requester_id", sa.Uuid(), nullable=True))
    op.drop_index("uq_feed_run_open_file", table_name="feed_run")
    op.create_index(*OPEN_FILE, unique=True, postgresql_where=sa.text("status IN ('queued', 'running', 'held')"))
    op.create_table(
        "held_change",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("arguments", postgresql.JSONB(), nullable=False),
        sa.Column("effect", postgresql.JSONB(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_name", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_name", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'approved', 'rejected', 'stale')", name=op.f("ck_held_change_status")
        ),
        sa.CheckConstraint("decided_by <> asked_by", name=op.f("ck_held_change_four_eyes")),
        sa.CheckConstraint(DECIDED, name=op.f("ck_held_change_decided")),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_held_change")),
    )
    op.create_index("ix_held_change_when", "held_change", ["fmo_id", "status", "asked_at", "id"], unique=False)
    op.create_index("ix_held_change_subject", "held_change", ["fmo_id", "subject_id"], unique=False)
    protect(
        "held_change",
        [
            ("fmo", {SELECT: "", INSERT: "", UPDATE: DECISION}, FMO),
            ("jobs", {SELECT: "", INSERT: "", UPDATE: "status, reason"}, FMO),
        ],
        checks={
            ("fmo", INSERT): f"{FMO} AND {NEW} AND asked_by = {ACTOR}",
            ("fmo", UPDATE): f"{FMO} AND (decided_by IS NULL OR decided_by = {ACTOR})",
            ("jobs", INSERT): f"{FMO} AND {NEW}",
        },
    )


def downgrade() -> None:
    op.drop_table("held_change")
    # What waited ends: an older program knows no such state.
    op.execute(
        "UPDATE feed_run SET status = 'failed', error = 'It waited for a second administrator. Nothing in the book was"
        " changed; load the file again.' WHERE status = 'held'"
    )
    op.drop_index("uq_feed_run_open_file", table_name="feed_run")
    op.create_index(*OPEN_FILE, unique=True, postgresql_where=sa.text("status IN ('queued', 'running')"))
    op.drop_column("feed_run", "requester_id")
