"""runs that read only what changed, and what each did"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import BUSINESS, FMO, INSERT, JOB, SELECT, UPDATE, allow, disallow, protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("member", sa.Column("batch", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("business_npn", sa.Column("synced_batch", sa.BigInteger(), nullable=True))
    allow("business_npn", "jobs", UPDATE, JOB, columns="synced_batch")
    # What of an NPN is newer than a run, without a look at the rest.
    op.drop_index("ix_policy_writer", table_name="policy")
    op.create_index("ix_policy_writer", "policy", ["fmo_id", "writing_npn", "batch", "id"], unique=False)
    op.add_column("sync_run", sa.Column("whole", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("sync_run", sa.Column("handed_over", sa.Integer(), nullable=True))
    op.drop_index("ix_crm_policy_contact", table_name="crm_policy")
    op.create_index(
        "ix_crm_policy_contact",
        "crm_policy",
        ["business_id", "contact_id"],
        postgresql_include=["fmo_id", "released_at", "removed_at"],
    )
    op.create_index(
        "ix_contact_no_email",
        "contact",
        ["business_id", "id"],
        postgresql_include=["fmo_id"],
        postgresql_where=sa.text("NOT hidden AND removed_at IS NULL AND coalesce(email, '') = ''"),
    )
    op.create_table(
        "sync_line",
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("policy_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id", "run_id"],
            ["sync_run.business_id", "sync_run.id"],
            name=op.f("fk_sync_line_business_id_run_id"),
        ),
        sa.PrimaryKeyConstraint("business_id", "id", name=op.f("pk_sync_line")),
    )
    op.create_index("ix_sync_line_run", "sync_line", ["business_id", "run_id", "id"], unique=False)
    lines = [("fmo", {SELECT: ""}, FMO), ("jobs", {SELECT: "", INSERT: ""}, JOB)]
    protect("sync_line", lines, checks={("jobs", INSERT): BUSINESS})


def downgrade() -> None:
    op.drop_table("sync_line")
    op.drop_column("sync_run", "handed_over")
    op.drop_column("sync_run", "whole")
    op.drop_index("ix_contact_no_email", table_name="contact")
    op.drop_index("ix_crm_policy_contact", table_name="crm_policy")
    op.create_index("ix_crm_policy_contact", "crm_policy", ["business_id", "contact_id"])
    op.drop_index("ix_policy_writer", table_name="policy")
    op.create_index("ix_policy_writer", "policy", ["fmo_id", "writing_npn", "id"], unique=False)
    disallow("business_npn", "jobs", UPDATE, "synced_batch")
    op.drop_column("business_npn", "synced_batch")
    op.drop_column("member", "batch")
