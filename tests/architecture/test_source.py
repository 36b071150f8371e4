"""What may be written where: SQL text, connections, commits, filters by keyword and the switch of the row filter."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.source import Module, calls, modules

# SQL as text belongs into statements. Elsewhere:
SQL_TEXT = {
    "portal.core.session": "tells the wall who is at work",
    "portal.core.outbox": "wakes the relay",
    "portal.core.wall": "asks the catalog what the logins are and may",
    "portal.runtime.upgrade": "makes logins",
    "portal.runtime.postgres": "makes the database",
    "portal.sync.operations.ending": "spells the condition of a partial index, so that it is found",
}
CONNECTIONS = {
    "portal.book.operations.request": "keeps a file's pieces that its login may not read back",
    "portal.compliance.operations": "inserts entries that its login may not read back",
    "portal.core.session": "opens them",
}
COMMITS = {
    "portal.core.transaction": "a request ends here",
    "portal.core.session": "a session of its own ends here",
    "portal.core.shell": "a command ends here",
    "portal.book.arrival.operations.steps": "each step of a look for files, a job, ends here",
    "portal.book.operations.feed": "the load of a file, a job, ends here",
    "portal.demo.load": "each step of the first start ends here",
    "portal.identity.rounds": "work for one FMO after another ends here",
    "portal.sync.operations.execution": "a run of Policy Sync, a job, ends here",
}


def _uses(module: Module, name: str) -> bool:
    return any(found == name or found.endswith(f".{name}") for found, _ in calls(module))


def _text_of_sqlalchemy(module: Module) -> bool:
    """Whether `module` calls SQLAlchemy's `text`, under whatever name."""
    names = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            names |= {alias.asname or alias.name for alias in node.names if alias.name in ("text", "literal_column")}
    return any(found in names or found in ("sa.text", "sqlalchemy.text") for found, _ in calls(module))


def _is_statements(module: Module) -> bool:
    return "statements" in module.name.split(".")


def _outside(allowed: dict[str, str]) -> Iterator[Module]:
    for module in modules():
        if module.name not in allowed and not _is_statements(module) and not module.name.startswith("tasks"):
            yield module


def test_sql_text_stands_in_statements() -> None:
    # In models `text` names defaults and conditions of indexes, which are no statements.
    found = [m.place for m in _outside(SQL_TEXT) if not m.name.endswith(".models") and _text_of_sqlalchemy(m)]
    assert found == [], "SQL text outside statements"


def test_connections_are_opened_by_named_modules() -> None:
    assert [m.place for m in _outside(CONNECTIONS) if _uses(m, "connection") or _uses(m, "raw_connection")] == []


def test_drivers_are_used_by_named_modules() -> None:
    assert [m.place for m in _outside(SQL_TEXT) if _uses(m, "exec_driver_sql")] == []


def test_commits_stand_at_the_end_of_requests_and_jobs() -> None:
    assert [m.place for m in _outside(COMMITS) if _uses(m, "session.commit") or _uses(m, "session().commit")] == []


def test_no_select_is_filtered_by_keyword() -> None:
    # `filter_by` picks the entity by position: on a join it filters another table than the reader thinks.
    assert [m.place for m in modules() if _uses(m, "filter_by")] == []


def test_no_model_is_queried_the_old_way() -> None:
    assert [m.place for m in modules() if _uses(m, "session.query") or ".query.filter" in m.text] == []


def test_the_row_filter_is_switched_off_by_tests_only() -> None:
    found = [m.place for m in modules() if "off_for_tests" in m.text and m.name != "portal.core.row_filter"]
    assert found == []


def test_views_hold_no_sqlalchemy() -> None:
    views = [m for m in modules() if "views" in m.name.split(".")]
    assert [m.place for m in views if "sqlalchemy" in m.text] == []
    assert views, "no views were found"


def test_settings_of_a_connection_are_local_to_the_transaction() -> None:
    # A plain SET survives into the pool, and with it somebody's tenant.
    plain = re.compile(r"^\s*SET (?!LOCAL )(SESSION )?[\w.]+ ?(=|TO )")
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not plain.match(node.value), module.place


def test_forms_refuse_in_the_words_of_the_portal() -> None:
    found = [m.place for m in modules() if "FlaskForm" in m.text and m.name != "portal.core.forms"]
    assert found == [], "make it a portal.core.forms.Form: the library's own sentences speak of fields"
