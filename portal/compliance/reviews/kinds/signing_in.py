"""Sign-ins that failed, and those of people who may not be in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from portal.compliance.reviews.kinds import parts
from portal.compliance.reviews.registry import Found, Period, register
from portal.compliance.reviews.statements import acts
from portal.core.words import counted

ACTIONS = (
    "session.refused", "session.sso_refused", "passkey.refused", "factor.refused", "invitation.refused",
    "password.refused", "reset.refused",
)  # fmt: skip
DISABLED = {
    "deactivated": "deactivated", "suspended": "suspended", "locked_out": "locked out", "left": "off-boarded",
    "invited": "not set up yet",
}  # fmt: skip


def _rows(period: Period, *, disabled: bool, begin: datetime) -> Iterable[Sequence[Row[Any]]]:
    rows = acts.acts(period.session, ACTIONS, **{**period.values, "begin": begin})
    return parts.by_person_and_day(row for row in rows if (row.said in DISABLED) == disabled)


def _often(said: tuple[str, int]) -> tuple[int, str]:
    return -said[1], said[0]


def failed(period: Period) -> Iterable[Found]:
    """People whose proof of who they are was refused often in a day."""
    # A day over which two reviews meet is counted whole: halves of it might stay below the limit in both.
    midnight = period.begin.astimezone(ZoneInfo(period.rules.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    for rows in _rows(period, disabled=False, begin=midnight):
        number = sum(row.entries for row in rows)
        if number < period.rules.failures or max(row.last_at for row in rows) < period.begin:
            continue
        said = {row.said or "no reason noted": 0 for row in rows}
        for row in rows:
            said[row.said or "no reason noted"] += row.entries
        reasons = ", ".join(f"{word} {parts.times(count)}" for word, count in sorted(said.items(), key=_often))
        limit = f"{period.rules.failures} or more on a day are looked at"
        why = f"Was refused {counted(number, 'time')} when signing in or proving who they are ({reasons}); {limit}."
        yield parts.found(rows, why, more={"outcome": "refused"}, figures=said)


def disabled(period: Period) -> Iterable[Found]:
    """Attempts with the sign-in of somebody who may not be in."""
    for rows in _rows(period, disabled=True, begin=period.begin):
        number = sum(row.entries for row in rows)
        states = ", ".join(dict.fromkeys(DISABLED[row.said] for row in rows))
        why = f"{counted(number, 'attempt')} to sign in with an account that was {states}."
        yield parts.found(rows, why, more={"outcome": "refused"}, figures={row.said: row.entries for row in rows})


register(
    "sign_in_failed",
    "Failed sign-ins",
    "People who were refused at sign-in, or when proving who they are, as often in a day as the rules say.",
    failed,
)
register(
    "sign_in_disabled",
    "Sign-ins with a disabled account",
    "Every attempt with an account that is deactivated, suspended, locked out, off-boarded or not set up.",
    disabled,
)
