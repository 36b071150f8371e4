"""What an account's days come to stands in their index, whole.

Revision ID: 0058
Revises: 0057
"""

from __future__ import annotations

from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = depends_on = None

NAME, COLUMNS = "ix_access_day_business", ["fmo_id", "grain", "business_id", "day"]
SUMMED = ["actor_id", "actor_name", "role", "action", "outcome", "entries", "first_at", "last_at"]


def upgrade() -> None:
    op.drop_index(NAME, table_name="access_day")
    op.create_index(NAME, "access_day", COLUMNS, postgresql_include=SUMMED)


def downgrade() -> None:
    op.drop_index(NAME, table_name="access_day")
    op.create_index(NAME, "access_day", COLUMNS)
