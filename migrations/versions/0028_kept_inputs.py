"""FMO admins download the carrier files that were handed in"""

from __future__ import annotations

from migrations.row_rules import FMO, SELECT, allow, disallow

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    allow("feed_file", "fmo", SELECT, FMO)


def downgrade() -> None:
    disallow("feed_file", "fmo", SELECT)
