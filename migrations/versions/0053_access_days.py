"""the log in figures, day by day; the function that follows plans anew for what it is asked"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import FMO, INSERT, SELECT, protect

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

FOLLOWED = "access_followed(uuid[], timestamptz, timestamptz)"


def upgrade() -> None:
    # Planned once for any id, it would read whole months: nothing tells then that an id is rare.
    op.execute(f"ALTER FUNCTION {FOLLOWED} SET plan_cache_mode = 'force_custom_plan'")
    op.create_table(
        "access_day",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("business_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_access_day")),
    )
    op.create_index("ix_access_day_day", "access_day", ["fmo_id", "grain", "day"])
    op.create_index("ix_access_day_actor", "access_day", ["fmo_id", "grain", "actor_id", "day"])
    op.create_index("ix_access_day_business", "access_day", ["fmo_id", "grain", "business_id", "day"])
    protect("access_day", [("sealer", {SELECT: "", INSERT: ""}, FMO), ("compliance", {SELECT: ""}, FMO)])


def downgrade() -> None:
    op.drop_table("access_day")
    op.execute(f"ALTER FUNCTION {FOLLOWED} RESET plan_cache_mode")
