"""compliance officers look after one another, and every one is told

The login `compliance` may now write people, officers alone. A trigger notes every change of an officer's sign-in and
orders the mail that tells of it, whatever page or command makes the change.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_rules import ACTOR, FMO, INSERT, SELECT, UPDATE, allow, disallow, protect

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

OFFICER = f"{FMO} AND role = 'compliance'"
OF_OFFICER = (
    f"{FMO} AND exists (select 1 from portal_user u where u.fmo_id = {{0}}.fmo_id and u.id = {{0}}.{{1}}"
    " and u.role = 'compliance')"
)
SEEN = "fmo_id, id, user_id, created_at, sent_at, expires_at, used_at, wrong_tries, voided_at"
STATE = "state, suspended_at, suspended_by, email, first_name, last_name, updated_at"
JOBS = f"{FMO} AND args[1] = fmo_id::text AND job IN ('send_invitation', 'tell_officers')"
TELL = """
CREATE FUNCTION tell_officers() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
  what text;
  note uuid := uuidv7();
BEGIN
  IF current_user NOT LIKE current_database() || '\\_%' THEN
    RETURN NULL;  -- who sets the database up
  END IF;
  what := CASE
    WHEN TG_OP = 'INSERT' THEN 'added'
    WHEN NEW.state <> OLD.state THEN NEW.state
    WHEN NEW.suspended_at IS NOT NULL AND OLD.suspended_at IS NULL THEN 'locked'
    WHEN NEW.suspended_at IS NULL AND OLD.suspended_at IS NOT NULL THEN 'unlocked'
    WHEN NEW.email <> OLD.email THEN 'email' END;
  -- The first one of an FMO has nobody to tell.
  IF what IS NULL OR NOT EXISTS (SELECT 1 FROM portal_user u WHERE u.fmo_id = NEW.fmo_id AND u.id <> NEW.id
                                 AND u.role = 'compliance') THEN
    RETURN NULL;
  END IF;
  INSERT INTO officer_notice (fmo_id, id, officer_id, what, by_id)
  VALUES (NEW.fmo_id, note, NEW.id, what, nullif(current_setting('portal.actor_id', true), '')::uuid);
  INSERT INTO outbox (fmo_id, id, job, args) VALUES (NEW.fmo_id, uuidv7(), 'tell_officers',
                                                     ARRAY[NEW.fmo_id::text, note::text]);
  PERFORM pg_notify('portal_outbox', '');
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "officer_notice",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["fmo_id", "officer_id"],
            ["portal_user.fmo_id", "portal_user.id"],
            name=op.f("fk_officer_notice_fmo_id_officer_id"),
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_officer_notice")),
    )
    op.create_index("ix_officer_notice_at", "officer_notice", ["fmo_id", "at"], unique=False)
    protect(
        "officer_notice",
        [
            ("identity", {INSERT: ""}, "true"),
            ("compliance", {SELECT: "", INSERT: ""}, FMO),
            ("jobs", {SELECT: "", UPDATE: "mailed_at"}, FMO),
        ],
        checks={("compliance", INSERT): f"{FMO} AND by_id = {ACTOR}"},
    )
    allow("portal_user", "compliance", INSERT, OFFICER)
    allow("portal_user", "compliance", UPDATE, OFFICER, columns=STATE)
    allow("invitation", "compliance", SELECT, OF_OFFICER.format("invitation", "user_id"), columns=SEEN)
    allow("invitation", "compliance", INSERT, OF_OFFICER.format("invitation", "user_id"))
    allow("invitation", "compliance", UPDATE, OF_OFFICER.format("invitation", "user_id"), columns="voided_at")
    allow("outbox", "compliance", INSERT, JOBS)
    op.execute(TELL)
    op.execute(
        "CREATE TRIGGER tell_officers AFTER INSERT OR UPDATE ON portal_user FOR EACH ROW"
        " WHEN (NEW.role = 'compliance') EXECUTE FUNCTION tell_officers()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER tell_officers ON portal_user")
    op.execute("DROP FUNCTION tell_officers()")
    disallow("outbox", "compliance", INSERT)
    disallow("invitation", "compliance", UPDATE, "voided_at")
    disallow("invitation", "compliance", INSERT)
    disallow("invitation", "compliance", SELECT, SEEN)
    disallow("portal_user", "compliance", UPDATE, STATE)
    disallow("portal_user", "compliance", INSERT)
    op.drop_table("officer_notice")
