"""The officer's pages over the log."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.compliance.models import AccessEntry
from portal.config import Settings
from portal.core.csv_file import safe_cell
from portal.core.ids import new_id
from tests.support.builders import add
from tests.support.world import Office, World

LOG = "/compliance/access"


def logged(store: Session, office: Office, **values: Any) -> AccessEntry:
    """An entry of `office`, by its admin unless said otherwise."""
    who = {"actor_id": office.admin.id, "actor_name": office.admin.name, "role": "fmo_admin"}
    what = {"at": datetime.now(UTC) - timedelta(hours=1), "action": "policy.list", "outcome": "done", "version": 1}
    return add(store, AccessEntry(fmo_id=office.fmo.id, id=new_id(), **{**who, **what, **values}))


def entries(store: Session, office: Office, action: str | None = None) -> list[AccessEntry]:
    """What the log of `office` holds, oldest first."""
    store.rollback()
    query = select(AccessEntry).where(AccessEntry.fmo_id == office.fmo.id).order_by(AccessEntry.at, AccessEntry.id)
    found = store.scalars(query.execution_options(populate_existing=True)).all()
    return [entry for entry in found if action in (None, entry.action)]


def test_an_entry_reads_as_a_sentence(world: World, store: Session, client_for: Any) -> None:
    logged(store, world.summit, business_id=world.amy.business.id, member_ids=[new_id()])
    logged(store, world.summit, action="business.view", subject_kind="business", subject_ids=[world.amy.business.id])
    text = client_for(world.summit.compliance).get(LOG).text
    assert f"{world.summit.admin.name} " in text
    assert f"({world.amy.business.name})" in text


def test_looking_leaves_exactly_one_entry(world: World, store: Session, client_for: Any) -> None:
    officer = client_for(world.summit.compliance)
    entry = logged(store, world.summit)
    assert officer.get(LOG).status_code == 200
    assert [e.action for e in entries(store, world.summit)] == ["policy.list", "access.list"]
    assert officer.get(f"{LOG}/{entry.id}").status_code == 200
    last = entries(store, world.summit)[-1]
    assert (last.action, last.subject_ids, last.actor_id) == ("access.entry", [entry.id], world.summit.compliance.id)
    assert len(entries(store, world.summit)) == 3


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("who={actor}", {"mine"}),
        ("who=system", {"job"}),
        ("who=qagentamy", {"theirs"}),
        ("business={business}", {"theirs", "about"}),
        ("business=qbusinessamy", {"theirs", "about"}),
        ("action=session.start", {"theirs"}),
        ("action=changes", {"theirs"}),
        ("action=reads&outcome=refused", {"refused"}),
        ("action=session.start,refused.page", {"theirs", "refused"}),
        ("action=inside&outcome=refused", {"refused"}),
        ("member={member}", {"job"}),
        ("run={run}", {"job"}),
        ("session={session}", {"mine"}),
        ("to=2026-03-01&from=2026-03-01", {"old"}),
        ("outcome=refused", {"refused"}),
        ("outcome=nonsense&member=nonsense&from=yesterday", {"mine", "theirs", "job", "old", "refused", "about"}),
    ],
)
def test_filters(query: str, shown: set[str], world: World, store: Session, client_for: Any) -> None:
    amy, other = world.amy.people[0].user, world.nora.people[0].user
    ids = {"actor": world.summit.admin.id, "business": world.amy.business.id}
    ids |= {"member": new_id(), "run": new_id(), "session": new_id()}
    by_other = {"actor_id": other.id, "actor_name": other.name}
    made = {
        "mine": logged(store, world.summit, session_id=ids["session"]),
        "theirs": logged(
            store,
            world.summit,
            actor_id=amy.id,
            actor_name=amy.name,
            business_id=world.amy.business.id,
            action="session.start",
        ),
        "job": logged(
            store,
            world.summit,
            actor_id=None,
            actor_name="system",
            run_id=ids["run"],
            member_ids=[new_id(), ids["member"]],
        ),
        "old": logged(store, world.summit, at=datetime(2026, 3, 1, 12, tzinfo=UTC), **by_other),
        "refused": logged(store, world.summit, action="refused.page", outcome="refused", **by_other),
        "about": logged(store, world.summit, subject_kind="business", subject_ids=[world.amy.business.id], **by_other),
    }
    text = client_for(world.summit.compliance).get(f"{LOG}?{query.format(**ids)}").text
    assert {name for name, entry in made.items() if str(entry.id) in text} == shown


def test_the_refusals_that_home_counts_are_those_it_leads_to(world: World, store: Session, client_for: Any) -> None:
    at_sign_in = logged(store, world.summit, action="session.refused", outcome="refused")
    text = client_for(world.summit.compliance).get(f"{LOG}?action=inside&outcome=refused").text
    assert str(at_sign_in.id) not in text and "Everything but refused sign-ins" in text


def test_several_actions_are_kept_and_named(world: World, store: Session, client_for: Any) -> None:
    text = client_for(world.summit.compliance).get(f"{LOG}?action=session.start,refused.page").text
    assert '<option value="session.start,refused.page" selected>signed in or asked for a page of another role' in text


def test_a_business_finds_what_is_logged_of_its_people_and_its_record(
    world: World, store: Session, client_for: Any
) -> None:
    ours, other = str(world.amy.business.id), str(world.nora.business.id)
    user = {"subject_kind": "user", "subject_ids": [world.amy.people[0].user.id]}
    found = [
        logged(
            store, world.summit, action="business.user_role", **user,
            detail={"business": ours, "given_role": "agent_limited"},
        ),
        logged(store, world.summit, action="business.move_user", detail={"from_business": ours, "business": other}),
        logged(store, world.summit, action="activity.log", detail={"type": "note", "on_id": ours}),
        logged(store, world.summit, action="activity.log", detail={"other_kind": "business", "other_id": ours}),
    ]  # fmt: skip
    foreign = logged(store, world.summit, action="business.user_role", detail={"business": other})
    officer = client_for(world.summit.compliance)

    text = officer.get(f"{LOG}?business={ours}&action=changes").text

    assert all(str(entry.id) in text for entry in found) and str(foreign.id) not in text
    assert world.amy.business.name in text
    page = officer.get(f"{LOG}/{found[0].id}").text
    assert "Agent – Limited Contacts Access" in page and "agent_limited" not in page
    assert "Changed a user" in page and "business.user_role" not in page
    assert f"{world.amy.business.name}, {ours}" in page
    assert "Note" in officer.get(f"{LOG}/{found[2].id}").text


def test_the_reason_of_a_release_is_in_words(world: World, store: Session, client_for: Any) -> None:
    entry = logged(store, world.summit, action="policy.released", reason="npn_left")
    page = client_for(world.summit.compliance).get(f"{LOG}/{entry.id}").text
    assert "Its NPN left the account" in page and "npn_left" not in page


@pytest.mark.parametrize("query", ["action=policy.list", "business={}", "business={}&outcome=done"])
def test_pages_go_older_and_newer_without_loss(world: World, store: Session, client_for: Any, query: str) -> None:
    moment, account = datetime.now(UTC) - timedelta(minutes=5), world.amy.business.id
    # In turns of the account and about it from elsewhere.
    speaking = {"subject_kind": "business", "subject_ids": [account]}
    made = {
        str(logged(store, world.summit, at=moment, **(speaking if number % 2 else {"business_id": account})).id)
        for number in range(120)
    }
    officer, seen = client_for(world.summit.compliance), []
    href: str | None = f"{LOG}?{query.format(account)}"
    while href:
        text = officer.get(href).text
        seen.append([key for key in made if f"{LOG}/{key}" in text])
        href = _link(text, "older")
        if href:
            back = _link(officer.get(href).text, "newer")
            assert back and sorted(key for key in made if f"{LOG}/{key}" in officer.get(back).text) == sorted(seen[-1])
    assert [len(page) for page in seen] == [50, 50, 20]
    assert {key for page in seen for key in page} == made


def _link(text: str, key: str) -> str | None:
    _, found, rest = text.partition(f'id="page-{key}" class="page-link" href="')
    return rest.split('"')[0].replace("&amp;", "&") if found else None


def test_an_entry_shows_every_field_and_its_neighbours(world: World, store: Session, client_for: Any) -> None:
    session, run = new_id(), new_id()
    before = logged(store, world.summit, session_id=session, run_id=run)
    entry = logged(
        store,
        world.summit,
        session_id=session,
        run_id=run,
        request_id="req-77",
        business_id=world.amy.business.id,
        subject_kind="policy",
        subject_ids=[new_id(), new_id()],
        member_ids=[new_id()],
        fields=["mbi"],
        reason="asked by phone",
        address="192.0.2.7",
        user_agent="Browser/1",
        also={"contact": [str(new_id())]},
        detail={"count": 2},
    )
    text = client_for(world.summit.compliance).get(f"{LOG}/{entry.id}").text
    ids = [entry.id, entry.fmo_id, entry.actor_id, session, run, *entry.subject_ids, *entry.member_ids]
    for value in (*map(str, ids), *entry.also["contact"], "req-77", "mbi", "asked by phone", "192.0.2.7", "Browser/1"):
        assert value in text
    assert text.count(f'href="{LOG}/{before.id}"') == 3
    assert f"/compliance/members/{entry.member_ids[0]}" in text


def test_a_neighbour_fmo_is_not_there(world: World, store: Session, client_for: Any) -> None:
    theirs = logged(store, world.lakeside)
    officer = client_for(world.summit.compliance)
    assert str(theirs.id) not in officer.get(LOG).text
    assert str(theirs.id) not in officer.get(f"{LOG}/export.csv").text
    assert world.lakeside.admin.name not in officer.get(LOG).text
    foreign, unknown = officer.get(f"{LOG}/{theirs.id}"), officer.get(f"{LOG}/{new_id()}")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.text == unknown.text
    refused = entries(store, world.summit, "refused.record")
    assert refused[0].subject_ids == [theirs.id]
    assert len(refused) == 2


def test_others_may_not_open_the_log_and_officers_nothing_else(world: World, store: Session, client_for: Any) -> None:
    for user, path in (
        (world.summit.admin, LOG),
        (world.amy.admin, f"{LOG}/export.csv"),
        (world.summit.compliance, "/fmo/agents"),
        (world.summit.compliance, "/crm/contacts"),
    ):
        before = len(entries(store, world.summit))
        assert client_for(user).get(path).status_code == 404
        after = entries(store, world.summit)
        assert len(after) == before + 1
        assert (after[-1].action, after[-1].outcome, after[-1].actor_id) == ("refused.page", "refused", user.id)


def test_csv_holds_the_filter_and_runs_nothing(world: World, store: Session, client_for: Any) -> None:
    logged(store, world.summit, actor_name="=HYPERLINK(1)", reason="-2+3", user_agent="@SUM(A1)")
    logged(store, world.summit, action="policy.view")
    answer = client_for(world.summit.compliance).get(f"{LOG}/export.csv?action=policy.list")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [(r["actor_name"], r["reason"], r["user_agent"]) for r in rows] == [("'=HYPERLINK(1)", "'-2+3", "'@SUM(A1)")]
    (exported,) = entries(store, world.summit, "access.export")
    assert exported.detail == {"filters": ["action"], "count": 1, "capped": False}
    assert len(entries(store, world.summit)) == 3


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1"])
def test_cells_that_would_run_are_quoted(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert safe_cell("plain") == "plain"


def test_a_capped_file_says_so(world: World, store: Session, client_for: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.compliance.export.MOST", 1)
    logged(store, world.summit), logged(store, world.summit)
    lines = client_for(world.summit.compliance).get(f"{LOG}/export.csv").text.splitlines()
    assert len(lines) == 3
    assert "Narrow the dates" in lines[-1]
    assert entries(store, world.summit, "access.export")[0].detail["capped"] is True


def test_nothing_is_shown_when_the_log_cannot_be_written(
    world: World, store: Session, client_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = logged(store, world.summit)

    def broken(*_: object) -> None:
        raise RuntimeError("the log is full")

    monkeypatch.setattr("portal.core.access._recorder", [broken])
    answer = client_for(world.summit.compliance).get(LOG)
    assert answer.status_code == 503
    assert str(entry.id) not in answer.text


@pytest.mark.parametrize("login", ["fmo", "agent", "compliance"])
def test_a_page_is_refused_while_its_login_may_not_write_the_log(
    login: str, world: World, store: Session, client_for: Any, setup_engine: Engine, settings: Settings
) -> None:
    entry, member = logged(store, world.summit), world.amy.people[0].member
    pages = {
        "fmo": (world.summit.admin, "/fmo/policies", member.last_name),
        "agent": (world.amy.admin, "/crm/contacts", member.last_name),
        "compliance": (world.summit.compliance, LOG, str(entry.id)),
    }
    who, address, told = pages[login]
    client, name = client_for(who), settings.login_name(login)  # type: ignore[arg-type]  # one of the logins
    assert told in client.get(address).text
    with setup_engine.begin() as connection:
        connection.execute(text(f'REVOKE INSERT ON access_entry FROM "{name}"'))
    try:
        answer = client.get(address)
    finally:
        with setup_engine.begin() as connection:
            connection.execute(text(f'GRANT INSERT ON access_entry TO "{name}"'))
    assert answer.status_code == 503
    assert told not in answer.text
    assert told in client.get(address).text
