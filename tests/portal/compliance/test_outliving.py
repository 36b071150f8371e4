"""Entries outlive whoever and whatever they speak of: pages, files and seals read as then."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.compliance.models import AccessEntry
from portal.compliance.seals import checking
from portal.core import clock
from tests.portal.compliance.test_access import LOG, entries, logged
from tests.support.world import World

# Deeper than any page goes: rows are tombstoned or switched off there, and here they are gone.
GONE = {
    "user": "DELETE FROM portal_user WHERE id = :user",
    "business": "DELETE FROM business WHERE id = :business",
    "member": "DELETE FROM member WHERE id = :member",
    "all": "DELETE FROM portal_user WHERE id = :user; DELETE FROM business WHERE id = :business;"
    " DELETE FROM member WHERE id = :member",
}


@pytest.fixture
def ids(world: World) -> dict[str, Any]:
    """Who and what is deleted."""
    person = world.amy.people[0]
    return {"user": person.user.id, "business": world.amy.business.id, "member": person.member.id}


@pytest.fixture
def spoken_of(world: World, store: Session, seal: Callable[[], int]) -> list[AccessEntry]:
    """Entries by and about an agent, their Business and their member, sealed."""
    person, business = world.amy.people[0], world.amy.business.id
    who = {"actor_id": person.user.id, "actor_name": person.user.name, "role": "agent_admin", "business_id": business}
    at = clock.now() - timedelta(hours=3)
    found = [
        logged(store, world.summit, at=at, **who, action="crm_policy.list", member_ids=[person.member.id]),
        logged(store, world.summit, at=at, action="business.view", subject_kind="business", subject_ids=[business]),
        logged(store, world.summit, at=at, action="user.suspend", subject_kind="user", subject_ids=[person.user.id]),
        logged(
            store, world.summit, at=at, action="member.view", subject_kind="member", subject_ids=[person.member.id],
            member_ids=[person.member.id], detail={"business": str(business)},
        ),
    ]  # fmt: skip
    seal()
    return found


@pytest.mark.parametrize("gone", GONE)
def test_what_is_gone_breaks_no_entry(
    world: World, store: Session, app: Flask, setup_engine: Engine, client_for: Any, seal: Callable[[], int],
    ids: dict[str, Any], spoken_of: list[AccessEntry], gone: str,
) -> None:  # fmt: skip
    name = world.amy.people[0].user.name
    with setup_engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in GONE[gone].split(";"):
            connection.execute(text(statement), {key: ids[key] for key in ids if f":{key}" in statement})
    officer = client_for(world.summit.compliance)
    assert f"{name} " in officer.get(LOG).text, "the name is the one that they had then"
    for entry in spoken_of:
        told = officer.get(f"{LOG}/{entry.id}")
        assert told.status_code == 200 and (entry.actor_name or "") in told.text
    for place, kind in (("people", "user"), ("businesses", "business"), ("members", "member")):
        followed = officer.get(f"/compliance/{place}/{ids[kind]}")
        assert followed.status_code == 200 and f"subject={ids[kind]}" in followed.text, "it can be held all the same"
    by_what = (f"who={ids['user']}", f"business={ids['business']}", f"member={ids['member']}")
    for query in by_what:
        assert officer.get(f"{LOG}?{query}").status_code == 200
        rows = list(csv.DictReader(io.StringIO(officer.get(f"{LOG}/export.csv?{query}").data.decode("utf-8-sig"))))
        assert {row["entry"] for row in rows} & {str(entry.id) for entry in spoken_of}, query
    seal()
    with app.app_context():
        assert checking.verify(world.summit.fmo.id).faults == []
    assert {entry.id for entry in spoken_of} <= {entry.id for entry in entries(store, world.summit)}


def test_no_entry_hangs_on_another_table(setup_engine: Engine) -> None:
    sql = (
        "SELECT conname FROM pg_constraint WHERE contype = 'f' AND (conrelid::regclass::text ~ '^(access_entry|seal|"
        "installation_entry|log_archive|legal_hold|log_term)' OR confrelid::regclass::text ~ '^access_entry')"
    )
    with setup_engine.connect() as connection:
        assert connection.execute(text(sql)).all() == []
