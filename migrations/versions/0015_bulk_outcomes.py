"""what came of activities for many accounts at once"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import DELETE, FMO, INSERT, SELECT, UPDATE, protect

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bulk_outcome",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("told", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("kind IN ('resync', 'provision')", name=op.f("ck_bulk_outcome_kind")),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_bulk_outcome")),
    )
    op.create_index("ix_bulk_outcome_at", "bulk_outcome", ["fmo_id", "at"])
    protect("bulk_outcome", [("fmo", {SELECT: "", INSERT: "", UPDATE: "told", DELETE: ""}, FMO)])


def downgrade() -> None:
    op.drop_table("bulk_outcome")
