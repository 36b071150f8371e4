"""emergency access: an hour of reading in one account, which hangs on a row

The login `emergency` may read what the pages of an emergency access show, and sees nothing of it without a row of
`emergency_access` that is its actor's, for this Business, not ended and not past its hour by the database's clock. It
may change nothing. When an access began and until when it holds are defaults that nobody may write; that it is ended
with the session, and with the person's sign-in or role, is a trigger's work.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import ACTOR, BUSINESS, FMO, INSERT, JOB, SELECT, UPDATE, allow, login, protect, setting

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

LIVING = "ended_at IS NULL AND until > now()"
# One value a statement; row security lets this login see its actor's living access only.
GRANTED = (
    f"(SELECT e.business_id FROM emergency_access e WHERE e.{FMO} AND e.user_id = {ACTOR}"
    f" AND e.business_id = {setting('business_id', '::uuid')} AND e.ended_at IS NULL AND e.until > now())"
)
ROWS = f"{FMO} AND business_id = {GRANTED}"
READ = {
    "contact": f"{ROWS} AND NOT hidden AND removed_at IS NULL",
    "crm_policy": f"{ROWS} AND released_at IS NULL AND removed_at IS NULL",
    "business": f"{FMO} AND id = {GRANTED}",
    "fmo": FMO.replace("fmo_id =", "id =", 1),
}
KEPT = """
CREATE FUNCTION keep_emergency_end() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at THEN
    RAISE EXCEPTION 'an emergency access that has ended stays so' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$
"""
# Run by whoever ends the session or changes the person: each of these logins may end an access of the FMO.
WITH_SESSION = """
CREATE FUNCTION end_emergency_with_session() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  UPDATE emergency_access SET ended_at = least(now(), until), ended_how = 'signed_out'
   WHERE session_id = OLD.id AND ended_at IS NULL;
  RETURN NULL;
END $$
"""
WITH_PERSON = """
CREATE FUNCTION end_emergency_with_person() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  UPDATE emergency_access SET ended_at = least(now(), until), ended_how = 'left'
   WHERE fmo_id = NEW.fmo_id AND user_id = NEW.id AND ended_at IS NULL;
  RETURN NULL;
END $$
"""
# Whatever ends the sessions of somebody of the staff, see the migration of the generations.
LEAVES = "OLD.business_id IS NULL AND NEW.session_generation <> OLD.session_generation"


def upgrade() -> None:
    op.create_table(
        "emergency_access",
        sa.Column("business_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("business_name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("user_role", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "until", sa.DateTime(timezone=True), server_default=sa.text("now() + interval '1 hour'"), nullable=False
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_how", sa.Text(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("reviewed_name", sa.Text(), nullable=True),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("length(reason) BETWEEN 20 AND 500", name=op.f("ck_emergency_access_reason_length")),
        sa.CheckConstraint("until <= asked_at + interval '1 hour'", name=op.f("ck_emergency_access_one_hour")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_how IS NULL)", name=op.f("ck_emergency_access_ended")),
        sa.CheckConstraint(
            "reviewed_at IS NULL OR ended_at IS NOT NULL", name=op.f("ck_emergency_access_reviewed_after")
        ),
        sa.CheckConstraint(
            "(reviewed_at IS NULL) = (finding IS NULL) AND (reviewed_at IS NULL) = (reviewed_by IS NULL)",
            name=op.f("ck_emergency_access_reviewed"),
        ),
        sa.CheckConstraint("finding IN ('justified', 'not_justified')", name=op.f("ck_emergency_access_finding")),
        sa.ForeignKeyConstraint(
            ["fmo_id", "business_id"], ["business.fmo_id", "business.id"], name=op.f("fk_emergency_access_fmo_id_business")
        ),
        sa.ForeignKeyConstraint(
            ["fmo_id", "user_id"],
            ["portal_user.fmo_id", "portal_user.id"],
            name=op.f("fk_emergency_access_fmo_id_portal_user"),
        ),
        sa.PrimaryKeyConstraint("business_id", "id", name=op.f("pk_emergency_access")),
    )
    still = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_emergency_access_open", "emergency_access", ["fmo_id", "user_id"], unique=True, postgresql_where=still
    )
    op.create_index("ix_emergency_access_session", "emergency_access", ["session_id"], postgresql_where=still)
    op.create_index("ix_emergency_access_asked", "emergency_access", ["fmo_id", "asked_at", "id"])
    _access_rows()
    for table, rows in READ.items():
        allow(table, "emergency", SELECT, rows)
    for verb in (SELECT, INSERT):
        allow("search_token", "emergency", verb, f"{FMO} AND user_id = {ACTOR}")
    allow("access_entry", "emergency", INSERT, f"{BUSINESS} AND actor_id = {ACTOR}")
    op.execute(f"GRANT SELECT ON alembic_version TO {login('emergency')}")
    _triggers()


def _access_rows() -> None:
    asks = "fmo_id, id, business_id, business_name, user_id, user_name, user_role, session_id, reason"
    ends = "ended_at, ended_how"
    judges = f"{ends}, reviewed_at, reviewed_by, reviewed_name, finding, note"
    mine = f"{FMO} AND user_id = {ACTOR}"
    protect(
        "emergency_access",
        [
            ("identity", {SELECT: "", UPDATE: ends}, "true"),
            ("fmo", {SELECT: "", INSERT: asks, UPDATE: ends}, FMO),
            ("compliance", {SELECT: "", UPDATE: judges}, FMO),
            ("emergency", {SELECT: ""}, f"{mine} AND {LIVING}"),
            ("jobs", {SELECT: ""}, JOB),
        ],
        checks={
            ("fmo", INSERT): mine,
            ("compliance", UPDATE): f"{FMO} AND (reviewed_by IS NULL OR reviewed_by = {ACTOR})",
        },
    )


def _triggers() -> None:
    for function in (KEPT, WITH_SESSION, WITH_PERSON):
        op.execute(function)
    op.execute(
        "CREATE TRIGGER keep_end BEFORE UPDATE ON emergency_access FOR EACH ROW EXECUTE FUNCTION keep_emergency_end()"
    )
    op.execute(
        "CREATE TRIGGER end_emergency AFTER DELETE ON login_session FOR EACH ROW WHEN (OLD.user_id IS NOT NULL)"
        " EXECUTE FUNCTION end_emergency_with_session()"
    )
    op.execute(
        f"CREATE TRIGGER end_emergency AFTER UPDATE ON portal_user FOR EACH ROW WHEN ({LEAVES})"
        " EXECUTE FUNCTION end_emergency_with_person()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER end_emergency ON portal_user")
    op.execute("DROP TRIGGER end_emergency ON login_session")
    for table in (*READ, "search_token", "access_entry"):
        verbs = {"search_token": (SELECT, INSERT), "access_entry": (INSERT,)}.get(table, (SELECT,))
        for verb in verbs:
            op.execute(f"DROP POLICY emergency_{verb.lower()} ON {table}")
    for table in (*READ, "search_token", "access_entry", "alembic_version"):
        op.execute(f"REVOKE ALL ON {table} FROM {login('emergency')}")
    op.drop_table("emergency_access")
    for name in ("end_emergency_with_person", "end_emergency_with_session", "keep_emergency_end"):
        op.execute(f"DROP FUNCTION {name}()")
