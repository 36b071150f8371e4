"""Whatever a request changes is in the log: every form of every page is sent, and what it wrote is held against it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event, text

from portal.core.events import declared
from portal.core.request_log import UNDECLARED_READ
from tests.isolation.ground import Ground
from tests.isolation.test_forms import forms_of
from tests.support.web import browser

pytestmark = [pytest.mark.shared_data, pytest.mark.timeout(600)]
# What the machinery keeps for itself: no record of anybody, and no rule.
KEPT_BY_MACHINERY = {
    "access_entry", "installation_entry",  # the log
    "login_session", "passkey_challenge", "sso_flow", "search_token",  # what a browser's next request is told by
    "guess_tries", "known_browser", "factor_proof", "proof_count",  # how often somebody tried
    "outbox",  # the order of a job; what the job does is in the log
}  # fmt: skip
_WRITES = re.compile(
    r'(?:INSERT INTO|DELETE FROM|(?<!FOR )(?<!DO )UPDATE(?= (?:ONLY )?"?\w+"?(?: (?:AS )?\w+)? SET))'
    r'\s+(?:ONLY )?"?(\w+)',
    re.IGNORECASE,
)


@dataclass
class Written:
    """The tables that were written and whose transaction was committed."""

    tables: set[str] = field(default_factory=set)
    pending: dict[int, set[str]] = field(default_factory=dict)

    def statement(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        """Take down what a statement writes."""
        if cursor.rowcount != 0:
            found = set(_WRITES.findall(statement))
            self.pending.setdefault(id(connection.connection.dbapi_connection), set()).update(found)

    def commit(self, connection: Any) -> None:
        """What the connection wrote is kept."""
        self.tables |= self.pending.pop(id(connection.connection.dbapi_connection), set())

    def rollback(self, connection: Any) -> None:
        """What the connection wrote never was."""
        self.pending.pop(id(connection.connection.dbapi_connection), None)


@pytest.fixture
def written(app: Flask) -> Iterator[Written]:
    """What the application writes from now on, by whichever login."""
    from portal.extensions import db

    seen, hung = Written(), []
    with app.app_context():
        for engine in db.engines.values():
            for name, hook in (
                ("after_cursor_execute", seen.statement), ("commit", seen.commit), ("rollback", seen.rollback)
            ):  # fmt: skip
                event.listen(engine, name, hook)
                hung.append((engine, name, hook))
    yield seen
    for engine, name, hook in hung:
        event.remove(engine, name, hook)


def test_what_a_form_changes_is_logged_once(
    app: Flask, ground: Ground, setup_engine: Engine, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SHOW_ERRORS", "PROPAGATE_EXCEPTIONS"):
        monkeypatch.setitem(app.config, name, False)
    unlogged, unnamed, twice, incomplete, changed = [], [], [], [], 0
    known: set[tuple[str, ...]] = set()
    for actor in ground.actors.values():
        client = browser(app, actor.user)
        for address, fields in list(forms_of(app, ground, client, actor.own or "amy", known)):
            with setup_engine.connect() as connection:
                mark = connection.execute(text("SELECT uuidv7()")).scalar_one()
            written.tables.clear()
            answer = client.post(address, data=fields)
            entries = _entries(setup_engine, mark)
            touched = written.tables - KEPT_BY_MACHINERY
            where = f"{actor.name}: {re.sub('[0-9a-f-]{36}', '*', address)} ({answer.status_code})"
            changes = [one for one in entries if declared()[one.action].change]
            if touched and not changes:
                unlogged.append(f"{where} wrote {', '.join(sorted(touched))}: {[one.action for one in entries]}")
            changed += bool(touched)
            same = [(one.action, str(one.subject_ids), str(one.detail)) for one in entries]
            twice += [f"{where}: {one}" for one in {one for one in same if same.count(one) > 1}]
            unnamed += [where for one in entries if one.action == UNDECLARED_READ.name]
            if actor.user is not None:
                incomplete += [f"{where}: {one.action}" for one in entries if _lacks(one)]
    assert unlogged == []
    assert twice == []
    assert unnamed == [], "records are seen, and no route or operation says how"
    assert incomplete == []
    assert changed > 40


def _entries(engine: Engine, mark: Any) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT * FROM access_entry WHERE id > :mark ORDER BY id"), {"mark": mark}))


def _lacks(entry: Any) -> bool:
    """Whether an entry of a signed-in person does not say from where and in which request it came."""
    return not (entry.actor_id and entry.request_id and entry.session_id and entry.address and entry.user_agent)
