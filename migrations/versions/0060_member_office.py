"""where members write and call, as their letters print it

Revision ID: 0060
Revises: 0059
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import FMO, INSERT, SELECT, UPDATE, protect

revision = "0060"
down_revision = "0059"
branch_labels = depends_on = None

TYPED = ("name", "address", "phone")


def upgrade() -> None:
    op.create_table(
        "member_office",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TYPED),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_member_office")),
        sa.CheckConstraint("id = fmo_id", name=op.f("ck_member_office_one")),
    )
    changed = "name, address, phone, email, changed_name, changed_at"
    protect("member_office", [("compliance", {SELECT: "", INSERT: "", UPDATE: changed}, FMO)])


def downgrade() -> None:
    op.drop_table("member_office")
