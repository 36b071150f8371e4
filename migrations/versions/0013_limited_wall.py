"""a Limited user takes no contact out of the account"""

from __future__ import annotations

from alembic import op

from migrations.row_rules import WHOLE, login

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Removing and merging speak for the whole account, as `whole_update` says of the policies.
    stays = "removed_at IS NULL AND merged_into IS NULL AND NOT hidden"
    op.execute(
        f"CREATE POLICY whole_takes_out ON contact AS RESTRICTIVE FOR UPDATE TO {login('agent')}"
        f" USING (true) WITH CHECK ({WHOLE} OR ({stays}))"
    )


def downgrade() -> None:
    op.execute("DROP POLICY whole_takes_out ON contact")
