"""agreements, suspension and off-boarding

An Administrator of an account may suspend its other users, and nothing else about a user: the right names the columns,
the policy the rows and the actor's role.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import ACTOR, BUSINESS, FMO, SELECT, UPDATE, allow, disallow, grant, revoke, setting

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SUSPENSION = "suspended_at, suspended_by, updated_at"
# Whom an Administrator may suspend: the account's other users, as long as these are no Administrators themselves.
OTHERS = (
    f"{BUSINESS} AND {setting('role')} = 'agent_admin' AND id <> {ACTOR} AND role IN ('agent_all', 'agent_limited')"
)
# What a suspension says: nothing, or that the actor made it.
OWN_NAME = f"{BUSINESS} AND ((suspended_at IS NULL AND suspended_by IS NULL) OR suspended_by = {ACTOR})"


def upgrade() -> None:
    op.add_column("business", sa.Column("agreement_signed_on", sa.Date(), nullable=True))
    op.add_column("business", sa.Column("agreement_until", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_business_agreement_dates"),
        "business",
        "agreement_until IS NULL OR agreement_until >= agreement_signed_on",
    )
    op.add_column("portal_user", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("portal_user", sa.Column("suspended_by", sa.Uuid(), nullable=True))
    op.add_column("portal_user", sa.Column("leaves_on", sa.Date(), nullable=True))
    op.create_foreign_key(
        op.f("fk_portal_user_fmo_id_suspended_by"),
        "portal_user",
        "portal_user",
        ["fmo_id", "suspended_by"],
        ["fmo_id", "id"],
    )
    allow("portal_user", "agent", UPDATE, OTHERS, columns=SUSPENSION, check=OWN_NAME)
    op.add_column("invitation", sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True))
    for login in ("fmo", "jobs"):
        grant("invitation", login, SELECT, "voided_at")
    allow("invitation", "fmo", UPDATE, FMO, columns="voided_at")


def downgrade() -> None:
    disallow("invitation", "fmo", UPDATE, "voided_at")
    for login in ("fmo", "jobs"):
        revoke("invitation", login, SELECT, "voided_at")
    op.drop_column("invitation", "voided_at")
    disallow("portal_user", "agent", UPDATE, SUSPENSION)
    op.drop_constraint(op.f("fk_portal_user_fmo_id_suspended_by"), "portal_user", type_="foreignkey")
    for column in ("leaves_on", "suspended_by", "suspended_at"):
        op.drop_column("portal_user", column)
    op.drop_constraint(op.f("ck_business_agreement_dates"), "business", type_="check")
    op.drop_column("business", "agreement_until")
    op.drop_column("business", "agreement_signed_on")
