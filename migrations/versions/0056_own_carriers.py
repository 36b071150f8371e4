"""officers name the FMO's own carriers, to say within how many days each is told"""

from __future__ import annotations

from migrations.row_rules import FMO, SELECT, allow, disallow

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

NAMED = "fmo_id, carrier"


def upgrade() -> None:
    allow("connector", "compliance", SELECT, FMO, columns=NAMED)


def downgrade() -> None:
    disallow("connector", "compliance", SELECT, NAMED)
