"""where the writing agent of a copy was read, and finding what a file brought by its contact"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import UPDATE, grant, revoke

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BOTH = ("crm_policy", "policy")
TELL = """
UPDATE crm_policy c SET writer_source = p.writer_source FROM policy p
WHERE p.fmo_id = c.fmo_id AND p.id = c.policy_id AND p.writing_npn = c.npn
"""


def upgrade() -> None:
    op.add_column("crm_policy", sa.Column("writer_source", sa.Text(), nullable=True))
    # The owner of the tables is behind their walls too, unless it may pass every wall.
    for table in BOTH:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(TELL)
    for table in BOTH:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    grant("crm_policy", "fmo", UPDATE, "writer_source")
    op.create_index(
        "ix_upload_row_contact", "upload_row", ["business_id", "contact_id"], postgresql_where=sa.text("written")
    )


def downgrade() -> None:
    op.drop_index("ix_upload_row_contact", table_name="upload_row")
    revoke("crm_policy", "fmo", UPDATE, "writer_source")
    op.drop_column("crm_policy", "writer_source")
