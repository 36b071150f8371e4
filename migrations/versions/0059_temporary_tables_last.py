"""A function of ours finds our tables, whatever temporary table bears the same name.

Temporary tables come first wherever a search path does not name them: whoever may make one could put it in the place of
a table that a function reads as the owner.

Revision ID: 0059
Revises: 0058
"""

from __future__ import annotations

from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = depends_on = None

_SET = """
DO $$
DECLARE
  ours record;
BEGIN
  FOR ours IN
    SELECT oid::regprocedure AS name FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
      AND EXISTS (SELECT 1 FROM unnest(proconfig) AS set(value) WHERE value LIKE 'search_path=pg_catalog, public%')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = {path}', ours.name);
  END LOOP;
END
$$
"""


def upgrade() -> None:
    op.execute(_SET.replace("{path}", "pg_catalog, public, pg_temp"))


def downgrade() -> None:
    op.execute(_SET.replace("{path}", "pg_catalog, public"))
