"""what a release takes along, whom jobs may be ordered for, and what an answer does not tell"""

from __future__ import annotations

from alembic import op

from migrations.row_rules import DELETE, FMO, SELECT, allow, disallow, grant, revoke, setting

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

PAIR = "fmo_id, business_id, id, contact_id, other_id, decided_at"
# All but the FMO's own word: two verdicts read alike to the account.
CLAIM = (
    "business_id, id, fmo_id, carrier, number, number_key, note, by_id, by_name, at, status, answer, answered_by,"
    " answered_at"
)
OWN_FMO = f"{FMO} AND args[1] = {setting('fmo_id')}"
OWN_LOOK = f"{OWN_FMO} AND job = 'find_duplicates' AND args[2:] = ARRAY[{setting('business_id')}]"


def upgrade() -> None:
    # A pair's reason says what carriers told of both contacts.
    allow("possible_duplicate", "fmo", SELECT, FMO, columns=PAIR)
    allow("possible_duplicate", "fmo", DELETE, FMO)
    grant("contact", "fmo", SELECT, "merged_into")
    # A job works for the FMO and the account that its arguments name.
    op.execute(f"ALTER POLICY fmo_insert ON outbox WITH CHECK ({OWN_FMO})")
    op.execute(f"ALTER POLICY agent_insert ON outbox WITH CHECK ({OWN_LOOK})")
    op.execute("ALTER POLICY identity_insert ON outbox WITH CHECK (args[1] = fmo_id::text)")
    op.execute("ALTER POLICY jobs_insert ON outbox WITH CHECK (args[1] = fmo_id::text)")
    revoke("policy_claim", "agent", SELECT)
    grant("policy_claim", "agent", SELECT, CLAIM)
    # Who asked for a change may withdraw it, and nothing else.
    _four_eyes("status = 'rejected' OR decided_by <> asked_by")


def downgrade() -> None:
    _four_eyes("decided_by <> asked_by")
    revoke("policy_claim", "agent", SELECT, CLAIM)
    grant("policy_claim", "agent", SELECT)
    for who in ("identity", "jobs"):
        op.execute(f"ALTER POLICY {who}_insert ON outbox WITH CHECK (true)")
    for who in ("fmo", "agent"):
        op.execute(f"ALTER POLICY {who}_insert ON outbox WITH CHECK ({FMO})")
    revoke("contact", "fmo", SELECT, "merged_into")
    disallow("possible_duplicate", "fmo", DELETE)
    disallow("possible_duplicate", "fmo", SELECT, PAIR)


def _four_eyes(rule: str) -> None:
    op.execute("ALTER TABLE held_change DROP CONSTRAINT ck_held_change_four_eyes")
    op.execute(f"ALTER TABLE held_change ADD CONSTRAINT ck_held_change_four_eyes CHECK ({rule})")
