"""Files whose columns changed freeze; an admin accepts the columns, which loads the file, or rejects it."""

from __future__ import annotations

import contextvars
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.book.drift import operations, queries
from portal.book.drift.models import ColumnDrift
from portal.book.drift.operations import NotAccepted
from portal.book.layouts.models import ConnectorHeader, ConnectorLayout
from portal.book.models import Connector, FeedRun, Policy
from portal.book.operations import run_feed
from portal.compliance.models import AccessEntry
from portal.core import scope
from portal.core.scope import Role
from portal.extensions import db
from portal.identity.models import Fmo, User
from tests.portal.book.conftest import Load, jobs_scope
from tests.portal.book.rows import AETNA, person, table
from tests.support import builders
from tests.support.people import acting
from tests.support.web import Browser

ROWS = [AETNA | person(number) for number in range(8)]
Client = Callable[[User], Browser]


def renamed(old: str, new: str | None, rows: list[dict[str, str]] = ROWS) -> list[dict[str, str]]:
    """The rows with another name for a column, None: without it."""
    return [{new if name == old else name: cell for name, cell in row.items() if new or name != old} for row in rows]  # type: ignore[misc]  # a column without a name is left out


def file_of(rows: list[dict[str, str]]) -> bytes:
    """A CSV file of the rows."""
    return table(list(rows[0]), rows)


@pytest.fixture
def admin(store: Session, fmo: Fmo) -> User:
    """Somebody who may accept columns."""
    return builders.user(store, fmo, Role.FMO_ADMIN)


@pytest.fixture
def go_on(app: Flask, store: Session, fmo: Fmo) -> Callable[[FeedRun], FeedRun]:
    """Load what an admin's click has sent again, as the worker would."""

    def loaded(run: FeedRun) -> FeedRun:
        with app.app_context(), scope.acting(jobs_scope(fmo)):
            run_feed(run.id)
        store.rollback()
        store.expire_all()
        return store.scalars(select(FeedRun).where(FeedRun.id == run.id)).one()

    return loaded


def policies(store: Session) -> int:
    store.rollback()
    return len(store.scalars(select(Policy.id)).all())


def test_the_first_file_says_what_columns_there_are_and_their_order_does_not_matter(load: Load, store: Session) -> None:
    assert load(file_of(ROWS)).status == "succeeded"
    header = store.scalars(select(ConnectorHeader)).one()
    assert header.columns == list(AETNA) and header.version is None
    backwards = [dict(reversed(row.items())) for row in ROWS]
    run = load(file_of(backwards), day="20261104")
    assert (run.status, run.new, run.changed) == ("succeeded", 0, 0)
    assert len(store.scalars(select(ConnectorHeader)).all()) == 1


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (renamed("Plan Name", "Product Name"), "missing: “Plan Name”; new: “Product Name”"),
        (renamed("Email", None), "missing: “Email”"),
        ([row | {"Shoe Size": "9"} for row in ROWS], "new: “Shoe Size”"),
        (renamed("Coverage Effective Date", "Start of Coverage"), "missing: “Coverage Effective Date”"),
    ],
    ids=["renamed", "missing", "new", "renamed and required"],
)
def test_other_columns_freeze_the_file_and_load_nothing(
    load: Load, store: Session, rows: list[dict[str, str]], words: str
) -> None:
    load(file_of(ROWS[:2]))
    run = load(file_of(rows), day="20261104")
    assert run.status == "frozen" and words in (run.error or "")
    assert "Nothing in the book was changed" in (run.error or "")
    assert policies(store) == 2
    assert store.scalars(select(ColumnDrift)).one().run_id == run.id


def test_a_check_freezes_too_and_leaves_no_columns_behind(load: Load, store: Session) -> None:
    assert load(file_of(ROWS), dry_run=True).status == "succeeded"
    assert store.scalars(select(ConnectorHeader)).all() == []
    load(file_of(ROWS))
    assert load(file_of(renamed("Email", None)), day="20261104", dry_run=True).status == "frozen"


def test_accepting_a_proposal_makes_a_version_and_loads_the_file(
    load: Load, store: Session, admin: User, client_for: Client, go_on: Callable[[FeedRun], FeedRun]
) -> None:
    load(file_of(ROWS[:4]))
    run = load(file_of(renamed("Coverage Effective Date", "Start of Coverage")), day="20261104")
    browser = client_for(admin)
    text = browser.get(f"/fmo/feeds/{run.id}/columns").text
    assert "Start of Coverage" in text and "Proposed" in text and "First day of coverage" in text
    place = list(AETNA).index("Coverage Effective Date")
    answer = browser.post(f"/fmo/feeds/{run.id}/columns/accept", data={f"column-{place}": str(place)})
    assert answer.status_code == 303, answer.text
    assert go_on(run).status == "succeeded"
    assert policies(store) == 8
    layout = store.scalars(select(ConnectorLayout)).one()
    assert (layout.version, layout.reason, layout.made_by) == (1, "columns", admin.id)
    assert store.scalars(select(Connector)).one().layout == "aetna"
    # The book knows them again: the identity of an enrolment has not changed with the name of a column.
    assert go_on(run).new == 4 and go_on(run).unchanged == 4
    # Both headers are known from now on, and each is read as it must be.
    for rows, day in ((ROWS, "20261105"), (renamed("Coverage Effective Date", "Start of Coverage"), "20261106")):
        again = load(file_of([*rows[:-1]]), day=day)
        assert (again.status, again.new, again.changed, again.refused) == ("succeeded", 0, 0, 0)
    logged = store.scalars(select(AccessEntry.action).where(AccessEntry.actor_id == admin.id)).all()
    assert "feed.accept_columns" in logged


def test_columns_that_are_not_read_are_accepted_without_a_version(
    load: Load, store: Session, admin: User, client_for: Client, go_on: Callable[[FeedRun], FeedRun]
) -> None:
    load(file_of(ROWS))
    run = load(file_of([row | {"Shoe Size": "9"} for row in ROWS]), day="20261104")
    browser = client_for(admin)
    assert "Only columns differ that are not read" in browser.get(f"/fmo/feeds/{run.id}/columns").text
    assert browser.post(f"/fmo/feeds/{run.id}/columns/accept").status_code == 303
    assert go_on(run).status == "succeeded"
    assert store.scalars(select(ConnectorLayout)).all() == []


@pytest.mark.parametrize(
    ("column", "said", "words"),
    [
        ("Coverage Effective Date", "", "Say which column “Coverage Effective Date” is now"),
        ("Coverage Effective Date", "gone", "First day of coverage cannot be left out"),
        ("Coverage Effective Date", "Shoe Size", "held dates"),
    ],
    ids=["nothing said", "required and gone", "no dates in it"],
)
def test_a_wrong_answer_is_told_before_anything_is_loaded(
    load: Load, store: Session, admin: User, client_for: Client, column: str, said: str, words: str
) -> None:
    load(file_of(ROWS))
    rows = renamed(column, "Begin", [row | {"Shoe Size": f"{n}.5"} for n, row in enumerate(ROWS)])
    run = load(file_of(rows), day="20261104")
    place, answer = list(AETNA).index(column), str(list(rows[0]).index(said)) if said in rows[0] else said
    refused = client_for(admin).post(f"/fmo/feeds/{run.id}/columns/accept", data={f"column-{place}": answer})
    assert refused.status_code == 422 and words in refused.text
    store.expire_all()
    store.rollback()
    assert store.scalars(select(FeedRun.status).where(FeedRun.id == run.id)).one() == "frozen"
    assert store.scalars(select(ConnectorLayout)).all() == []


def test_a_rejected_file_fails_with_the_reason_and_is_no_task_any_more(
    load: Load, store: Session, admin: User, client_for: Client
) -> None:
    load(file_of(ROWS))
    run = load(file_of(renamed("Email", "E-Mail Private")), day="20261104")
    browser = client_for(admin)
    assert "it waits to be accepted or rejected" in browser.get("/fmo/").text
    assert browser.post(f"/fmo/feeds/{run.id}/columns/reject", data={"reason": ""}).status_code == 422
    browser.post(f"/fmo/feeds/{run.id}/columns/reject", data={"reason": "Sent by mistake."})
    store.rollback()
    store.expire_all()
    kept = store.scalars(select(FeedRun).where(FeedRun.id == run.id)).one()
    assert kept.status == "failed" and "Sent by mistake." in (kept.error or "")
    home = browser.get("/fmo/").text
    assert "it waits to be accepted" not in home and "could not be loaded" not in home
    # Deciding twice does nothing.
    assert browser.post(f"/fmo/feeds/{run.id}/columns/accept").status_code == 422


def test_hostile_names_of_columns_are_only_text(load: Load, admin: User, client_for: Client, store: Session) -> None:
    load(file_of(ROWS))
    hostile = {"<script>alert(1)</script>": "1", "W" * 10_000: "2", "": "3", "{{ 7*7 }}": "4"}
    run = load(file_of([row | hostile for row in ROWS]), day="20261104")
    assert run.status == "frozen" and len(run.error or "") < 1_000
    text = client_for(admin).get(f"/fmo/feeds/{run.id}/columns").text
    assert "<script>alert" not in text and "W" * 100 not in text


def test_the_command_says_that_a_file_is_frozen(shell: FlaskCliRunner, fmo: Fmo, tmp_path: Path) -> None:
    for name, rows, status in (("one.csv", ROWS, 0), ("two.csv", renamed("Email", None), 1)):
        (tmp_path / name).write_bytes(file_of(rows))
        result = shell.invoke(args=["feed", "load", str(tmp_path / name), "--json"])
        assert result.exit_code == status, result.output
    told = json.loads(result.output.splitlines()[-1])
    assert "frozen" in told["error"] and told["new"] is None


def test_an_unlike_file_is_refused_and_not_frozen(load: Load) -> None:
    load(file_of(ROWS))
    run = load(b"Fruit,Weight\napple,3\npear,4\n", day="20261104")
    assert run.status == "failed" and "No header of a known layout" in (run.error or "")


def test_another_column_with_the_writing_agent_is_checked_by_a_person(
    load: Load, store: Session, admin: User, client_for: Client, go_on: Callable[[FeedRun], FeedRun]
) -> None:
    """Whoever accepts it says so in words, and that is kept; what it moves is still held for a second one."""
    load(file_of(ROWS))
    store.execute(update(Fmo).values(rules={"held_number": 3}))
    store.commit()
    rows = renamed(
        "Writing Agent NPN", "Producer Level 1 NPN", [row | {"Writing Agent NPN": "2002002"} for row in ROWS]
    )
    run = load(file_of(rows), day="20261104")
    browser, place = client_for(admin), list(AETNA).index("Writing Agent NPN")
    assert "names the agent who wrote each policy" in browser.get(f"/fmo/feeds/{run.id}/columns").text
    said = {f"column-{place}": str(place)}
    refused = browser.post(f"/fmo/feeds/{run.id}/columns/accept", data=said)
    assert refused.status_code == 422 and "decides from now on whose these policies are" in refused.text
    assert go_on(run).status == "frozen"
    browser.post(f"/fmo/feeds/{run.id}/columns/accept", data=said | {"sure": "y"})
    assert go_on(run).status == "held"
    connector = store.scalars(select(Connector)).one()
    assert connector.confirmed_rule == "npn producerlevel1npn:1, tin writingagenttin:1"
    assert connector.confirmed_by == admin.id
    assert set(store.scalars(select(Policy.writing_npn))) == {"1001001"}


def test_two_who_decide_at_once_decide_once(
    load: Load, store: Session, app: Flask, fmo: Fmo, admin: User, client_for: Client,
    go_on: Callable[[FeedRun], FeedRun],
) -> None:  # fmt: skip
    """The second has seen the file waiting and is told; what the first did stays, and the run is not failed by it."""
    load(file_of(ROWS))
    run = load(file_of([row | {"Shoe Size": "9"} for row in ROWS]), day="20261104")

    browser = client_for(admin)

    def apart(do: Callable[..., Any], *what: Any) -> Any:
        return contextvars.Context().run(do, *what)

    with acting(app, Role.FMO_ADMIN, fmo):
        mine = db.session.scalars(select(FeedRun).where(FeedRun.id == run.id)).one()
        late = queries.shown(mine)
        assert late is not None and mine.status == "frozen"
        assert apart(browser.post, f"/fmo/feeds/{run.id}/columns/accept").status_code == 303
        assert apart(go_on, run).status == "succeeded"
        with pytest.raises(NotAccepted, match="does not wait any more"):
            operations.reject(late, "Not this one.", by=scope.current())
        with pytest.raises(NotAccepted, match="does not wait any more"):
            operations.accept(late, {}, by=scope.current())
        db.session.rollback()
    store.rollback()
    assert store.scalars(select(FeedRun.status).where(FeedRun.id == run.id)).one() == "succeeded"
