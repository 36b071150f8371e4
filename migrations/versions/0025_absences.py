"""policies that are missing from their carrier's feed, and files that look cut off"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import FMO, INSERT, SELECT, UPDATE, grant, protect, revoke

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

QUESTIONS = ("feed_run", "held_change")
# What waits with this question ends: an older program knows no such question.
ENDED = """
UPDATE feed_run r SET status = 'failed', error = 'It waited for an administrator. Nothing in the book was changed; load
 the file again.' FROM held_change h
WHERE r.status = 'held' AND h.fmo_id = r.fmo_id AND h.subject_id = r.id AND h.kind = 'shrunk_file'
  AND h.status = 'waiting'
"""
MARKED = sa.text("missing_since IS NOT NULL")


def upgrade() -> None:
    op.add_column("feed_run", sa.Column("missing", sa.Integer(), nullable=True))
    op.add_column("feed_run", sa.Column("says_full", sa.Boolean(), nullable=True))
    op.add_column("policy", sa.Column("missing_since", sa.Date(), nullable=True))
    op.create_index("ix_policy_missing", "policy", ["fmo_id", "sort_key", "id"], postgresql_where=MARKED)
    grant("policy", "fmo", UPDATE, "missing_since")
    _declared_sets()
    _absences()
    _four_eyes("status = 'rejected' OR kind = 'shrunk_file' OR decided_by <> asked_by")


def _declared_sets() -> None:
    op.create_table(
        "declared_set",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connector_id", sa.Uuid(), nullable=False),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("words", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("keeps_ended", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("number BETWEEN 1 AND 500", name=op.f("ck_declared_set_number")),
        sa.ForeignKeyConstraint(
            ["fmo_id", "connector_id"],
            ["connector.fmo_id", "connector.id"],
            name=op.f("fk_declared_set_fmo_id_connector_id"),
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_declared_set")),
    )
    op.create_index("uq_declared_set_connector", "declared_set", ["fmo_id", "connector_id"], unique=True)
    what = "is_full, words, number, keeps_ended, since"
    protect("declared_set", [("fmo", {SELECT: "", INSERT: "", UPDATE: what}, FMO), ("jobs", {SELECT: ""}, FMO)])


def _absences() -> None:
    op.create_table(
        "policy_absence",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("missing_from", sa.Date(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["fmo_id", "policy_id"],
            ["policy.fmo_id", "policy.id"],
            name=op.f("fk_policy_absence_fmo_id_policy_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_policy_absence")),
    )
    still_open = sa.text("until IS NULL")
    one = ("uq_policy_absence_open", "policy_absence", ["fmo_id", "policy_id"])
    op.create_index(*one, unique=True, postgresql_where=still_open)
    op.create_index("ix_policy_absence_policy", "policy_absence", ["fmo_id", "policy_id"])
    op.create_index("ix_policy_absence_run", "policy_absence", ["fmo_id", "run_id"])
    protect(
        "policy_absence",
        [
            ("fmo", {SELECT: "", UPDATE: "until, ended_by"}, FMO),
            ("jobs", {SELECT: "", INSERT: "", UPDATE: "until, ended_by"}, FMO),
        ],
    )


def downgrade() -> None:
    # The owner of the tables is behind their walls too, unless it may pass every wall.
    for table in QUESTIONS:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(ENDED)
    op.execute("DELETE FROM held_change WHERE kind = 'shrunk_file'")
    for table in QUESTIONS:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    _four_eyes("status = 'rejected' OR decided_by <> asked_by")
    op.drop_table("policy_absence")
    op.drop_table("declared_set")
    revoke("policy", "fmo", UPDATE, "missing_since")
    op.drop_index("ix_policy_missing", table_name="policy")
    op.drop_column("policy", "missing_since")
    for name in ("says_full", "missing"):
        op.drop_column("feed_run", name)


def _four_eyes(rule: str) -> None:
    op.execute("ALTER TABLE held_change DROP CONSTRAINT ck_held_change_four_eyes")
    op.execute(f"ALTER TABLE held_change ADD CONSTRAINT ck_held_change_four_eyes CHECK ({rule})")
