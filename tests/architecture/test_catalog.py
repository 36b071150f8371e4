"""The wall as PostgreSQL itself describes it: forced row security on every table, and logins that can do no more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, text

from portal.config import EVERY_LOGIN, LOGINS, Settings

LOG = ("access_entry", "installation_entry")
SEALS = ("seal", "seal_member")
TABLES = """
SELECT c.relname AS name, c.relrowsecurity, c.relforcerowsecurity, c.relispartition, c.relkind,
       pg_get_userbyid(c.relowner) AS owner
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
GRANTS = """
SELECT c.relname AS name, a.privilege_type AS verb, coalesce(r.rolname, 'PUBLIC') AS login
FROM pg_class c CROSS JOIN aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner
UNION
SELECT c.relname, a.privilege_type, coalesce(r.rolname, 'PUBLIC')
FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid CROSS JOIN aclexplode(t.attacl) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner
"""
POLICIES = """
SELECT tablename, policyname, permissive, roles, cmd, coalesce(qual, '') AS qual, coalesce(with_check, '') AS with_check
FROM pg_policies WHERE schemaname = 'public'
"""


@pytest.fixture
def ask(setup_engine: Engine) -> Any:
    """`ask(sql)` gives the rows of a query over the catalog."""

    def rows(sql: str, **values: Any) -> Sequence[Any]:
        with setup_engine.connect() as connection:
            return connection.execute(text(sql), values).all()

    return rows


@pytest.fixture
def owner(settings: Settings) -> str:
    return settings.login_name("fmo").removesuffix("_fmo") + "_owner"


def test_row_security_is_forced_on_every_table(ask: Any, owner: str) -> None:
    tables = [row for row in ask(TABLES) if row.name != "alembic_version"]
    assert len(tables) > 25
    assert [row.name for row in tables if row.relkind not in ("r", "p")] == [], "a view runs as its owner"
    assert [row.name for row in tables if not (row.relrowsecurity and row.relforcerowsecurity)] == []
    assert [row.name for row in ask(TABLES) if row.owner != owner] == []


def test_partitions_can_be_reached_through_their_parent_only(ask: Any) -> None:
    partitions = {row.name for row in ask(TABLES) if row.relispartition}
    assert len(partitions) >= 5
    assert [row for row in ask(GRANTS) if row.name in partitions] == []


def test_nothing_is_granted_to_everybody(ask: Any) -> None:
    assert [row for row in ask(GRANTS) if row.login == "PUBLIC"] == []
    assert ask("SELECT 1 FROM pg_database WHERE datname = current_database() AND datacl::text ~ '[{,]=[a-zA-Z]'") == []
    assert ask("SELECT 1 FROM pg_namespace WHERE nspname = 'public' AND nspacl::text ~ '[{,]=[a-zA-Z]'") == []


def test_no_login_may_truncate_or_reference_or_trigger(ask: Any) -> None:
    # TRUNCATE ignores row security; a foreign key of one's own tells whether an id exists.
    verbs = {row.verb for row in ask(GRANTS)}
    assert verbs <= {"SELECT", "INSERT", "UPDATE", "DELETE", "MAINTAIN"}


def test_the_log_is_insert_only(ask: Any, settings: Settings) -> None:
    found = {(row.login.rpartition("_")[2], row.verb) for row in ask(GRANTS) if row.name in LOG}
    writers = {(login, "INSERT") for login in LOGINS if login != "sealer"}
    assert found == {*writers, ("compliance", "SELECT"), ("sealer", "SELECT")}


def test_seals_are_added_by_the_sealer_only(ask: Any, settings: Settings) -> None:
    found = {(row.login.rpartition("_")[2], row.verb) for row in ask(GRANTS) if row.name in SEALS}
    assert found == {("sealer", "INSERT"), ("sealer", "SELECT"), ("compliance", "SELECT")}


def test_the_log_refuses_even_its_owner(ask: Any) -> None:
    triggers = ask("SELECT tgrelid::regclass::text AS name, tgtype FROM pg_trigger WHERE tgname = 'keep'")
    before_row_update_and_delete = 1 | 2 | 8 | 16
    assert {row.name for row in triggers if row.tgtype == before_row_update_and_delete} >= {*LOG, *SEALS}


def test_logins_are_nothing_but_logins(ask: Any, settings: Settings, owner: str) -> None:
    names = [settings.login_name(login) for login in EVERY_LOGIN]
    roles = ask("SELECT * FROM pg_roles WHERE rolname = ANY(:names)", names=names)
    assert len(roles) == len(EVERY_LOGIN)
    for role in roles:
        powers = (role.rolsuper, role.rolbypassrls, role.rolcreatedb, role.rolcreaterole, role.rolreplication)
        assert powers == (False,) * 5, role.rolname
        assert {"search_path=public", "idle_in_transaction_session_timeout=60s"} <= set(role.rolconfig)
    memberships = "SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members WHERE member = ANY(:ids)"
    assert ask(memberships, ids=[role.oid for role in roles]) == [], "a login that can become another"
    owned = "SELECT 1 FROM pg_class WHERE relowner = ANY(:ids) UNION SELECT 2 FROM pg_proc WHERE proowner = ANY(:ids)"
    assert ask(owned, ids=[role.oid for role in roles]) == []
    owning = ask("SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = :owner", owner=owner)
    assert [tuple(row) for row in owning] == [(False, False, False)]


def test_only_jobs_may_make_temporary_tables(ask: Any, settings: Settings) -> None:
    for login in EVERY_LOGIN:
        name = settings.login_name(login)
        may = ask("SELECT has_database_privilege(:n, current_database(), 'TEMP') AS may", n=name)[0].may
        make = ask("SELECT has_schema_privilege(:n, 'public', 'CREATE') AS may", n=name)[0].may
        assert (may, make) == (login == "jobs", False), login


def test_every_policy_names_one_login_and_compares_with_a_setting_that_may_be_empty(
    ask: Any, settings: Settings
) -> None:
    names = {settings.login_name(login) for login in EVERY_LOGIN}
    for policy in _of_logins(ask):
        where = f"{policy.tablename}.{policy.policyname}"
        assert len(policy.roles) == 1 and policy.roles[0] in names, where
        rule = f"{policy.qual} {policy.with_check}"
        settings_read = re.findall(r"current_setting\('portal\.\w+'::text, true\)", rule)
        assert rule.count("current_setting(") == len(settings_read), (
            f"{where}: a setting that raises when it is not set"
        )
        assert len(re.findall(r"NULLIF\(current_setting\(", rule)) == len(settings_read), where
        assert len(re.findall(r"\( SELECT \(?NULLIF", rule)) == len(settings_read), f"{where}: evaluated for every row"


def _of_logins(ask: Any) -> list[Any]:
    """Every policy but the one of the owner, who signs in nowhere: the function `access_followed` reads by it."""
    return [policy for policy in ask(POLICIES) if policy.policyname != "owner_follow"]


def test_the_owner_reads_the_log_alone_and_only_for_the_function_that_names_the_tenant(ask: Any, owner: str) -> None:
    found = [policy for policy in ask(POLICIES) if owner in policy.roles]
    assert [(p.tablename, p.policyname, p.cmd, p.qual) for p in found] == [
        ("access_entry", "owner_follow", "SELECT", "true")
    ]
    (body,) = ask("SELECT prosrc FROM pg_proc WHERE proname = 'access_followed'")
    tenant = "fmo_id = (select nullif(current_setting('portal.fmo_id', true), '')::uuid)"
    assert body.prosrc.count("access_entry") == 1 and f"e.{tenant}" in body.prosrc
    assert " OR " not in body.prosrc.partition("WHERE")[2].replace("= 1 OR cardinality", "")


def test_tenant_policies_compare_the_tenant(ask: Any) -> None:
    # These logins may see every row of these tables, because they work before a tenant is known, or for all of them.
    everywhere = {
        ("identity", "fmo"),
        ("identity", "portal_user"),
        ("identity", "credential"),
        ("identity", "invitation"),
    }
    everywhere |= {("identity", "login_session"), ("identity", "installation_entry"), ("identity", "outbox")}
    everywhere |= {("identity", "guess_tries"), ("identity", "known_browser"), ("identity", "letter")}
    everywhere |= {("identity", "passkey"), ("identity", "passkey_challenge")}
    signed_on = ("sso_provider", "sso_identity", "sso_flow", "sso_session", "sso_logout_token")
    everywhere |= {("identity", table) for table in signed_on}
    everywhere |= {("identity", "field_key"), ("keys", "fmo")}  # of an FMO the login for keys sees the id alone
    everywhere |= {("identity", "emergency_access")}  # ends it with the session, whosever that is
    everywhere |= {("identity", "officer_notice")}  # notes an invitation that is used before anybody is signed in
    everywhere |= {("identity", "access_entry"), ("jobs", "outbox"), ("jobs", "fmo")}
    everywhere |= {("sealer", "fmo"), ("sealer", "installation_entry")}  # of an FMO the sealer sees the id alone
    for policy in _of_logins(ask):
        if policy.permissive == "RESTRICTIVE":
            continue
        login = policy.roles[0].rpartition("_")[2]
        for rule in filter(None, (policy.qual, policy.with_check)):
            if (login, policy.tablename) in everywhere:
                continue
            assert "portal.fmo_id" in rule or ("portal.actor_id" in rule and "fmo_id" in rule), policy
            if login == "agent" and "business_id" in _columns(ask, policy.tablename):
                logged = policy.tablename == "access_entry"
                assert logged or "portal.business_id" in rule, policy


def _columns(ask: Any, table: str) -> set[str]:
    sql = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped"
    return {row.attname for row in ask(sql, table=table)}


def test_the_own_npn_rule_is_restrictive(ask: Any) -> None:
    own = {p.tablename: p for p in ask(POLICIES) if p.policyname == "own_npn"}
    assert set(own) == {
        "crm_policy",
        "contact",
        "contact_source",
        "possible_duplicate",
        "note",
        "left_policy",
        "policy_claim",
        "contact_merge",
        "contact_key",
        "upload",
        "upload_row",
    }
    for policy in own.values():
        assert policy.permissive == "RESTRICTIVE" and policy.roles[0].endswith("_agent")


def test_every_agents_table_is_under_the_own_npn_rule_or_needs_none(ask: Any) -> None:
    needs_none = {
        "fmo": "names the FMO",
        "business": "the account's own line",
        "business_npn": "names no person",
        "portal_user": "people of the account, no policy of anybody",
        "search_token": "the actor's own",
        "resync_request": "names who asked, no policy of anybody",
        "sync_run": "counts of the account",
    }
    readable = {row.name for row in ask(GRANTS) if row.login.endswith("_agent") and row.verb == "SELECT"}
    ruled = {p.tablename for p in ask(POLICIES) if p.policyname == "own_npn"}
    assert readable - ruled - set(needs_none) - {"alembic_version"} == set()


def test_no_function_can_be_frozen_into_a_plan_or_look_past_the_wall(ask: Any) -> None:
    functions = ask(
        "SELECT proname, provolatile, prosecdef, proleakproof, proconfig FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace"
    )
    assert [f.proname for f in functions if f.provolatile == "i"] == []
    assert [f.proname for f in functions if f.proleakproof] == []
    definers = [f for f in functions if f.prosecdef]
    assert {f.proname for f in definers} == {"make_access_partitions", "access_followed", "end_access_month"}
    # Temporary tables last, and by name: one that is not named comes first.
    paths = {c for f in functions for c in f.proconfig or () if c.startswith("search_path=")}
    assert paths == {"search_path=pg_catalog, public, pg_temp"}
    assert [f.proname for f in definers if not paths & set(f.proconfig)] == []


def test_the_login_for_retention_runs_one_function_and_sees_no_table(ask: Any, settings: Settings) -> None:
    name = settings.login_name("retention")
    assert [row for row in ask(GRANTS) if row.login == name] == []
    assert [row for row in ask(POLICIES) if name in row.roles] == []
    may = ask(
        "SELECT p.proname, r.rolname FROM pg_proc p CROSS JOIN aclexplode(p.proacl) a"
        " LEFT JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef AND a.grantee <> p.proowner"
    )
    assert {tuple(row) for row in may} == {
        ("make_access_partitions", settings.login_name("jobs")),
        ("access_followed", settings.login_name("compliance")),
        ("end_access_month", name),
    }


def test_keys_and_uniques_begin_with_the_tenant(ask: Any) -> None:
    # Unique indexes ignore row security: a foreign tenant's value would answer "taken".
    exceptions = {
        "uq_portal_user_email": "an e-mail signs in to one account; worded neutrally",
        "uq_invitation_token_hash": "a random token",
        "uq_login_session_token_hash": "a random token",
        "uq_letter_token_hash": "a random token",
        "uq_fmo_slug": "only the operator adds FMOs",
        "uq_passkey_credential": "random, made by the device; a foreign one is refused without saying why",
        "ix_invitation_token_hash": "a random token",
    }
    without_tenant = {"fmo", "login_session", "installation_entry", "field_key", "alembic_version"}
    without_tenant |= {"passkey_challenge", "guess_tries"}
    found = ask(
        "SELECT i.indexrelid::regclass::text AS index, i.indrelid::regclass::text AS table, a.attname AS first"
        " FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        " JOIN pg_class c ON c.oid = i.indrelid WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace"
    )
    wrong = [
        row.index
        for row in found
        if row.first not in ("fmo_id", "business_id")
        and row.table not in without_tenant
        and row.index not in exceptions
    ]
    assert wrong == []


def test_foreign_keys_carry_the_tenant(ask: Any) -> None:
    # Foreign keys ignore row security: one over the id alone could point at another tenant's row.
    found = ask(
        "SELECT conname, conrelid::regclass::text AS table, confrelid::regclass::text AS target,"
        " array(SELECT attname::text FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY(conkey)) AS own"
        " FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conparentid = 0"
    )
    assert len(found) > 15
    wrong = [row.conname for row in found if row.target != "fmo" and not {"fmo_id", "business_id"} & set(row.own)]
    assert wrong == []
