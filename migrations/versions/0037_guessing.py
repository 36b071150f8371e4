"""tries that are counted, browsers that are known, and how often in a row a password was locked"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import DELETE, INSERT, SELECT, UPDATE, protect

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("credential", sa.Column("locks", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "guess_tries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guess_tries")),
    )
    op.create_index("uq_guess_tries", "guess_tries", ["door", "place", "since"], unique=True)
    op.create_index("ix_guess_tries_since", "guess_tries", ["since"])
    op.create_table(
        "known_browser",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("wrong_tries", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["fmo_id", "user_id"],
            ["portal_user.fmo_id", "portal_user.id"],
            name=op.f("fk_known_browser_fmo_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_known_browser")),
    )
    op.create_index("uq_known_browser", "known_browser", ["fmo_id", "user_id", "token_hash"], unique=True)
    op.create_index("ix_known_browser_token", "known_browser", ["token_hash"])
    op.create_index("ix_known_browser_used", "known_browser", ["used_at"])
    # Both are asked before a tenant is known, by the login that signs people in and no other.
    all_rows = {SELECT: "", INSERT: "", UPDATE: "", DELETE: ""}
    protect("guess_tries", [("identity", all_rows, "true")])
    protect("known_browser", [("identity", all_rows, "true")])


def downgrade() -> None:
    op.drop_table("known_browser")
    op.drop_table("guess_tries")
    op.drop_column("credential", "locks")
