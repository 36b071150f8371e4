"""reviews of the log, which the officers alone see and which nobody changes once they are signed; the watch list"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import ACTOR, FMO, INSERT, SELECT, UPDATE, login, protect

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

# What is frozen with a review: its findings, whatever login tries.
FREEZE = """
CREATE FUNCTION freeze_finding() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM review r WHERE r.fmo_id = NEW.fmo_id AND r.id = NEW.review_id AND r.signed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'a signed review is never changed';
  END IF;
  RETURN NEW;
END $$
"""
MINE = f"{FMO} AND begun_by = {ACTOR} AND asked_by = {ACTOR}"
# Once signed, once closed, once taken off: rows that stay as they are.
ENDS = {"review": "signed_at", "review_follow_up": "closed_at", "watched_member": "removed_at"}


def _when(name: str, *, now: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()") if now else None, nullable=not now)


def _text(name: str, *, optional: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=optional)


def _id(name: str, *, optional: bool = False) -> sa.Column:
    return sa.Column(name, sa.Uuid(), nullable=optional)


def _json(name: str) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)


def _number(name: str, *, small: bool = False) -> sa.Column:
    return sa.Column(name, sa.SmallInteger() if small else sa.Integer(), nullable=False)


def upgrade() -> None:
    _reviews()
    _follow_ups()
    _lists()
    _walls()


def _reviews() -> None:
    op.create_table(
        "review",
        _id("fmo_id"),
        _id("id"),
        _number("number"),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        _when("begun_at", now=True),
        _id("begun_by"),
        _text("begun_name"),
        _when("asked_at", now=True),
        _id("asked_by"),
        _text("asked_name"),
        _when("computed_at"),
        sa.Column("entries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _json("rules"),
        _when("signed_at"),
        _id("signed_by", optional=True),
        _text("signed_name", optional=True),
        _text("statement", optional=True),
        _text("sha256", optional=True),
        _text("key_id", optional=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_review")),
        sa.CheckConstraint("from_at <= until_at", name=op.f("ck_review_period")),
        sa.CheckConstraint(
            "num_nonnulls(signed_at, signed_by, signed_name, statement, sha256, key_id, signature) IN (0, 7)",
            name=op.f("ck_review_signed_whole"),
        ),
    )
    op.create_index("uq_review_open", "review", ["fmo_id"], unique=True, postgresql_where=sa.text("signed_at IS NULL"))
    op.create_index("uq_review_number", "review", ["fmo_id", "number"], unique=True)
    op.create_table(
        "review_finding",
        _id("fmo_id"),
        _id("id"),
        _id("review_id"),
        _text("kind"),
        _text("key"),
        _text("why"),
        _id("actor_id", optional=True),
        _text("actor_name"),
        _text("role"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        _number("entries"),
        sa.Column("member_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        _json("figures"),
        _json("filters"),
        _when("found_at", now=True),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("grown", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _text("disposition", optional=True),
        _text("note", optional=True),
        _when("decided_at"),
        _id("decided_by", optional=True),
        _text("decided_name", optional=True),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_review_finding")),
        sa.ForeignKeyConstraint(
            ["fmo_id", "review_id"], ["review.fmo_id", "review.id"], name=op.f("fk_review_finding_fmo_id_review_id")
        ),
        sa.CheckConstraint(
            "disposition IN ('fine', 'follow_up', 'incident')", name=op.f("ck_review_finding_disposition")
        ),
        sa.CheckConstraint(
            "num_nonnulls(disposition, decided_at, decided_by, decided_name) IN (0, 4)",
            name=op.f("ck_review_finding_decided"),
        ),
    )
    op.create_index("uq_review_finding_key", "review_finding", ["fmo_id", "review_id", "kind", "key"], unique=True)


def _follow_ups() -> None:
    op.create_table(
        "review_follow_up",
        _id("fmo_id"),
        _id("id"),
        _id("finding_id"),
        _when("made_at", now=True),
        _id("owner_id"),
        _text("owner_name"),
        sa.Column("due_on", sa.Date(), nullable=False),
        _when("closed_at"),
        _id("closed_by", optional=True),
        _text("closed_name", optional=True),
        _text("outcome", optional=True),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_review_follow_up")),
        sa.ForeignKeyConstraint(
            ["fmo_id", "finding_id"],
            ["review_finding.fmo_id", "review_finding.id"],
            name=op.f("fk_review_follow_up_fmo_id_finding_id"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(closed_at, closed_by, closed_name, outcome) IN (0, 4)",
            name=op.f("ck_review_follow_up_closed"),
        ),
    )
    is_open = sa.text("closed_at IS NULL")
    op.create_index(
        "uq_review_follow_up_open", "review_follow_up", ["fmo_id", "finding_id"], unique=True, postgresql_where=is_open
    )
    op.create_index("ix_review_follow_up_due", "review_follow_up", ["fmo_id", "due_on"], postgresql_where=is_open)


def _lists() -> None:
    op.create_table(
        "watched_member",
        _id("fmo_id"),
        _id("id"),
        _id("member_id"),
        _text("reason"),
        _when("added_at", now=True),
        _id("added_by"),
        _text("added_name"),
        _when("removed_at"),
        _id("removed_by", optional=True),
        _text("removed_name", optional=True),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_watched_member")),
        sa.CheckConstraint(
            "num_nonnulls(removed_at, removed_by, removed_name) IN (0, 3)", name=op.f("ck_watched_member_removed")
        ),
    )
    on_it = sa.text("removed_at IS NULL")
    op.create_index("uq_watched_member", "watched_member", ["fmo_id", "member_id"], unique=True, postgresql_where=on_it)
    op.create_table(
        "review_rules",
        _id("fmo_id"),
        _id("id"),
        _number("every_days", small=True),
        _text("zone"),
        _number("opens", small=True),
        _number("closes", small=True),
        sa.Column("weekends", sa.Boolean(), nullable=False),
        _number("failures", small=True),
        _number("least_members"),
        _number("own_factor", small=True),
        _number("peer_factor", small=True),
        _number("sample", small=True),
        _when("changed_at", now=True),
        _text("changed_name"),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_review_rules")),
        sa.CheckConstraint("id = fmo_id", name=op.f("ck_review_rules_one")),
        sa.CheckConstraint("every_days BETWEEN 1 AND 31", name=op.f("ck_review_rules_every_days")),
        sa.CheckConstraint(
            "opens BETWEEN 0 AND 23 AND closes BETWEEN 1 AND 24 AND opens < closes", name=op.f("ck_review_rules_hours")
        ),
    )
    op.create_table(
        "review_reminder",
        _id("fmo_id"),
        _id("id"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        _when("made_at", now=True),
        _when("mailed_at"),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_review_reminder")),
    )
    op.create_index("uq_review_reminder_due", "review_reminder", ["fmo_id", "due_at"], unique=True)


def _walls() -> None:
    whole = {SELECT: "", INSERT: "", UPDATE: ""}
    computed = "until_at, asked_at, asked_by, asked_name, computed_at, entries, rules"
    signed = "signed_at, signed_by, signed_name, statement, sha256, key_id, signature"
    protect(
        "review",
        [
            ("compliance", {SELECT: "", INSERT: "", UPDATE: f"{computed}, {signed}"}, FMO),
            ("jobs", {SELECT: "fmo_id, id, until_at, signed_at"}, FMO),  # whether one is overdue, and no finding
        ],
        checks={
            ("compliance", INSERT): MINE,
            ("compliance", UPDATE): f"{FMO} AND (signed_by IS NULL OR signed_by = {ACTOR})",
        },
    )
    protect("review_finding", [("compliance", whole, FMO)])
    closes = "closed_at, closed_by, closed_name, outcome"
    protect("review_follow_up", [("compliance", {SELECT: "", INSERT: "", UPDATE: closes}, FMO)])
    protect(
        "watched_member",
        [("compliance", {SELECT: "", INSERT: "", UPDATE: "removed_at, removed_by, removed_name"}, FMO)],
        checks={("compliance", INSERT): f"{FMO} AND added_by = {ACTOR}"},
    )
    protect("review_rules", [("compliance", whole, FMO), ("jobs", {SELECT: "fmo_id, id, every_days"}, FMO)])
    protect("review_reminder", [("jobs", {SELECT: "", INSERT: "", UPDATE: "mailed_at"}, FMO)])
    op.execute(
        f"CREATE POLICY compliance_review ON outbox FOR INSERT TO {login('compliance')}"
        f" WITH CHECK ({FMO} AND job = 'compute_review')"
    )
    op.execute(FREEZE)
    op.execute(
        "CREATE TRIGGER keep BEFORE INSERT OR UPDATE ON review_finding FOR EACH ROW EXECUTE FUNCTION freeze_finding()"
    )
    for table, ended in ENDS.items():
        op.execute(
            f"CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW"
            f" WHEN (OLD.{ended} IS NOT NULL) EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.execute("DROP POLICY compliance_review ON outbox")
    for table in (
        "review_reminder", "review_rules", "watched_member", "review_follow_up", "review_finding", "review",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute("DROP FUNCTION freeze_finding()")
