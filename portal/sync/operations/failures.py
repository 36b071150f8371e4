"""Why a run failed, in a sentence for the person: what happened, what was kept, what to do."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

KEPT = "Nothing in the account was changed."
_AGAIN = "Retry; if it fails again, tell the operator."
# The database is being stopped, has crashed, or is starting; class 08: the connection itself.
_AWAY = ("57P01", "57P02", "57P03", "57P05", "25P03")
_FULL, _MEMORY, _BUSY = "53100", "53200", ("40P01", "55P03", "40001")


class Disabled(Exception):
    """Policy Sync was disabled after the run was asked for."""


class Blocked(Exception):
    """The agreement stopped being in force after the run was asked for; the text is the sentence about it."""


def code(error: Exception) -> str:
    """The SQLSTATE of a database error, or an empty text."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


def went_away(error: DBAPIError) -> bool:
    """Whether the connection was lost, rather than a statement refused."""
    return error.connection_invalidated or code(error) in _AWAY or code(error).startswith("08")


def sentence(error: Exception) -> str:
    """What to tell of a failed run; holds nothing of the error's own text, which may quote a row."""
    if isinstance(error, Disabled):
        return f"Policy Sync was disabled before this run began. {KEPT} Enable it again to start a run."
    if isinstance(error, Blocked):
        return f"{error} {KEPT}"
    if code(error) == _FULL:
        return f"The database server's disk is full. {KEPT} Tell the operator to make room on it; then choose Retry."
    if code(error) == _MEMORY:
        return f"The database server ran out of memory. {KEPT} {_AGAIN}"
    if code(error) in _BUSY:
        return f"The run and another change waited for each other. {KEPT} Retry."
    if isinstance(error, DBAPIError):
        return f"The database did not finish the run. {KEPT} {_AGAIN}"
    return f"The run met an unexpected error. {KEPT} {_AGAIN}"
