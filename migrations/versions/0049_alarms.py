"""alarms, raised by jobs and acknowledged by officers; neither can write the other's part"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import ACTOR, FMO, INSERT, SELECT, UPDATE, protect

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

FOUND = "fmo_id, id, kind, subject, facts"
KEPT = """
CREATE FUNCTION keep_alarm() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF OLD.over_at IS NOT NULL AND (NEW.over_at, NEW.facts, NEW.seen_at) IS DISTINCT FROM
      (OLD.over_at, OLD.facts, OLD.seen_at) THEN
    RAISE EXCEPTION 'an alarm that is over stays so' USING ERRCODE = '42501';
  END IF;
  IF OLD.acknowledged_at IS NOT NULL AND
      (NEW.acknowledged_at, NEW.acknowledged_by, NEW.acknowledged_name, NEW.note) IS DISTINCT FROM
      (OLD.acknowledged_at, OLD.acknowledged_by, OLD.acknowledged_name, OLD.note) THEN
    RAISE EXCEPTION 'what an officer noted stays' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_name", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(acknowledged_at IS NULL) = (note IS NULL) AND (acknowledged_at IS NULL) = (acknowledged_by IS NULL)",
            name=op.f("ck_alarm_acknowledged"),
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_alarm")),
    )
    holds, waits = sa.text("over_at IS NULL"), sa.text("acknowledged_at IS NULL")
    op.create_index("uq_alarm_holding", "alarm", ["fmo_id", "kind", "subject"], unique=True, postgresql_where=holds)
    op.create_index("ix_alarm_raised", "alarm", ["fmo_id", "raised_at", "id"])
    op.create_index("ix_alarm_open", "alarm", ["fmo_id"], postgresql_where=waits)
    op.create_table(
        "alarm_round",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_alarm_round")),
    )
    looks = f"{FOUND}, raised_at, seen_at, over_at, mailed_at"
    protect(
        "alarm",
        [
            ("jobs", {SELECT: looks, INSERT: FOUND, UPDATE: "facts, seen_at, over_at, mailed_at"}, FMO),
            ("compliance", {SELECT: "", UPDATE: "acknowledged_at, acknowledged_by, acknowledged_name, note"}, FMO),
        ],
        checks={("compliance", UPDATE): f"{FMO} AND (acknowledged_by IS NULL OR acknowledged_by = {ACTOR})"},
    )
    protect(
        "alarm_round",
        [
            ("jobs", {SELECT: "", INSERT: "fmo_id, id", UPDATE: "at"}, FMO),
            ("compliance", {SELECT: ""}, FMO),
        ],
    )
    op.execute(KEPT)
    op.execute("CREATE TRIGGER keep_alarm BEFORE UPDATE ON alarm FOR EACH ROW EXECUTE FUNCTION keep_alarm()")


def downgrade() -> None:
    op.drop_table("alarm_round")
    op.drop_table("alarm")
    op.execute("DROP FUNCTION keep_alarm()")
