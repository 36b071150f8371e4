"""which writer a file named when somebody said by hand who wrote a policy"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_TOUCHED = ("hand_attribution", "policy")
_AS_IT_IS = """
UPDATE hand_attribution h SET kind_written = p.writer_kind, value_written = p.writer_value
FROM policy p WHERE p.fmo_id = h.fmo_id AND p.identity = h.identity AND p.writer_source IS DISTINCT FROM 'column'
"""


def upgrade() -> None:
    op.add_column("hand_attribution", sa.Column("kind_written", sa.Text(), nullable=True))
    op.add_column("hand_attribution", sa.Column("value_written", sa.Text(), nullable=True))
    # The owner is held to row security like everybody else, and no FMO is at work here.
    for table in _TOUCHED:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(_AS_IT_IS)
    for table in _TOUCHED:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_column("hand_attribution", "value_written")
    op.drop_column("hand_attribution", "kind_written")
