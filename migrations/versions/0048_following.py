"""following in the log: indexes that row security lets be used, and one function that finds by what is spoken of"""

from __future__ import annotations

from alembic import op

from migrations.row_rules import login, setting

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

# What is not spelled as an id is left aside: a cast that fails here would refuse the entry, and the page it is about.
_ID = "'^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'"
_DETAILS = ("business", "from_business", "on_id", "other_id", "run", "user_id", "emergency")
# All that an entry is about: its members, its subjects, its session, and the records that its details name. Of a list
# of members' records only the members: fifty policies more would double the index, and who saw one saw its member.
_ABOUT = " || ".join(
    (
        "member_ids",
        "CASE WHEN cardinality(subject_ids) = 1 OR cardinality(member_ids) = 0 THEN subject_ids END",
        "CASE WHEN session_id IS NOT NULL THEN ARRAY[session_id] END",
        *(
            f"CASE WHEN detail ->> '{name}' ~ {_ID} THEN ARRAY[(detail ->> '{name}')::uuid] END"
            for name in _DETAILS
        ),
    )
)
# No operator on arrays is leakproof, so that under row security no index on them is used: every entry of the FMO would
# be read. The function reads as the tables' owner, whose rows no condition narrows, and narrows them itself.
_FOLLOWED = f"""
CREATE FUNCTION public.access_followed(about uuid[], since timestamptz, until timestamptz)
RETURNS TABLE (at timestamptz, id uuid, actor_id uuid, actor_name text, role text, business_id uuid, action text,
               outcome text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public ROWS 1000 AS $$
  SELECT e.at, e.id, e.actor_id, e.actor_name, e.role, e.business_id, e.action, e.outcome
  FROM access_entry e
  WHERE ({_ABOUT}) && about
    AND e.at >= since AND e.at < until AND e.fmo_id = {setting("fmo_id", "::uuid")}
$$
"""


def upgrade() -> None:
    op.drop_index("ix_access_entry_members", table_name="access_entry", postgresql_using="gin")
    op.execute(f"CREATE INDEX ix_access_entry_about ON access_entry USING gin (({_ABOUT}))")
    op.create_index("ix_access_entry_action", "access_entry", ["fmo_id", "action", "at"])
    for name, column, rows in (("run", "run_id", "run_id IS NOT NULL"), ("not_done", "outcome", "outcome <> 'done'")):
        op.execute(f"CREATE INDEX ix_access_entry_{name} ON access_entry (fmo_id, {column}, at) WHERE {rows}")
    owner = login("owner")
    op.execute(f"CREATE POLICY owner_follow ON access_entry FOR SELECT TO {owner} USING (true)")
    op.execute(_FOLLOWED)
    op.execute("REVOKE ALL ON FUNCTION access_followed(uuid[], timestamptz, timestamptz) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION access_followed(uuid[], timestamptz, timestamptz) TO {login('compliance')}")


def downgrade() -> None:
    op.execute("DROP FUNCTION access_followed(uuid[], timestamptz, timestamptz)")
    op.execute("DROP POLICY owner_follow ON access_entry")
    for name in ("not_done", "run", "action", "about"):
        op.execute(f"DROP INDEX ix_access_entry_{name}")
    op.create_index("ix_access_entry_members", "access_entry", ["member_ids"], postgresql_using="gin")
