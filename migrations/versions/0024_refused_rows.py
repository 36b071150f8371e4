"""refused rows that wait for a person, what is learned from them, and runs that load them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import FMO, INSERT, SELECT, UPDATE, allow, disallow, protect

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

KEY = sa.Text(collation="C")
WHEN = sa.DateTime(timezone=True)
DECIDED = (
    "state, version, why, decided_by, decided_name, decided_at, fix_run_id, fix_row, fixed, identity, updated_at"
)


def upgrade() -> None:
    op.add_column("feed_run", sa.Column("parent_id", sa.Uuid(), nullable=True))
    _refused_row()
    _value_alias()
    protect(
        "refused_row",
        [("fmo", {SELECT: "", UPDATE: DECIDED}, FMO), ("jobs", {SELECT: "", INSERT: "", UPDATE: ""}, FMO)],
    )
    # Whom a row would belong to is told before it is loaded.
    allow("member_key", "fmo", SELECT, FMO)
    revoked = {UPDATE: "revoked_at, revoked_name"}
    protect("value_alias", [("fmo", {SELECT: "", INSERT: "", **revoked}, FMO), ("jobs", {SELECT: ""}, FMO)])


def _refused_row() -> None:
    op.create_table(
        "refused_row",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connector_id", sa.Uuid(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("identity", KEY, nullable=True),
        sa.Column("cause", KEY, nullable=False),
        sa.Column("grouped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("fixed", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_name", sa.Text(), nullable=True),
        sa.Column("decided_at", WHEN, nullable=True),
        sa.Column("fix_run_id", sa.Uuid(), nullable=True),
        sa.Column("fix_row", sa.Integer(), nullable=True),
        sa.Column("told_run_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'loading', 'loaded', 'dismissed', 'told')", name=op.f("ck_refused_row_state")
        ),
        sa.ForeignKeyConstraint(
            ["fmo_id", "connector_id"],
            ["connector.fmo_id", "connector.id"],
            name=op.f("fk_refused_row_fmo_id_connector_id"),
        ),
        sa.ForeignKeyConstraint(
            ["fmo_id", "run_id"], ["feed_run.fmo_id", "feed_run.id"], name=op.f("fk_refused_row_fmo_id_run_id")
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_refused_row")),
    )
    op.create_index("uq_refused_row_digest", "refused_row", ["fmo_id", "connector_id", "digest"], unique=True)
    op.create_index("ix_refused_row_state", "refused_row", ["fmo_id", "state", "created_at", "id"])
    op.create_index("ix_refused_row_cause", "refused_row", ["fmo_id", "cause", "state"])
    op.create_index("ix_refused_row_run", "refused_row", ["fmo_id", "run_id"])
    for name, column in (("fix", "fix_run_id"), ("identity", "identity")):
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_refused_row_{name}", "refused_row", ["fmo_id", column], postgresql_where=where)


def _value_alias() -> None:
    op.create_table(
        "value_alias",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connector_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("column_key", KEY, nullable=True),
        sa.Column("occurrence", sa.Integer(), nullable=True),
        sa.Column("written", KEY, nullable=True),
        sa.Column("shown", sa.Text(), nullable=True),
        sa.Column("replacement", sa.Text(), nullable=True),
        sa.Column("row_seal", KEY, nullable=True),
        sa.Column("row_mark", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_name", sa.Text(), nullable=False),
        sa.Column("decided_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", WHEN, nullable=True),
        sa.Column("revoked_name", sa.Text(), nullable=True),
        sa.CheckConstraint("(row_seal IS NULL) = (written IS NOT NULL)", name=op.f("ck_value_alias_word_or_row")),
        sa.ForeignKeyConstraint(
            ["fmo_id", "connector_id"],
            ["connector.fmo_id", "connector.id"],
            name=op.f("fk_value_alias_fmo_id_connector_id"),
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_value_alias")),
    )
    op.create_index(
        "uq_value_alias_word",
        "value_alias",
        ["fmo_id", "connector_id", "column_key", "occurrence", "written"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL AND row_seal IS NULL"),
    )
    op.create_index(
        "uq_value_alias_row",
        "value_alias",
        ["fmo_id", "connector_id", "row_seal"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL AND row_seal IS NOT NULL"),
    )


def downgrade() -> None:
    disallow("member_key", "fmo", SELECT)
    op.drop_table("value_alias")
    op.drop_table("refused_row")
    op.drop_column("feed_run", "parent_id")
