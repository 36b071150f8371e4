"""officers have their log verified by a job"""

from __future__ import annotations

from alembic import op

from migrations.row_rules import FMO, login

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        f"CREATE POLICY compliance_verify ON outbox FOR INSERT TO {login('compliance')}"
        f" WITH CHECK ({FMO} AND job = 'verify_log')"
    )


def downgrade() -> None:
    op.execute("DROP POLICY compliance_verify ON outbox")
