"""policies that agents say are theirs"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import ACTOR, BUSINESS, FMO, INSERT, SELECT, UPDATE, WHOLE, protect

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# An agent speaks in no other name and answers nothing.
CLAIMED = f"{BUSINESS} AND by_id = {ACTOR} AND status = 'open' AND answered_at IS NULL AND answer IS NULL"
ANSWER = "status, verdict, answer, answered_by, answered_at"


def upgrade() -> None:
    op.create_table(
        "policy_claim",
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("number_key", sa.Text(collation="C"), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('open', 'answered')", name=op.f("ck_policy_claim_status")),
        sa.ForeignKeyConstraint(
            ["fmo_id", "business_id"], ["business.fmo_id", "business.id"], name=op.f("fk_policy_claim_fmo_id")
        ),
        sa.PrimaryKeyConstraint("business_id", "id", name=op.f("pk_policy_claim")),
    )
    op.create_index("ix_policy_claim_queue", "policy_claim", ["fmo_id", "status", "at", "id"])
    op.create_index("ix_policy_claim_by", "policy_claim", ["business_id", "by_id", "at"])
    op.create_index(
        "uq_policy_claim_open",
        "policy_claim",
        ["business_id", "by_id", "carrier", "number_key"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    protect(
        "policy_claim",
        [("agent", {SELECT: "", INSERT: ""}, BUSINESS), ("fmo", {SELECT: "", UPDATE: ANSWER}, FMO)],
        own=f"{WHOLE} OR by_id = {ACTOR}",
        checks={("agent", INSERT): CLAIMED},
    )
    op.drop_index("ix_crm_policy_book", table_name="crm_policy")
    op.create_index(
        "ix_crm_policy_book",
        "crm_policy",
        ["fmo_id", "policy_id"],
        postgresql_include=["business_id", "npn", "released_at", "removed_at"],
    )
    op.create_index(
        "ix_contact_removed",
        "contact",
        ["fmo_id", "business_id", "id"],
        postgresql_where=sa.text("removed_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_contact_removed", table_name="contact")
    op.drop_index("ix_crm_policy_book", table_name="crm_policy")
    op.create_index("ix_crm_policy_book", "crm_policy", ["fmo_id", "policy_id"])
    op.drop_table("policy_claim")
