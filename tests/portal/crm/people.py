"""Short ways of saying what the tests of this room say often."""

from __future__ import annotations

import re
from html import unescape

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.compliance.models import AccessEntry


def words(answer: TestResponse) -> str:
    """What a person reads on a page, blanks made single."""
    body = answer.get_data(as_text=True)
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", body.split("<main", 1)[-1], flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def entries(store: Session, action: str) -> list[AccessEntry]:
    """The log's entries of one action, oldest first."""
    store.expire_all()
    return list(store.scalars(select(AccessEntry).where(AccessEntry.action == action).order_by(AccessEntry.id)))
