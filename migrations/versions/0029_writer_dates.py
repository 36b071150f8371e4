"""an agent's own dates that a file corrects are kept with what else it changes"""

from __future__ import annotations

from migrations.row_rules import UPDATE, grant, revoke

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    grant("feed_effect", "jobs", UPDATE, "told")


def downgrade() -> None:
    revoke("feed_effect", "jobs", UPDATE, "told")
