"""row security: who may touch which table, and which rows of it

One policy per login and verb; the settings it compares with are local to the transaction. `nullif` turns the empty
string that a past transaction leaves behind into NULL: no setting, no rows. The sub-select makes it one value per
statement, so that indexes are used; STABLE functions only, since an IMMUTABLE one would be frozen into a cached plan.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _setting(name: str, cast: str = "") -> str:
    return f"(select nullif(current_setting('portal.{name}', true), ''){cast})"


FMO = f"fmo_id = {_setting('fmo_id', '::uuid')}"
BUSINESS = f"{FMO} AND business_id = {_setting('business_id', '::uuid')}"
# A job names one Business and then reaches no other; a feed names none and releases across the FMO's accounts.
JOB = f"{FMO} AND ({_setting('business_id')} IS NULL OR business_id = {_setting('business_id', '::uuid')})"
ANY = "true"
MINE = f"{FMO} AND user_id = {_setting('actor_id', '::uuid')}"
ACTOR = f"actor_id = {_setting('actor_id', '::uuid')}"
WHOLE = f"{_setting('reach')} = 'whole'"
SEEN_CONTACT = "exists (select 1 from contact c where c.business_id = {0}.business_id and c.id = {0}.contact_id)"

# table: [(login, {verb: columns or ""}, rows)] — verbs with the same rows share a line.
S, I, U, D = "SELECT", "INSERT", "UPDATE", "DELETE"
ALL = {S: "", I: "", U: ""}
GRANTS: dict[str, list[tuple[str, dict[str, str], str]]] = {
    "fmo": [
        ("identity", {S: "", I: ""}, ANY),
        *((login, {S: ""}, FMO.replace("fmo_id =", "id =", 1)) for login in ("agent", "compliance")),
        ("fmo", {S: "", U: ""}, FMO.replace("fmo_id =", "id =", 1)),
        ("jobs", {S: ""}, ANY),  # the relay looks after every FMO's runs
    ],
    "portal_user": [
        ("identity", ALL, ANY),
        ("fmo", ALL, FMO),
        ("agent", {S: ""}, BUSINESS),
        ("compliance", {S: ""}, FMO),
        ("jobs", {S: ""}, FMO),
    ],
    "credential": [("identity", ALL, ANY)],
    "invitation": [
        ("identity", ALL, ANY),
        ("fmo", {S: "fmo_id, id, user_id, created_at, sent_at, expires_at, used_at, wrong_tries", I: ""}, FMO),
        (
            "jobs",
            {
                S: "fmo_id, id, user_id, created_at, sent_at, expires_at, used_at, wrong_tries",
                I: "",
                U: "token_hash, sent_at, expires_at",
            },
            FMO,
        ),
    ],
    "login_session": [("identity", {**ALL, D: ""}, ANY)],
    "outbox": [
        ("fmo", {I: ""}, FMO),
        ("agent", {I: ""}, FMO),
        ("identity", {I: ""}, ANY),
        ("jobs", {**ALL, D: ""}, ANY),  # the relay sends for every FMO
    ],
    "search_token": [(login, {S: "", I: ""}, MINE) for login in ("fmo", "agent", "compliance")],
    "access_entry": [
        # Whoever is signed in writes entries of their own and in nobody else's name.
        ("fmo", {I: ""}, f"{FMO} AND {ACTOR}"),
        ("agent", {I: ""}, f"{BUSINESS} AND {ACTOR}"),
        ("jobs", {I: ""}, FMO),
        ("identity", {I: ""}, ANY),
        ("compliance", {S: ""}, FMO),
        ("compliance", {I: ""}, f"{FMO} AND {ACTOR}"),
    ],
    "installation_entry": [("identity", {I: ""}, ANY)],
    "activity": [("fmo", {S: "", I: ""}, FMO), ("jobs", {S: ""}, FMO)],
    "producer": [("fmo", ALL, FMO), ("jobs", {S: ""}, FMO)],
    "carrier_identifier": [("fmo", {**ALL, D: ""}, FMO), ("jobs", {S: ""}, FMO)],
    "business": [
        ("fmo", ALL, FMO),
        ("agent", {S: ""}, f"{FMO} AND id = {_setting('business_id', '::uuid')}"),
        ("compliance", {S: ""}, FMO),
        ("jobs", {S: "", U: ""}, FMO),
    ],
    "business_npn": [("fmo", ALL, FMO), ("agent", {S: ""}, BUSINESS), ("jobs", {S: ""}, JOB)],
    "connector": [("fmo", ALL, FMO), ("jobs", ALL, FMO)],
    "feed_run": [("fmo", ALL, FMO), ("jobs", ALL, FMO)],
    "feed_file": [("fmo", {I: ""}, FMO), ("jobs", {S: "", I: "", D: ""}, FMO)],
    "feed_problem": [("fmo", {S: ""}, FMO), ("jobs", {S: "", I: "", D: ""}, FMO)],
    "member": [
        ("fmo", {S: ""}, FMO),
        ("jobs", ALL, FMO),
        ("compliance", {S: "fmo_id, id, first_name, last_name, suffix, sort_key, birth_date, mbi_hash"}, FMO),
    ],
    "member_key": [("jobs", {S: "", I: "", D: ""}, FMO), ("compliance", {S: ""}, f"{FMO} AND kind = 'mbi'")],
    "policy": [
        ("fmo", {S: "", U: "writing_npn, writer_source, batch, updated_at"}, FMO),
        ("jobs", ALL, FMO),
    ],
    "policy_writer": [("fmo", ALL, FMO), ("jobs", ALL, FMO)],
    "contact": [
        ("agent", ALL, f"{BUSINESS} AND NOT hidden"),
        (
            "fmo",  # counts, and taking away; never what agents typed
            {
                S: "fmo_id, business_id, id, agent_owned, hidden, removed_at, member_id",
                U: "hidden, carried, mbi, mbi_hash, member_id, updated_at",
            },
            FMO,
        ),
        ("jobs", ALL, JOB),
    ],
    "contact_source": [
        ("agent", {S: ""}, BUSINESS),
        ("fmo", {S: "", D: ""}, FMO),
        ("jobs", {**ALL, D: ""}, JOB),
    ],
    "contact_key": [("jobs", {S: "", I: "", D: ""}, JOB)],
    "possible_duplicate": [("agent", {S: ""}, BUSINESS), ("jobs", ALL, JOB)],
    "crm_policy": [
        ("agent", {S: "", U: "removed_at, updated_at"}, f"{BUSINESS} AND released_at IS NULL"),
        ("fmo", {S: "", U: "released_at, released_reason, npn, updated_at"}, FMO),
        ("jobs", ALL, JOB),
    ],
    "note": [("agent", {S: "", I: ""}, BUSINESS)],
    "sync_run": [("fmo", ALL, FMO), ("jobs", ALL, JOB)],
    "resync_request": [
        ("agent", {S: "", I: ""}, BUSINESS),
        ("fmo", {S: "", U: ""}, FMO),
        ("jobs", {S: "", U: ""}, JOB),
    ],
}
# Rows a job inserts for an account must be of the Business that it named.
STRICT_INSERTS = ("contact", "contact_source", "contact_key", "possible_duplicate", "crm_policy")
# The own-NPN rule for Limited users: restrictive, so that it narrows whatever else allows.
OWN = {
    "crm_policy": f"{WHOLE} OR npn = {_setting('own_npn')}",
    "contact": (
        f"{WHOLE} OR made_by = {_setting('actor_id', '::uuid')} OR exists (select 1 from crm_policy p"
        " where p.business_id = contact.business_id and p.contact_id = contact.id)"
    ),
    "contact_source": SEEN_CONTACT.format("contact_source"),
    "possible_duplicate": WHOLE,
    "note": f"({WHOLE} OR author_id = {_setting('actor_id', '::uuid')}) AND {SEEN_CONTACT.format('note')}",
}

MAKE_PARTITIONS = """
CREATE FUNCTION make_access_partitions(months_ahead integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE first date; part text;
BEGIN
  FOR step IN 0..least(months_ahead, 36) LOOP
    first := (date_trunc('month', now()) + make_interval(months => step))::date;
    part := 'access_entry_' || to_char(first, 'YYYY_MM');
    IF to_regclass('public.' || part) IS NULL THEN
      EXECUTE format('CREATE TABLE public.%I PARTITION OF public.access_entry FOR VALUES FROM (%L) TO (%L)',
                     part, first, (first + interval '1 month')::date);
      EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', part);
      EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', part);
    END IF;
  END LOOP;
END $$
"""


def upgrade() -> None:
    database = op.get_bind().execute(text("SELECT current_database()")).scalar_one()
    for table, lines in GRANTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        for login, verbs, rows in lines:
            for verb, columns in verbs.items():
                role = f'"{database}_{login}"'
                limited_to = f" ({columns})" if columns else ""
                op.execute(f"GRANT {verb}{limited_to} ON {table} TO {role}")
                op.execute(f"CREATE POLICY {login}_{verb.lower()} ON {table} FOR {verb} TO {role} {_rule(table, login, verb, rows)}")
    for table, rule in OWN.items():
        check = rule if table == "note" else "true"  # a new contact is its maker's; a note needs a contact that is seen
        op.execute(
            f'CREATE POLICY own_npn ON {table} AS RESTRICTIVE FOR ALL TO "{database}_agent"'
            f" USING ({rule}) WITH CHECK ({check})"
        )
    _log(database)
    # After a bulk load the statistics must be fresh, or the next plan is a hundred times slower.
    for table in ("member", "member_key", "policy", "policy_writer", "contact", "contact_source", "contact_key", "crm_policy"):
        op.execute(f'GRANT MAINTAIN ON {table} TO "{database}_jobs"')
    op.execute(f'GRANT SELECT ON alembic_version TO {", ".join(f"{chr(34)}{database}_{x}{chr(34)}" for x in ("identity", "fmo", "agent", "compliance", "jobs"))}')


def _rule(table: str, login: str, verb: str, rows: str) -> str:
    if verb == I:
        strict = login == "jobs" and table in STRICT_INSERTS
        return f"WITH CHECK ({BUSINESS if strict else rows})"
    if verb == U:
        # What an agent or the FMO changes may leave their sight (removed, released), but never their tenant.
        check = {"agent": BUSINESS, "fmo": FMO}.get(login, rows)
        if table == "fmo" or (table == "business" and login == "agent"):
            check = rows
        return f"USING ({rows}) WITH CHECK ({check})"
    return f"USING ({rows})"


def _log(database: str) -> None:
    op.execute("CREATE TABLE access_entry_default PARTITION OF access_entry DEFAULT")
    op.execute("ALTER TABLE access_entry_default ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE access_entry_default FORCE ROW LEVEL SECURITY")
    op.execute(MAKE_PARTITIONS)
    op.execute("REVOKE ALL ON FUNCTION make_access_partitions(integer) FROM PUBLIC")
    op.execute(f'GRANT EXECUTE ON FUNCTION make_access_partitions(integer) TO "{database}_jobs"')
    op.execute("SELECT make_access_partitions(3)")
    # Not even the owner edits an entry by accident.
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION 'log entries are never changed'; END $$"
    )
    for table in ("access_entry", "installation_entry"):
        op.execute(
            f"CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    database = op.get_bind().execute(text("SELECT current_database()")).scalar_one()
    for table, lines in GRANTS.items():
        if table in OWN:
            op.execute(f"DROP POLICY own_npn ON {table}")
        for login, verbs, _ in lines:
            for verb in verbs:
                op.execute(f"DROP POLICY {login}_{verb.lower()} ON {table}")
        for login in ("identity", "fmo", "agent", "compliance", "jobs"):
            op.execute(f'REVOKE ALL ON {table} FROM "{database}_{login}"')
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for table in ("access_entry", "installation_entry"):
        op.execute(f"DROP TRIGGER keep ON {table}")
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("DROP FUNCTION make_access_partitions(integer)")
    op.execute("DROP TABLE access_entry_default")
    for login in ("identity", "fmo", "agent", "compliance", "jobs"):
        op.execute(f'REVOKE ALL ON alembic_version FROM "{database}_{login}"')
