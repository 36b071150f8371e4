"""files whose values replace others, and what they replaced"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KEPT = ("replaces", "was", "fresh")


def upgrade() -> None:
    op.add_column("upload", sa.Column("replaces", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    for name in KEPT:
        op.add_column("upload_row", sa.Column(name, postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False))


def downgrade() -> None:
    for name in reversed(KEPT):
        op.drop_column("upload_row", name)
    op.drop_column("upload", "replaces")
