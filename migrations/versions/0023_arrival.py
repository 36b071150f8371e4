"""places from which files are taken, looks at them, the files seen there, and how often one is expected"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import DELETE, FMO, INSERT, SELECT, UPDATE, protect

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
NOW = sa.text("now()")
# All but the password or key: whoever signs in to the pages may write that and never read it.
SEEN = (
    "fmo_id, id, connector_id, kind, folder, pattern, host, port, username, secret_kind, secret_since, host_key,"
    " host_key_by, host_key_since, offered_key, afterwards, move_to, every_minutes, daily_at, zone, next_at, looked_at,"
    " failures, failing_since, error, stopped, removed_at, created_at, updated_at"
)


def upgrade() -> None:
    _sources()
    _looks()
    _files()
    op.create_table(
        "arrival_expectation",
        *_key(),
        sa.Column("connector_id", sa.Uuid(), nullable=False),
        sa.Column("every_days", sa.Integer(), nullable=False),
        sa.Column("set_at", WHEN, server_default=NOW, nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.CheckConstraint("every_days BETWEEN 1 AND 366", name=op.f("ck_arrival_expectation_days")),
        _belongs("arrival_expectation", "connector_id", "connector"),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_arrival_expectation")),
    )
    op.create_index("uq_arrival_expectation", "arrival_expectation", ["fmo_id", "connector_id"], unique=True)
    written = {SELECT: "", INSERT: "", UPDATE: ""}
    protect("arrival_source", [("fmo", {SELECT: SEEN, INSERT: "", UPDATE: ""}, FMO), ("jobs", written, FMO)])
    looks = ("jobs", {**written, DELETE: ""}, FMO)
    protect("arrival_look", [("fmo", {SELECT: "", INSERT: ""}, FMO), looks])
    protect("arrival_file", [("fmo", {SELECT: ""}, FMO), looks])
    protect("arrival_expectation", [("fmo", {**written, DELETE: ""}, FMO)])


def _key() -> list[sa.Column[object]]:
    return [sa.Column("fmo_id", sa.Uuid(), nullable=False), sa.Column("id", sa.Uuid(), nullable=False)]


def _belongs(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["fmo_id", column], [f"{to}.fmo_id", f"{to}.id"], name=op.f(f"fk_{table}_fmo_id_{column}"))


def _sources() -> None:
    op.create_table(
        "arrival_source",
        *_key(),
        sa.Column("connector_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=True),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("secret_kind", sa.Text(), nullable=True),
        sa.Column("secret_since", WHEN, nullable=True),
        sa.Column("host_key", sa.Text(), nullable=True),
        sa.Column("host_key_by", sa.Text(), nullable=True),
        sa.Column("host_key_since", WHEN, nullable=True),
        sa.Column("offered_key", sa.Text(), nullable=True),
        sa.Column("afterwards", sa.Text(), server_default="leave", nullable=False),
        sa.Column("move_to", sa.Text(), nullable=True),
        sa.Column("every_minutes", sa.Integer(), nullable=True),
        sa.Column("daily_at", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), server_default="America/New_York", nullable=False),
        sa.Column("next_at", WHEN, nullable=True),
        sa.Column("looked_at", WHEN, nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", WHEN, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("stopped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("removed_at", WHEN, nullable=True),
        sa.Column("created_at", WHEN, server_default=NOW, nullable=False),
        sa.Column("updated_at", WHEN, server_default=NOW, nullable=False),
        sa.CheckConstraint("kind IN ('folder', 'sftp')", name=op.f("ck_arrival_source_kind")),
        sa.CheckConstraint("afterwards IN ('leave', 'move', 'delete')", name=op.f("ck_arrival_source_afterwards")),
        sa.CheckConstraint(
            "kind = 'folder' OR host IS NOT NULL AND username IS NOT NULL",
            name=op.f("ck_arrival_source_sftp_has_a_host"),
        ),
        _belongs("arrival_source", "connector_id", "connector"),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_arrival_source")),
    )
    op.create_index("ix_arrival_source_connector", "arrival_source", ["fmo_id", "connector_id", "created_at"])
    due = sa.text("removed_at IS NULL")
    op.create_index("ix_arrival_source_due", "arrival_source", ["fmo_id", "next_at"], postgresql_where=due)


def _looks() -> None:
    op.create_table(
        "arrival_look",
        *_key(),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("found", sa.Integer(), nullable=True),
        sa.Column("taken", sa.Integer(), nullable=True),
        sa.Column("waiting", sa.Integer(), nullable=True),
        sa.Column("left", sa.Integer(), nullable=True),
        sa.Column("lines", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_id", sa.Uuid(), nullable=True),
        sa.Column("asked_at", WHEN, server_default=NOW, nullable=False),
        sa.Column("started_at", WHEN, nullable=True),
        sa.Column("ended_at", WHEN, nullable=True),
        sa.CheckConstraint("what IN ('take', 'test', 'key')", name=op.f("ck_arrival_look_what")),
        sa.CheckConstraint("status IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_arrival_look_status")),
        _belongs("arrival_look", "source_id", "arrival_source"),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_arrival_look")),
    )
    op.create_index("ix_arrival_look_when", "arrival_look", ["fmo_id", "source_id", "asked_at", "id"])
    is_open = sa.text("status IN ('queued', 'running')")
    op.create_index(
        "uq_arrival_look_open", "arrival_look", ["fmo_id", "source_id"], unique=True, postgresql_where=is_open
    )


def _files() -> None:
    op.create_table(
        "arrival_file",
        *_key(),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("stands", sa.Text(), server_default="there", nullable=False),
        sa.Column("kept_as", sa.Text(), nullable=True),
        sa.Column("first_seen_at", WHEN, server_default=NOW, nullable=False),
        sa.Column("seen_at", WHEN, server_default=NOW, nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'taken', 'refused')", name=op.f("ck_arrival_file_state")),
        sa.CheckConstraint(
            "state <> 'taken' OR sha256 IS NOT NULL AND run_id IS NOT NULL", name=op.f("ck_arrival_file_taken_as_a_run")
        ),
        _belongs("arrival_file", "source_id", "arrival_source"),
        sa.ForeignKeyConstraint(
            ["fmo_id", "run_id"], ["feed_run.fmo_id", "feed_run.id"], name=op.f("fk_arrival_file_fmo_id_run_id")
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_arrival_file")),
    )
    op.create_index("ix_arrival_file_name", "arrival_file", ["fmo_id", "source_id", "name"])
    op.create_index("ix_arrival_file_run", "arrival_file", ["fmo_id", "run_id"])
    waits = sa.text("state = 'waiting'")
    op.create_index(
        "uq_arrival_file_waiting", "arrival_file", ["fmo_id", "source_id", "name"], unique=True, postgresql_where=waits
    )


def downgrade() -> None:
    for table in ("arrival_expectation", "arrival_file", "arrival_look", "arrival_source"):
        op.drop_table(table)
