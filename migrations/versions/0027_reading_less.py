"""how a run's rows were read, and what has changed since"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feed_run", sa.Column("reading", sa.Text(), nullable=True))
    op.add_column("feed_run", sa.Column("book_batch", sa.BigInteger(), nullable=True))
    op.create_index("ix_policy_batch", "policy", ["fmo_id", "batch"])


def downgrade() -> None:
    op.drop_index("ix_policy_batch", table_name="policy")
    op.drop_column("feed_run", "book_batch")
    op.drop_column("feed_run", "reading")
