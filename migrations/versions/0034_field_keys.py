"""which field keys the stored data need"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import INSERT, SELECT, UPDATE, login, protect

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "field_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("hashes", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("unused_since", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_key")),
        sa.UniqueConstraint("name", name=op.f("uq_field_key_name")),
    )
    # Which key is needed is asked before any tenant is known; the keys themselves are never here.
    protect("field_key", [("identity", {SELECT: "", INSERT: "", UPDATE: "unused_since"}, "true")])


def downgrade() -> None:
    op.execute(f"REVOKE ALL ON field_key FROM {login('identity')}")
    op.drop_table("field_key")
