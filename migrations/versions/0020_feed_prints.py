"""prints of the rows that runs took"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import DELETE, FMO, INSERT, SELECT, protect

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feed_run", sa.Column("same_as", sa.Uuid(), nullable=True))
    op.create_table(
        "feed_print",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fmo_id", "run_id"], ["feed_run.fmo_id", "feed_run.id"], name=op.f("fk_feed_print_fmo_id_run_id")
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_feed_print")),
    )
    op.create_index("uq_feed_print_piece", "feed_print", ["fmo_id", "run_id", "piece"], unique=True)
    op.execute("ALTER TABLE feed_print ALTER COLUMN body SET STORAGE EXTERNAL")  # hashes and ids: nothing to compress
    protect("feed_print", [("jobs", {SELECT: "", INSERT: "", DELETE: ""}, FMO)])


def downgrade() -> None:
    op.drop_table("feed_print")
    op.drop_column("feed_run", "same_as")
