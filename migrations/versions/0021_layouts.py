"""an FMO's own layouts, accepted headers, and files that are frozen because their columns changed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import FMO, INSERT, SELECT, UPDATE, protect

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

OPEN = "uq_feed_run_open_file"


def upgrade() -> None:
    op.add_column("feed_run", sa.Column("layout_version", sa.Integer(), nullable=True))
    _open_files("'queued', 'running', 'held', 'frozen'")
    _layouts()
    _headers()
    _drift()


def _open_files(states: str) -> None:
    op.drop_index(OPEN, table_name="feed_run")
    where = sa.text(f"status IN ({states})")
    op.create_index(OPEN, "feed_run", ["fmo_id", "sha256", "dry_run"], unique=True, postgresql_where=where)


def _keys(table: str) -> list[sa.Column[object] | sa.Constraint]:
    return [
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connector_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fmo_id", "connector_id"], ["connector.fmo_id", "connector.id"], name=op.f(f"fk_{table}_fmo_id")
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f(f"pk_{table}")),
    ]


def _layouts() -> None:
    op.create_table(
        "connector_layout",
        *_keys("connector_layout"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_by_name", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("reason IN ('mapped', 'edited', 'columns')", name=op.f("ck_connector_layout_reason")),
    )
    version = ["fmo_id", "connector_id", "version"]
    op.create_index("uq_connector_layout_version", "connector_layout", version, unique=True)
    lines = [("fmo", {SELECT: "", INSERT: ""}, FMO), ("jobs", {SELECT: ""}, FMO)]
    protect("connector_layout", lines)


def _headers() -> None:
    op.create_table(
        "connector_header",
        *_keys("connector_header"),
        sa.Column("header_id", sa.Text(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("accepted_by_name", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    columns = ["fmo_id", "connector_id", "header_id"]
    op.create_index("uq_connector_header_columns", "connector_header", columns, unique=True)
    op.create_index("ix_connector_header_id", "connector_header", ["fmo_id", "header_id"])
    verbs = {SELECT: "", INSERT: "", UPDATE: ""}
    protect("connector_header", [("fmo", verbs, FMO), ("jobs", verbs, FMO)])


def _drift() -> None:
    lists = ("columns_then", "columns_now", "kinds_then", "kinds_now", "proposals")
    op.create_table(
        "column_drift",
        *_keys("column_drift"),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("header_row", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in lists),
        sa.Column("found_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("renamed", sa.JSON(), nullable=True),
        sa.Column("decided_by_name", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["fmo_id", "run_id"], ["feed_run.fmo_id", "feed_run.id"], name=op.f("fk_column_drift_run")
        ),
        sa.CheckConstraint("status IN ('waiting', 'accepted', 'rejected')", name=op.f("ck_column_drift_status")),
    )
    op.create_index("ix_column_drift_run", "column_drift", ["fmo_id", "run_id"])
    waiting = sa.text("status = 'waiting'")
    op.create_index("ix_column_drift_waiting", "column_drift", ["fmo_id", "found_at"], postgresql_where=waiting)
    decided = {SELECT: "", UPDATE: ""}
    protect("column_drift", [("fmo", decided, FMO), ("jobs", {SELECT: "", INSERT: ""}, FMO)])


def downgrade() -> None:
    for table in ("column_drift", "connector_header", "connector_layout"):
        op.drop_table(table)
    op.execute("ALTER TABLE feed_run NO FORCE ROW LEVEL SECURITY")  # every FMO's, whichever the setup login may see
    op.execute("UPDATE feed_run SET status = 'failed', finished_at = now() WHERE status = 'frozen'")
    op.execute("ALTER TABLE feed_run FORCE ROW LEVEL SECURITY")
    _open_files("'queued', 'running', 'held'")
    op.drop_column("feed_run", "layout_version")
