"""mappings of a carrier's file that are not finished, with their samples"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import DELETE, FMO, INSERT, SELECT, UPDATE, protect

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "connector_draft",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connector_id", sa.Uuid(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_by_name", sa.Text(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["fmo_id", "connector_id"], ["connector.fmo_id", "connector.id"], name=op.f("fk_connector_draft_fmo_id")
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_connector_draft")),
    )
    op.create_index("ix_connector_draft_when", "connector_draft", ["fmo_id", "updated_at"])
    op.create_table(
        "connector_draft_piece",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fmo_id", "draft_id"], ["connector_draft.fmo_id", "connector_draft.id"],
            name=op.f("fk_connector_draft_piece_fmo_id"),
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_connector_draft_piece")),
    )
    piece = ["fmo_id", "draft_id", "piece"]
    op.create_index("uq_connector_draft_piece", "connector_draft_piece", piece, unique=True)
    verbs = {SELECT: "", INSERT: "", UPDATE: "", DELETE: ""}
    for table in ("connector_draft", "connector_draft_piece"):
        # Jobs only delete what is old; to find it they must see that it is there.
        protect(table, [("fmo", verbs, FMO), ("jobs", {SELECT: "", DELETE: ""}, FMO)])


def downgrade() -> None:
    op.drop_table("connector_draft_piece")
    op.drop_table("connector_draft")
