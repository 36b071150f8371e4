"""who has access, confirmed or withdrawn each quarter by officers and signed; what is signed stays"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import ACTOR, FMO, INSERT, SELECT, UPDATE, protect

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

QUARTER_KEPT = """
CREATE FUNCTION keep_recertification() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF OLD.signed_at IS NOT NULL THEN
    RAISE EXCEPTION 'what is signed stays' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$
"""
# The officers' login alone writes lines, and may see the quarter that they belong to.
LINE_KEPT = """
CREATE FUNCTION keep_recertification_line() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF current_user NOT LIKE current_database() || '\\_%' THEN
    RETURN NEW;  -- who sets the database up
  END IF;
  IF TG_OP = 'UPDATE' THEN
    IF OLD.decision = 'withdrawn' THEN
      RAISE EXCEPTION 'what was withdrawn stays so here' USING ERRCODE = '42501';
    END IF;
  END IF;
  IF EXISTS (SELECT 1 FROM recertification r WHERE r.fmo_id = NEW.fmo_id AND r.id = NEW.recertification_id
             AND r.signed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'what is signed stays' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$
"""
PERSON = "name, sort_key, email, role, account_id, account, npn, state, last_sign_in_at, has_factor"
DECIDED = "decision, decided_at, decided_by, decided_name, note"


def upgrade() -> None:
    op.create_table(
        "recertification",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("begun_by", sa.Uuid(), nullable=False),
        sa.Column("begun_name", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.JSONB(), nullable=False),
        sa.Column("renewed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.Uuid(), nullable=True),
        sa.Column("signed_name", sa.Text(), nullable=True),
        sa.Column("statement", sa.Text(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(signed_at IS NULL) = (statement IS NULL) AND (signed_at IS NULL) = (signature IS NULL)"
            " AND (signed_at IS NULL) = (signed_by IS NULL) AND (signed_at IS NULL) = (key_id IS NULL)",
            name=op.f("ck_recertification_signed"),
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_recertification")),
    )
    op.create_index("uq_recertification_quarter", "recertification", ["fmo_id", "quarter"], unique=True)
    _lines()
    protect(
        "recertification",
        [
            (
                "compliance",
                {
                    SELECT: "",
                    INSERT: "fmo_id, id, quarter, begun_by, begun_name, roles",
                    UPDATE: "roles, renewed_at, signed_at, signed_by, signed_name, statement, key_id, signature",
                },
                FMO,
            )
        ],
        checks={
            ("compliance", INSERT): f"{FMO} AND begun_by = {ACTOR}",
            ("compliance", UPDATE): f"{FMO} AND (signed_by IS NULL OR signed_by = {ACTOR})",
        },
    )
    protect(
        "recertification_line",
        [
            (
                "compliance",
                {
                    SELECT: "",
                    INSERT: f"fmo_id, id, recertification_id, user_id, {PERSON}",
                    UPDATE: f"{PERSON}, {DECIDED}",
                },
                FMO,
            )
        ],
        checks={("compliance", UPDATE): f"{FMO} AND (decided_by IS NULL OR decided_by = {ACTOR})"},
    )
    op.execute(QUARTER_KEPT)
    op.execute(LINE_KEPT)
    op.execute(
        "CREATE TRIGGER keep_recertification BEFORE UPDATE ON recertification FOR EACH ROW"
        " EXECUTE FUNCTION keep_recertification()"
    )
    op.execute(
        "CREATE TRIGGER keep_recertification_line BEFORE INSERT OR UPDATE ON recertification_line FOR EACH ROW"
        " EXECUTE FUNCTION keep_recertification_line()"
    )


def _lines() -> None:
    op.create_table(
        "recertification_line",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recertification_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sort_key", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("npn", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("last_sign_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("has_factor", sa.Boolean(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_name", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("decided_by <> user_id", name=op.f("ck_recertification_line_nobody_themselves")),
        sa.CheckConstraint(
            "decision IN ('confirmed', 'withdrawn', 'ended')", name=op.f("ck_recertification_line_decision")
        ),
        sa.CheckConstraint(
            "(decision IS NULL) = (decided_at IS NULL)", name=op.f("ck_recertification_line_decided")
        ),
        sa.CheckConstraint(
            "decision = 'ended' OR (decision IS NULL) = (decided_by IS NULL)",
            name=op.f("ck_recertification_line_by_somebody"),
        ),
        sa.CheckConstraint(
            "decision <> 'withdrawn' OR note IS NOT NULL", name=op.f("ck_recertification_line_withdrawn_with_a_note")
        ),
        sa.ForeignKeyConstraint(
            ["fmo_id", "recertification_id"],
            ["recertification.fmo_id", "recertification.id"],
            name=op.f("fk_recertification_line_fmo_id_recertification"),
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_recertification_line")),
    )
    mine = ["fmo_id", "recertification_id"]
    op.create_index(
        "uq_recertification_line_user",
        "recertification_line",
        [*mine, "user_id"],
        unique=True,
        postgresql_where=sa.text("decision IS DISTINCT FROM 'withdrawn'"),
    )
    op.create_index("ix_recertification_line_sorted", "recertification_line", [*mine, "sort_key", "id"])


def downgrade() -> None:
    op.drop_table("recertification_line")
    op.drop_table("recertification")
    op.execute("DROP FUNCTION keep_recertification_line()")
    op.execute("DROP FUNCTION keep_recertification()")
