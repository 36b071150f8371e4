"""Re-syncing many Businesses at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.businesses.models import Business
from portal.identity.models import Fmo, User
from portal.provisioning import foresight
from portal.provisioning.views import resync
from tests.portal.sync.runs import rows
from tests.support import builders as make

CHOOSE, COMPLETE = "/fmo/resync", "/fmo/resync/complete"


def _accounts(store: Session, fmo: Fmo, count: int, **values: Any) -> list[Business]:
    """Accounts with a policy each that is still to come."""
    feed, made = make.feed_run(store, fmo), []
    for at in range(count):
        agent = make.agent(store, fmo)
        make.policy(store, make.member(store, fmo), feed, agent.npn)
        made.append(make.business(store, agent, f"Account {chr(97 + at // 26)}{chr(97 + at % 26)}", **values))
    return made


def _ids(businesses: Sequence[Business]) -> dict[str, list[str]]:
    return {"business": [str(one.id) for one in businesses]}


def _hidden(page: str) -> list[str]:
    return re.findall(r'type="hidden" name="business" value="([^"]+)"', page)


def _complete(admin: FlaskClient, page: str, **more: Any) -> TestResponse:
    sent = dict(re.findall(r'name="(once|shown)" value="([^"]+)"', page))
    return admin.post(COMPLETE, data={"business": _hidden(page), **sent, **more}, follow_redirects=True)


def test_ticked_ones_are_previewed_and_each_gets_its_own_activity_and_run(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    one, two, _ = _accounts(store, fmo, 3)
    assert "Tick Account aa" in admin.get("/fmo/businesses").text

    page = admin.post(CHOOSE, data={"which": "ticked", **_ids([one, two])}).text

    assert "2 Businesses would be re-synced" in page and "Account ac" not in page
    assert re.search(r"Policies to add</dt><dd><span[^>]*>2<", page)
    assert rows(setup_engine, "SELECT 1 FROM sync_run") == [] and rows(setup_engine, "SELECT 1 FROM activity") == []
    done = _complete(admin, page)
    assert done.status_code == 200 and "2 runs were started" in done.text
    runs = rows(setup_engine, "SELECT business_id, activity_id, reason, expected FROM sync_run")
    assert {run.business_id for run in runs} == {one.id, two.id} and {run.reason for run in runs} == {"resync"}
    assert all(run.expected["added"] == 1 for run in runs)
    activities = rows(setup_engine, "SELECT id, subject_id FROM activity")
    assert {(run.activity_id, run.business_id) for run in runs} == {(a.id, a.subject_id) for a in activities}
    twice = _complete(admin, page)
    assert twice.request.path == done.request.path and "2 runs were started" in twice.text, "the same form counts once"
    again = admin.post(COMPLETE, data=_ids([one, two]), follow_redirects=True).text
    assert "No run was started" in again and again.count("A run is under way already.") == 2
    assert len(rows(setup_engine, "SELECT 1 FROM activity")) == 2


def test_what_cannot_be_resynced_is_listed_with_its_reason(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    good, busy, bare, over = _accounts(store, fmo, 4)
    [off] = _accounts(store, fmo, 1, sync_enabled=False)
    with setup_engine.begin() as connection:
        connection.execute(text("""UPDATE fmo SET rules = '{"agreements": "block"}'"""))
        connection.execute(text("UPDATE business SET agreement_signed_on = '2020-01-01'"))
        connection.execute(text("UPDATE business SET agreement_until = '2020-12-31' WHERE id = :i"), {"i": over.id})
        connection.execute(text("UPDATE business_npn SET until = now() WHERE business_id = :i"), {"i": bare.id})
    assert "1 run was started" in admin.post(COMPLETE, data=_ids([busy]), follow_redirects=True).text
    everything = _ids([good, busy, bare, over, off])

    page = admin.post(CHOOSE, data={"which": "ticked", **everything}).text

    assert _hidden(page) == [str(good.id)]
    reasons = ("Policy Sync is not enabled.", "ended on 31 Dec 2020", "A run is under way already.", "It has no NPN")
    done = admin.post(COMPLETE, data=everything, follow_redirects=True).text
    for reason in reasons:
        assert reason in page and reason in done, reason
    assert "1 run was started" in done and len(rows(setup_engine, "SELECT 1 FROM sync_run")) == 2


def test_what_changed_greatly_since_the_preview_is_shown_first(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine
) -> None:
    changed, same = _accounts(store, fmo, 2)
    page = admin.post(CHOOSE, data={"which": "ticked", **_ids([changed, same])}).text
    [npn] = rows(setup_engine, "SELECT npn FROM business_npn WHERE business_id = :b", b=changed.id)
    feed = make.feed_run(store, fmo)
    for _ in range(8):
        make.policy(store, make.member(store, fmo), feed, npn.npn)

    late = _complete(admin, page)

    assert late.status_code == 422 and f"{changed.name}: What would happen changed" in late.text
    assert rows(setup_engine, "SELECT 1 FROM sync_run") == rows(setup_engine, "SELECT 1 FROM bulk_outcome") == []
    assert "2 runs were started" in _complete(admin, late.text).text
    expected = rows(setup_engine, "SELECT expected->>'added' AS added FROM sync_run")
    assert sorted(one.added for one in expected) == ["1", "9"]


def test_what_was_done_long_ago_is_forgotten_and_a_neighbours_is_not_found(
    store: Session, fmo: Fmo, admin: FlaskClient, client_for: Callable[[User], FlaskClient], setup_engine: Engine
) -> None:
    one, two = _accounts(store, fmo, 2)
    first = admin.post(COMPLETE, data=_ids([one])).location
    assert admin.get(first).status_code == 200
    assert client_for(make.user(store, make.fmo(store))).get(first).status_code == 404
    with setup_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE bulk_outcome SET at = at - interval '31 days'")

    admin.post(COMPLETE, data=_ids([two]))

    assert admin.get(first).status_code == 404 and len(rows(setup_engine, "SELECT 1 FROM bulk_outcome")) == 1


def test_all_that_match_the_filter(store: Session, fmo: Fmo, admin: FlaskClient) -> None:
    named = make.business(store, make.agent(store, fmo), "Harbor Insurance")
    _accounts(store, fmo, 2)
    shown = admin.get("/fmo/businesses?q=harb").text
    assert "Re-sync all 1 that match" in shown and 'name="q" value="harb"' in shown

    assert _hidden(admin.post(CHOOSE, data={"which": "all", "q": "harb"}).text) == [str(named.id)]
    assert len(_hidden(admin.post(CHOOSE, data={"which": "all"}).text)) == 3


def test_more_than_can_be_done_at_once_is_said(
    store: Session, fmo: Fmo, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resync, "MOST", 2)
    _accounts(store, fmo, 3)

    page = admin.post(CHOOSE, data={"which": "all"}).text

    assert "More than 2 Businesses match" in page and len(_hidden(page)) == 2


def test_many_are_counted_in_few_statements(
    store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foresight, "EXACT", 2)
    sent: list[str] = []

    def asked(count: int) -> int:
        chosen = _ids(_accounts(store, fmo, count))
        sent.clear()
        page = admin.post(CHOOSE, data={"which": "ticked", **chosen}).text
        assert re.search(rf"Policies to add</dt><dd><span[^>]*>{count}<", page)
        assert "Counted among the policies that carrier files changed" in page
        return len(sent)

    def look(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", look)
    try:
        asked(3)  # the first page of a session says more
        assert asked(4) == asked(9) < 20
    finally:
        event.remove(Engine, "before_cursor_execute", look)


def test_nothing_ticked_and_a_foreign_one(store: Session, fmo: Fmo, admin: FlaskClient, setup_engine: Engine) -> None:
    foreign = make.business(store, make.agent(store, make.fmo(store)))
    [own] = _accounts(store, fmo, 1)

    told = admin.post(CHOOSE, data={"which": "ticked"}, follow_redirects=True)

    assert told.status_code == 200 and "Tick at least one Business first" in told.text
    assert admin.get(CHOOSE).status_code == 303
    for address in (CHOOSE, COMPLETE):
        assert admin.post(address, data=_ids([own, foreign])).status_code == 404
    assert rows(setup_engine, "SELECT 1 FROM sync_run") == []
