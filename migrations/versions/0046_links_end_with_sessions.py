"""a link in a letter ends with whatever ends its user's sessions, and does not wake up when they may be in again"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_TOUCHED = ("letter", "portal_user")


def upgrade() -> None:
    op.add_column("letter", sa.Column("generation", sa.Integer(), server_default="0", nullable=False))
    # Links that are out go on. The owner is held to row security, and no FMO is at work.
    for table in _TOUCHED:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE letter l SET generation = u.session_generation FROM portal_user u"
        " WHERE u.fmo_id = l.fmo_id AND u.id = l.user_id"
    )
    for table in _TOUCHED:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_column("letter", "generation")
