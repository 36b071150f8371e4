"""contacts from files"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import (
    BUSINESS,
    DELETE,
    INSERT,
    JOB,
    SELECT,
    UPDATE,
    WHOLE,
    allow,
    disallow,
    grant,
    login,
    protect,
    revoke,
)

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SEEN_CONTACT = (
    "exists (select 1 from contact c where c.business_id = contact_key.business_id and c.id = contact_key.contact_id)"
)
# Only what an agent made and no carrier speaks of: an upload that is undone takes its contacts along.
OWN_MAKING = f"{BUSINESS} AND NOT hidden AND made_by IS NOT NULL AND member_id IS NULL"
WHOLE_ACCOUNT = f"{BUSINESS} AND {WHOLE}"
KEPT_UPLOAD = "business_id, id, fmo_id, updated_at, forgotten_at"
KEPT_ROW = "business_id, id, fmo_id, upload_id"


def _jsonb(name: str, default: str = "{}") -> sa.Column[Any]:
    return sa.Column(name, postgresql.JSONB(), server_default=sa.text(f"'{default}'"), nullable=False)


def _no(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)


def upgrade() -> None:
    op.add_column("contact", sa.Column("typed_mbi", sa.Text(), nullable=True))
    op.add_column("contact", sa.Column("typed_mbi_hash", sa.Text(), nullable=True))
    op.add_column("note", sa.Column("upload_id", sa.Uuid(), nullable=True))
    op.add_column("contact_key", sa.Column("upload_id", sa.Uuid(), nullable=True))
    _tables()
    agent = {SELECT: "", INSERT: "", UPDATE: ""}
    brought = {("agent", INSERT): WHOLE_ACCOUNT}
    protect(
        "upload",
        [("agent", agent, BUSINESS), ("jobs", {SELECT: KEPT_UPLOAD, UPDATE: "body, forgotten_at"}, JOB)],
        own=WHOLE,
        checks=brought,
    )
    protect(
        "upload_row",
        [("agent", {**agent, DELETE: ""}, BUSINESS), ("jobs", {SELECT: KEPT_ROW, DELETE: ""}, JOB)],
        own=WHOLE,
        checks=brought,
    )
    allow("contact", "agent", DELETE, OWN_MAKING)
    allow("note", "agent", DELETE, BUSINESS)
    for verb in (SELECT, INSERT, DELETE):
        allow("contact_key", "agent", verb, BUSINESS)
    own = f"CREATE POLICY own_npn ON contact_key AS RESTRICTIVE FOR ALL TO {login('agent')}"
    op.execute(f"{own} USING ({SEEN_CONTACT}) WITH CHECK ({SEEN_CONTACT})")
    grant("contact_key", "fmo", SELECT, "upload_id")
    allow("possible_duplicate", "agent", INSERT, WHOLE_ACCOUNT)
    allow("possible_duplicate", "agent", DELETE, BUSINESS)


def _tables() -> None:
    op.create_table(
        "upload",
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_by_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="columns", nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        _jsonb("columns"),
        sa.Column("date_order", sa.Text(), server_default="mdy", nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        _jsonb("counts"),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_by_name", sa.Text(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by_name", sa.Text(), nullable=True),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["fmo_id", "business_id"], ["business.fmo_id", "business.id"], name="fk_upload_fmo_id_business_id"
        ),
        sa.PrimaryKeyConstraint("business_id", "id", name="pk_upload"),
    )
    op.create_index("ix_upload_when", "upload", ["business_id", "created_at", "id"])
    op.create_table(
        "upload_row",
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("choice", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("same_as", sa.Integer(), nullable=True),
        sa.Column("rung", sa.Text(), nullable=True),
        sa.Column("candidates", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        _jsonb("doubts", "[]"),
        _jsonb("problems", "[]"),
        _jsonb("values"),
        sa.Column("mbi", sa.Text(), nullable=True),
        sa.Column("mbi_hash", sa.Text(), nullable=True),
        _jsonb("keys"),
        sa.Column("note", sa.Text(), nullable=True),
        _jsonb("fill"),
        _no("fills_mbi"),
        _no("was_owned"),
        _no("written"),
        sa.Column("undone", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business_id", "upload_id"],
            ["upload.business_id", "upload.id"],
            name="fk_upload_row_business_id_upload_id",
        ),
        sa.PrimaryKeyConstraint("business_id", "id", name="pk_upload_row"),
    )
    op.create_index("uq_upload_row_number", "upload_row", ["business_id", "upload_id", "number"], unique=True)


def downgrade() -> None:
    disallow("possible_duplicate", "agent", DELETE)
    disallow("possible_duplicate", "agent", INSERT)
    revoke("contact_key", "fmo", SELECT, "upload_id")
    op.execute("DROP POLICY own_npn ON contact_key")
    for verb in (SELECT, INSERT, DELETE):
        disallow("contact_key", "agent", verb)
    disallow("note", "agent", DELETE)
    disallow("contact", "agent", DELETE)
    op.drop_table("upload_row")
    op.drop_table("upload")
    op.drop_column("contact_key", "upload_id")
    op.drop_column("note", "upload_id")
    op.drop_column("contact", "typed_mbi_hash")
    op.drop_column("contact", "typed_mbi")
