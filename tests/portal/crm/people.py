"""Short ways of saying what the tests of this room say often."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.compliance.models import AccessEntry
from portal.extensions import db


def words(answer: TestResponse) -> str:
    """What a person reads on a page, blanks made single."""
    body = answer.get_data(as_text=True)
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", body.split("<main", 1)[-1], flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def entries(store: Session, action: str) -> list[AccessEntry]:
    """The log's entries of one action, oldest first."""
    store.expire_all()
    return list(store.scalars(select(AccessEntry).where(AccessEntry.action == action).order_by(AccessEntry.id)))


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements of an agent's request; the frame around the page, the settings and the log's entry not counted."""
    found: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        frame = re.search(r"FROM (fmo|business) \nWHERE", statement)
        if not frame and not statement.startswith(("SELECT set_config", "INSERT INTO access_entry")):
            found.append(statement)

    with app.app_context():
        engine = db.engines["agent"]
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)
