"""what left an account, and what agents removed or dismissed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import (
    ACTOR,
    BUSINESS,
    DELETE,
    FMO,
    INSERT,
    JOB,
    SELECT,
    UPDATE,
    WHOLE,
    allow,
    disallow,
    grant,
    protect,
    revoke,
    setting,
)

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# What a Limited user made is theirs to see as long as no carrier speaks of it: then it is somebody's client, and a
# policy of the own NPN must say whose.
OWN_POLICY = "exists (select 1 from crm_policy p where p.business_id = contact.business_id and p.contact_id = contact.id)"
MADE = f"made_by = {ACTOR}"
OLD_OWN = f"{WHOLE} OR {MADE} OR {OWN_POLICY}"
NEW_OWN = f"{WHOLE} OR ({MADE} AND member_id IS NULL) OR {OWN_POLICY}"
# Agents are told for 90 days; after that only the log tells.
RECENT = "left_at > now() - interval '90 days'"


def upgrade() -> None:
    op.add_column("contact", sa.Column("dismissed", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False))
    grant("contact", "fmo", UPDATE, "dismissed")
    op.execute(f"ALTER POLICY own_npn ON contact USING ({NEW_OWN})")
    # A contact that stays without a source loses what the carriers' values made it recognised by.
    allow("contact_key", "fmo", DELETE, FMO)
    allow("contact_key", "fmo", SELECT, FMO, columns="fmo_id, business_id, id, contact_id")
    op.create_table(
        "left_policy",
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("npn", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["fmo_id", "business_id"], ["business.fmo_id", "business.id"], name="fk_left_policy_fmo_id_business_id"
        ),
        sa.PrimaryKeyConstraint("business_id", "id", name="pk_left_policy"),
    )
    op.create_index("ix_left_policy_when", "left_policy", ["business_id", "left_at", "id"])
    protect(
        "left_policy",
        [("agent", {SELECT: ""}, f"{BUSINESS} AND {RECENT}"), ("fmo", {INSERT: ""}, FMO), ("jobs", {INSERT: ""}, JOB)],
        own=f"{WHOLE} OR npn = {setting('own_npn')}",
    )


def downgrade() -> None:
    op.drop_table("left_policy")
    disallow("contact_key", "fmo", SELECT, "fmo_id, business_id, id, contact_id")
    disallow("contact_key", "fmo", DELETE)
    op.execute(f"ALTER POLICY own_npn ON contact USING ({OLD_OWN})")
    revoke("contact", "fmo", UPDATE, "dismissed")
    op.drop_column("contact", "dismissed")
