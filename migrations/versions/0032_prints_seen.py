"""the FMO's pages read what later files told: whether a run can be undone depends on it"""

from __future__ import annotations

from migrations.row_rules import FMO, SELECT, allow, disallow

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    allow("feed_print", "fmo", SELECT, FMO)


def downgrade() -> None:
    disallow("feed_print", "fmo", SELECT)
