"""claims that the FMO has sent on to the carrier"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import ACTOR, BUSINESS, SELECT, UPDATE, grant, login, revoke

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# An agent speaks in no other name, answers nothing, and sends nothing on.
CLAIMED = f"{BUSINESS} AND by_id = {ACTOR} AND status = 'open' AND answered_at IS NULL AND answer IS NULL"


def upgrade() -> None:
    op.add_column("policy_claim", sa.Column("sent_on_at", sa.DateTime(timezone=True), nullable=True))
    grant("policy_claim", "agent", SELECT, "sent_on_at")
    grant("policy_claim", "fmo", UPDATE, "sent_on_at")
    _check(f"{CLAIMED} AND sent_on_at IS NULL")


def downgrade() -> None:
    _check(CLAIMED)
    revoke("policy_claim", "fmo", UPDATE, "sent_on_at")
    revoke("policy_claim", "agent", SELECT, "sent_on_at")
    op.drop_column("policy_claim", "sent_on_at")


def _check(rule: str) -> None:
    op.execute(f"ALTER POLICY agent_insert ON policy_claim TO {login('agent')} WITH CHECK ({rule})")
