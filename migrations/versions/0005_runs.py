"""cancelled runs, runs that follow, and jobs that are done"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sync_run", sa.Column("cancelled_by", sa.Text(), nullable=True))
    op.add_column("sync_run", sa.Column("again", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False))
    # What was sent before there was this column counts as done: a run that was lost then is found by its own row.
    op.add_column("outbox", sa.Column("done_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=True))
    op.alter_column("outbox", "done_at", server_default=None)
    op.create_index("ix_outbox_undone", "outbox", ["sent_at"], postgresql_where=sa.text("done_at IS NULL"))


def downgrade() -> None:
    op.drop_index("ix_outbox_undone", table_name="outbox", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_column("outbox", "done_at")
    op.drop_column("sync_run", "again")
    op.drop_column("sync_run", "cancelled_by")
