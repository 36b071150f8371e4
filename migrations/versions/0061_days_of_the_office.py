"""Whoever releases policies may read in which zone the FMO counts days, and nothing else of how its log is reviewed.

Revision ID: 0061
Revises: 0060
"""

from __future__ import annotations

from migrations.row_rules import FMO, SELECT, allow, disallow, grant, revoke

revision = "0061"
down_revision = "0060"
branch_labels = depends_on = None

READ = "fmo_id, id, zone"


def upgrade() -> None:
    allow("review_rules", "fmo", SELECT, FMO, columns=READ)
    grant("review_rules", "jobs", SELECT, "zone")


def downgrade() -> None:
    revoke("review_rules", "jobs", SELECT, "zone")
    disallow("review_rules", "fmo", SELECT, READ)
