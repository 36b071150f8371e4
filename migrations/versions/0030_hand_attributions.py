"""who wrote a policy by somebody's own word; the last digits of identifiers that are kept as a hash"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import FMO, INSERT, SELECT, UPDATE, grant, protect, revoke

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

KEY = sa.Text(collation="C")
WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("policy", sa.Column("writer_shown", sa.Text(), nullable=True))
    grant("refused_row", "fmo", UPDATE, "told_run_id")
    op.create_table(
        "hand_attribution",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identity", KEY, nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("npn", sa.Text(), nullable=False),
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.Column("name_written", sa.Text(), nullable=True),
        sa.Column("given_by", sa.Uuid(), nullable=True),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("given_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", WHEN, nullable=True),
        sa.Column("ended_name", sa.Text(), nullable=True),
        sa.CheckConstraint("npn ~ '^[1-9][0-9]{0,9}$'", name=op.f("ck_hand_attribution_npn_canonical")),
        sa.ForeignKeyConstraint(
            ["fmo_id", "producer_id"],
            ["producer.fmo_id", "producer.id"],
            name=op.f("fk_hand_attribution_fmo_id_producer_id"),
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_hand_attribution")),
    )
    op.create_index(
        "uq_hand_attribution_identity",
        "hand_attribution",
        ["fmo_id", "identity"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_hand_attribution_name", "hand_attribution", ["fmo_id", "carrier", "name_written"])
    ended = {UPDATE: "ended_at, ended_name"}
    protect("hand_attribution", [("fmo", {SELECT: "", INSERT: "", **ended}, FMO), ("jobs", {SELECT: ""}, FMO)])


def downgrade() -> None:
    op.drop_table("hand_attribution")
    revoke("refused_row", "fmo", UPDATE, "told_run_id")
    op.drop_column("policy", "writer_shown")
