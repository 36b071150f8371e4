"""rows of members for those of the FMO's staff who work with them; nobody raises themselves

The requests of every member of the staff use the login `fmo`. Whose role gets counts only sees no row of a member: one
restrictive rule a table, which compares settings and nothing of the row, so that PostgreSQL asks once a statement and
keeps its indexes. A statement that only counts, or takes copies away, says so by `portal.task` for as long as it runs.

Who may write which people is a trigger, since it depends on the row before and after: see `guard_people`.
"""

from __future__ import annotations

from alembic import op

from migrations.row_rules import login, setting

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

# Whatever tells of a member, or which policies an account holds.
OF_MEMBERS = (
    "member",
    "member_key",
    "policy",
    "policy_writer",
    "policy_absence",
    "policy_claim",
    "feed_problem",
    "feed_file",
    "feed_effect",
    "feed_alteration",
    "feed_reading",
    "refused_row",
    "value_alias",
    "hand_attribution",
    "connector_draft",
    "connector_draft_piece",
    "contact",
    "contact_key",
    "contact_source",
    "possible_duplicate",
    "crm_policy",
    "left_policy",
    "sync_line",
)
SEES = f"({setting('role')} IN ('fmo_admin', 'fmo_steward') OR {setting('task')} IN ('count', 'release'))"
ADMIN = f"{setting('role')} = 'fmo_admin'"

GUARD = """
CREATE FUNCTION guard_people() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
  login text := substr(current_user, length(current_database()) + 2);
  who uuid := nullif(current_setting('portal.actor_id', true), '')::uuid;
  acts text := coalesce(current_setting('portal.role', true), '');
  was portal_user := CASE WHEN TG_OP = 'UPDATE' THEN OLD END;
  role text;
BEGIN
  IF current_user NOT LIKE current_database() || '\\_%' THEN
    RETURN NEW;  -- who sets the database up
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.role <> OLD.role AND (
      login <> 'fmo' OR 'compliance' IN (OLD.role, NEW.role) OR (OLD.role LIKE 'agent%') <> (NEW.role LIKE 'agent%')) THEN
    RAISE EXCEPTION 'nobody becomes that here' USING ERRCODE = '42501';
  END IF;
  IF login = 'identity' AND TG_OP = 'INSERT' AND who IS NOT NULL THEN
    RAISE EXCEPTION 'sign-in makes no people' USING ERRCODE = '42501';
  END IF;
  IF login NOT IN ('fmo', 'compliance') THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.id = who AND (NEW.role, NEW.state, NEW.email, NEW.business_id, NEW.npn, NEW.suspended_at,
      NEW.leaves_on) IS DISTINCT FROM (was.role, was.state, was.email, was.business_id, was.npn, was.suspended_at,
      was.leaves_on) THEN
    RAISE EXCEPTION 'nobody decides about themselves' USING ERRCODE = '42501';
  END IF;
  FOREACH role IN ARRAY ARRAY[NEW.role, coalesce(was.role, NEW.role)] LOOP
    IF NOT (CASE acts
        WHEN 'fmo_admin' THEN role <> 'compliance'
        WHEN 'fmo_users' THEN role LIKE 'agent%' OR role IN ('fmo_support', 'fmo_steward', 'fmo_users')
        WHEN 'fmo_support' THEN role LIKE 'agent%'
        WHEN 'compliance' THEN role = 'compliance'
        ELSE false END) THEN
      RAISE EXCEPTION 'people of that role are another one''s to decide about' USING ERRCODE = '42501';
    END IF;
  END LOOP;
  IF was.role = 'fmo_admin' AND was.state = 'active' AND was.suspended_at IS NULL
      AND (NEW.role <> 'fmo_admin' OR NEW.state <> 'active' OR NEW.suspended_at IS NOT NULL) THEN
    -- Of two who take each other's role at once the second waits here, and then counts what the first one left.
    PERFORM pg_advisory_xact_lock(hashtextextended('portal.admins:' || NEW.fmo_id, 0));
    IF NOT EXISTS (SELECT 1 FROM portal_user u WHERE u.fmo_id = NEW.fmo_id AND u.id <> NEW.id AND u.role = 'fmo_admin'
                   AND u.state = 'active' AND u.suspended_at IS NULL) THEN
      RAISE EXCEPTION 'the last administrator stays' USING ERRCODE = '42501';
    END IF;
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    fmo = login("fmo")
    for table in OF_MEMBERS:
        op.execute(
            f"CREATE POLICY of_members ON {table} AS RESTRICTIVE FOR ALL TO {fmo} USING ({SEES}) WITH CHECK ({SEES})"
        )
    op.execute(
        f"CREATE POLICY admin_decides ON held_change AS RESTRICTIVE FOR UPDATE TO {fmo}"
        f" USING (true) WITH CHECK (decided_by IS NULL OR {ADMIN})"
    )
    op.execute(
        f"CREATE POLICY admin_rules ON fmo AS RESTRICTIVE FOR UPDATE TO {fmo} USING (true) WITH CHECK ({ADMIN})"
    )
    op.execute(GUARD)
    op.execute(
        "CREATE TRIGGER guard_people BEFORE INSERT OR UPDATE ON portal_user FOR EACH ROW EXECUTE FUNCTION guard_people()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER guard_people ON portal_user")
    op.execute("DROP FUNCTION guard_people()")
    op.execute("DROP POLICY admin_rules ON fmo")
    op.execute("DROP POLICY admin_decides ON held_change")
    for table in OF_MEMBERS:
        op.execute(f"DROP POLICY of_members ON {table}")
