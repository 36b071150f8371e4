"""who came by a claim of their FMO's identity provider gets the role that it gives today, and the last administrator stays

Single sign-on asks for the role anew at each sign-in, under the login `identity` and before anybody is at work. The guard
of people lets it: only between roles of the staff, and only for a user who is linked by a claim. Of two administrators
from whom the provider takes the role at once, one stays.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

GUARD = """
CREATE OR REPLACE FUNCTION guard_people() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
  login text := substr(current_user, length(current_database()) + 2);
  who uuid := nullif(current_setting('portal.actor_id', true), '')::uuid;
  acts text := coalesce(current_setting('portal.role', true), '');
  was portal_user := CASE WHEN TG_OP = 'UPDATE' THEN OLD END;
  other_role boolean := TG_OP = 'UPDATE' AND NEW.role <> OLD.role;
  by_pages boolean := login IN ('fmo', 'compliance');
  role text;
BEGIN
  IF current_user NOT LIKE current_database() || '\\_%' THEN
    RETURN NEW;  -- who sets the database up
  END IF;
  IF other_role AND ('compliance' IN (OLD.role, NEW.role) OR (OLD.role LIKE 'agent%') <> (NEW.role LIKE 'agent%')) THEN
    RAISE EXCEPTION 'nobody becomes that here' USING ERRCODE = '42501';
  END IF;
  IF other_role AND login NOT IN ('fmo', 'identity') THEN
    RAISE EXCEPTION 'nobody becomes that here' USING ERRCODE = '42501';
  END IF;
  IF other_role AND login = 'identity' THEN
    -- Inside, and not in the condition: the other logins may not name this table, not even where it is not asked.
    IF who IS NOT NULL OR NOT EXISTS (
        SELECT 1 FROM sso_identity i WHERE i.fmo_id = NEW.fmo_id AND i.user_id = NEW.id AND i.by_claim) THEN
      RAISE EXCEPTION 'nobody becomes that here' USING ERRCODE = '42501';
    END IF;
  END IF;
  IF login = 'identity' AND TG_OP = 'INSERT' AND who IS NOT NULL THEN
    RAISE EXCEPTION 'sign-in makes no people' USING ERRCODE = '42501';
  END IF;
  IF NOT by_pages AND NOT other_role THEN
    RETURN NEW;
  END IF;
  IF by_pages AND TG_OP = 'UPDATE' AND NEW.id = who AND (NEW.role, NEW.state, NEW.email, NEW.business_id, NEW.npn,
      NEW.suspended_at, NEW.leaves_on) IS DISTINCT FROM (was.role, was.state, was.email, was.business_id, was.npn,
      was.suspended_at, was.leaves_on) THEN
    RAISE EXCEPTION 'nobody decides about themselves' USING ERRCODE = '42501';
  END IF;
  FOREACH role IN ARRAY ARRAY[NEW.role, coalesce(was.role, NEW.role)] LOOP
    IF by_pages AND NOT (CASE acts
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
    op.execute(GUARD)


def downgrade() -> None:
    earlier: str = import_module("migrations.versions.0039_staff_walls").GUARD
    op.execute(earlier.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
