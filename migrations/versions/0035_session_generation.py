"""a session is over when what its user may do has changed, whoever changed it and by whatever way"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

# Not the application's to remember: an operation that forgets to end the sessions cannot be written. The last day of
# somebody who was off-boarded is not here: until then they stay in, and after it every request looks.
_GROW = """
CREATE FUNCTION portal_user_generation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.role, OLD.business_id, OLD.npn, OLD.state, OLD.suspended_at)
     IS DISTINCT FROM (NEW.role, NEW.business_id, NEW.npn, NEW.state, NEW.suspended_at) THEN
    NEW.session_generation := OLD.session_generation + 1;
  ELSE
    NEW.session_generation := greatest(OLD.session_generation, NEW.session_generation);
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    for table, column in (("portal_user", "session_generation"), ("login_session", "generation")):
        op.add_column(table, sa.Column(column, sa.Integer(), server_default="0", nullable=False))
    op.execute(_GROW)
    op.execute(
        "CREATE TRIGGER generation BEFORE UPDATE ON portal_user"
        " FOR EACH ROW EXECUTE FUNCTION portal_user_generation()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER generation ON portal_user")
    op.execute("DROP FUNCTION portal_user_generation()")
    op.drop_column("login_session", "generation")
    op.drop_column("portal_user", "session_generation")
