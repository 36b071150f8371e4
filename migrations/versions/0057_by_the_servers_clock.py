"""nobody's clock but the server's ends a term; findings leave no signed review; no book says that a delivery was right"""

from __future__ import annotations

from importlib import import_module

from alembic import op

from migrations.row_rules import FMO, INSERT, allow, disallow, setting

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

END: str = import_module("migrations.versions.0051_keeping_the_log").END
# What is told may make a month younger, never older.
MOVED, HELD = "past > as_of -", "past > least(as_of, now()) -"
FROZEN = """
CREATE OR REPLACE FUNCTION freeze_finding() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM review r WHERE r.fmo_id = NEW.fmo_id AND r.id = NEW.review_id AND r.signed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'a signed review is never changed';
  END IF;
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.fmo_id, NEW.id, NEW.review_id) IS DISTINCT FROM (OLD.fmo_id, OLD.id, OLD.review_id) THEN
      RAISE EXCEPTION 'a signed review is never changed: a finding stays in its review' USING ERRCODE = '42501';
    END IF;
  END IF;
  RETURN NEW;
END $$
"""
OF_JOB = f"{FMO} AND ({setting('business_id')} IS NULL OR recipient_id = {setting('business_id', '::uuid')})"
DELIVERERS = {"fmo": FMO, "jobs": OF_JOB}
UNDECIDED = "verdict <> 'right' AND num_nonnulls(case_id, note, decided_by, decided_name, decided_at) = 0"


def _ending(body: str) -> None:
    op.execute(body.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))


def upgrade() -> None:
    _ending(END.replace(MOVED, HELD))
    op.execute(FROZEN)
    for login, rows in DELIVERERS.items():
        disallow("misdelivery", login, INSERT)
        allow("misdelivery", login, INSERT, rows, check=f"{rows} AND {UNDECIDED}")


def downgrade() -> None:
    for login, rows in DELIVERERS.items():
        disallow("misdelivery", login, INSERT)
        allow("misdelivery", login, INSERT, rows)
    freeze: str = import_module("migrations.versions.0050_reviews").FREEZE
    op.execute(freeze.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    _ending(END)
