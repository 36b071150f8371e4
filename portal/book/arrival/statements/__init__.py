"""Statements of a look that no model can say."""

from __future__ import annotations

from portal.book.statements.run_sql import run


def have_patience() -> None:
    """Let this transaction stand while a large file is read through at the door; its login allows a minute."""
    run("SET LOCAL idle_in_transaction_session_timeout = '15min'")
