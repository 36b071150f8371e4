"""what runs changed, and taking a run back"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import DELETE, FMO, INSERT, SELECT, UPDATE, allow, disallow, grant, protect, revoke

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def _keys(table: str, *columns: sa.SchemaItem, run: str = "run_id") -> None:
    op.create_table(
        table,
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["fmo_id", run], ["feed_run.fmo_id", "feed_run.id"], name=op.f(f"fk_{table}_fmo_id_{run}")
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f(f"pk_{table}")),
    )


def _moment(name: str, *, now: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=NOW if now else None, nullable=not now)


def _text(name: str, *, nullable: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(collation="C") if key else sa.Text(), nullable=nullable)


def upgrade() -> None:
    op.add_column("feed_run", sa.Column("batch", sa.BigInteger(), nullable=True))
    op.add_column("feed_run", _moment("undone_at"))
    op.add_column("feed_run", _text("undone_by", nullable=True))
    op.add_column("member_key", sa.Column("batch", sa.BigInteger(), nullable=True))
    op.add_column("policy", sa.Column("first_run_id", sa.Uuid(), nullable=True))
    for table in ("policy", "member"):
        op.add_column(table, sa.Column("revision", sa.BigInteger(), nullable=True))
    grant("policy", "fmo", UPDATE, "revision")
    op.create_index("ix_policy_first_run", "policy", ["fmo_id", "first_run_id", "id"])
    _effects()
    _readings()
    _undos()
    for table in ("policy", "policy_writer"):
        allow(table, "jobs", DELETE, FMO)


def _effects() -> None:
    told = sa.Column("told", postgresql.JSONB(), nullable=False)
    ids = [sa.Column(name, sa.Uuid(), nullable=False) for name in ("subject_id", "member_id")]
    run = sa.Column("run_id", sa.Uuid(), nullable=False)
    kind = sa.CheckConstraint("kind IN ('new', 'changed', 'member')", name=op.f("ck_feed_effect_kind"))
    identity = _text("identity", nullable=True, key=True)
    told_of = (_text("kind"), *ids, _text("sort_key", key=True), told, identity)
    _keys("feed_effect", run, *told_of, _moment("undone_at"), kind)
    op.create_index("ix_feed_effect_run", "feed_effect", ["fmo_id", "run_id", "kind", "sort_key", "id"])
    op.create_index("ix_feed_effect_subject", "feed_effect", ["fmo_id", "subject_id", "run_id"])
    taken_back = sa.text("identity IS NOT NULL AND undone_at IS NOT NULL")
    op.create_index("ix_feed_effect_identity", "feed_effect", ["fmo_id", "identity"], postgresql_where=taken_back)
    protect("feed_effect", [("fmo", {SELECT: ""}, FMO), ("jobs", {SELECT: "", INSERT: "", UPDATE: "undone_at"}, FMO)])


def _readings() -> None:
    counts = sa.Column("counts", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False)
    status = sa.Column("status", sa.Text(), server_default="queued", nullable=False)
    known = sa.CheckConstraint("status IN ('queued', 'done', 'failed')", name=op.f("ck_feed_reading_status"))
    _keys("feed_reading", status, counts, _moment("asked_at", now=True), _moment("finished_at"), known, run="id")
    own = {SELECT: "", INSERT: "", UPDATE: ""}
    protect("feed_reading", [("fmo", own, FMO), ("jobs", own, FMO)])
    numbers = [sa.Column(name, sa.Integer(), nullable=False) for name in ("place", "row")]
    words = [_text(name) for name in ("sheet", "column_name", "kind", "shape")]
    run = sa.Column("run_id", sa.Uuid(), nullable=False)
    _keys("feed_alteration", run, *numbers, *words, _text("became", nullable=True))
    op.create_index("ix_feed_alteration_run", "feed_alteration", ["fmo_id", "run_id", "place"])
    protect("feed_alteration", [("fmo", {SELECT: ""}, FMO), ("jobs", {SELECT: "", INSERT: "", DELETE: ""}, FMO)])


def _undos() -> None:
    _keys(
        "feed_undo",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        _text("shown"),
        sa.Column("partly", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        _text("asked_name"),
        _moment("asked_at", now=True),
        _moment("begun_at"),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("counts", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        _text("error", nullable=True),
        _moment("finished_at"),
        sa.CheckConstraint("status IN ('queued', 'held', 'done', 'refused')", name=op.f("ck_feed_undo_status")),
    )
    still_open = sa.text("status IN ('queued', 'held')")
    op.create_index("uq_feed_undo_open", "feed_undo", ["fmo_id", "run_id"], unique=True, postgresql_where=still_open)
    op.create_index("ix_feed_undo_run", "feed_undo", ["fmo_id", "run_id", "asked_at", "id"])
    own = {SELECT: "", INSERT: "", UPDATE: ""}
    protect("feed_undo", [("fmo", own, FMO), ("jobs", own, FMO)])


def downgrade() -> None:
    for table in ("policy_writer", "policy"):
        disallow(table, "jobs", DELETE)
    for table in ("feed_undo", "feed_alteration", "feed_reading", "feed_effect"):
        op.drop_table(table)
    op.drop_index("ix_policy_first_run", table_name="policy")
    op.drop_column("policy", "first_run_id")
    revoke("policy", "fmo", UPDATE, "revision")
    for table in ("member", "policy"):
        op.drop_column(table, "revision")
    op.drop_column("member_key", "batch")
    for name in ("undone_by", "undone_at", "batch"):
        op.drop_column("feed_run", name)
