"""merged contacts, and what was decided about possible duplicates

Whole-account users move what belongs to a contact to another one of their account, and back. The row that was merged
stays, hidden from every page; the operation that takes the merge back sees it, to give it what was its own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import (
    ACTOR,
    BUSINESS,
    DELETE,
    INSERT,
    JOB,
    SELECT,
    UPDATE,
    WHOLE,
    allow,
    disallow,
    grant,
    login,
    protect,
    revoke,
    setting,
)

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

DECISION = "decision, decided_at, decided_by, decided_by_name"
UNDOING = "undone_at, undone_by, undone_by_name"
SHOWN = f"{BUSINESS} AND NOT hidden"
# Hidden contacts and released copies are seen by nobody, except by ids inside the operation that merges or takes back.
MERGING = f"({WHOLE} AND {setting('merging')} = 'yes')"
SHOWN_OR_MERGING = f"{BUSINESS} AND (NOT hidden OR {MERGING})"
LIVING = f"{BUSINESS} AND released_at IS NULL"
LIVING_OR_MERGING = f"{BUSINESS} AND (released_at IS NULL OR {MERGING})"
WHOLE_ACCOUNT = f"{BUSINESS} AND {WHOLE}"


def upgrade() -> None:
    op.add_column("contact", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_contact_business_id_merged_into"),
        "contact",
        "contact",
        ["business_id", "merged_into"],
        ["business_id", "id"],
    )
    op.create_index(
        "ix_contact_merged",
        "contact",
        ["business_id", "merged_into"],
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.add_column(
        "possible_duplicate", sa.Column("strength", sa.SmallInteger(), server_default=sa.text("100"), nullable=False)
    )
    op.add_column("possible_duplicate", sa.Column("decision", sa.Text(), nullable=True))
    op.add_column("possible_duplicate", sa.Column("decided_by", sa.Uuid(), nullable=True))
    op.add_column("possible_duplicate", sa.Column("decided_by_name", sa.Text(), nullable=True))
    op.create_index(
        "ix_possible_duplicate_open",
        "possible_duplicate",
        ["business_id", "strength", "id"],
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_index("ix_possible_duplicate_other", "possible_duplicate", ["business_id", "other_id"])
    _merges()
    for verb in ("select", "update"):
        op.execute(f"ALTER POLICY agent_{verb} ON contact USING ({SHOWN_OR_MERGING})")
        op.execute(f"ALTER POLICY agent_{verb} ON crm_policy USING ({LIVING_OR_MERGING})")
    allow("possible_duplicate", "agent", UPDATE, BUSINESS, columns=DECISION)
    allow("possible_duplicate", "jobs", DELETE, JOB)
    allow("contact_source", "agent", UPDATE, WHOLE_ACCOUNT, columns="contact_id", check=BUSINESS)
    allow("note", "agent", UPDATE, WHOLE_ACCOUNT, columns="contact_id", check=BUSINESS)
    grant("crm_policy", "agent", UPDATE, "contact_id")
    op.execute(
        f"CREATE POLICY whole_update ON crm_policy AS RESTRICTIVE FOR UPDATE TO {login('agent')}"
        f" USING ({WHOLE}) WITH CHECK (true)"
    )
    allow("contact_key", "agent", UPDATE, WHOLE_ACCOUNT, columns="contact_id", check=BUSINESS)


def _merges() -> None:
    op.create_table(
        "contact_merge",
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("pair_id", sa.Uuid(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("undone_by_name", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["fmo_id", "business_id"],
            ["business.fmo_id", "business.id"],
            name=op.f("fk_contact_merge_fmo_id_business_id"),
        ),
        sa.PrimaryKeyConstraint("business_id", "id", name=op.f("pk_contact_merge")),
    )
    op.create_index("ix_contact_merge_kept", "contact_merge", ["business_id", "kept_id", "at"])
    protect(
        "contact_merge",
        [("agent", {SELECT: "", INSERT: "", UPDATE: UNDOING}, BUSINESS), ("jobs", {SELECT: ""}, JOB)],
        own=WHOLE,
        checks={("agent", INSERT): f"{BUSINESS} AND {WHOLE} AND by_id = {ACTOR}"},
    )


def downgrade() -> None:
    disallow("contact_key", "agent", UPDATE, "contact_id")
    op.execute("DROP POLICY whole_update ON crm_policy")
    revoke("crm_policy", "agent", UPDATE, "contact_id")
    disallow("note", "agent", UPDATE, "contact_id")
    disallow("contact_source", "agent", UPDATE, "contact_id")
    disallow("possible_duplicate", "jobs", DELETE)
    disallow("possible_duplicate", "agent", UPDATE, DECISION)
    for verb in ("select", "update"):
        op.execute(f"ALTER POLICY agent_{verb} ON contact USING ({SHOWN})")
        op.execute(f"ALTER POLICY agent_{verb} ON crm_policy USING ({LIVING})")
    op.drop_table("contact_merge")
    op.drop_index("ix_possible_duplicate_other", table_name="possible_duplicate")
    op.drop_index("ix_possible_duplicate_open", table_name="possible_duplicate")
    for column in ("decided_by_name", "decided_by", "decision", "strength"):
        op.drop_column("possible_duplicate", column)
    op.drop_index("ix_contact_merged", table_name="contact")
    op.drop_constraint(op.f("fk_contact_business_id_merged_into"), "contact", type_="foreignkey")
    op.drop_column("contact", "merged_into")
