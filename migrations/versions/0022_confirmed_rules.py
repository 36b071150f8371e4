"""which rule of a carrier's writing agent was confirmed, by whom and when"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connector", sa.Column("confirmed_rule", sa.Text(), nullable=True))
    op.add_column("connector", sa.Column("confirmed_by", sa.Uuid(), nullable=True))
    op.add_column("connector", sa.Column("confirmed_name", sa.Text(), nullable=True))
    op.add_column("connector", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ("confirmed_at", "confirmed_name", "confirmed_by", "confirmed_rule"):
        op.drop_column("connector", name)
