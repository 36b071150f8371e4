"""What can be proven of the log today: that its tables are as they must be, and that no entry is out of place.

Entries are not sealed yet, so that this cannot prove that none was changed or deleted by somebody who owns the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from portal.compliance import statements
from portal.compliance.models import ENTRY_VERSION
from portal.core.scope import Login, Role, Scope
from portal.core.session import TenantSession, open_session

LOG, BEFORE_SIGN_IN = "access_entry", "installation_entry"
MONTHS_AHEAD = 3
# What each login may do with the log; whatever is not here is a fault.
ALLOWED = {
    (LOG, "INSERT"): set(Login),
    (LOG, "SELECT"): {Login.COMPLIANCE},
    (BEFORE_SIGN_IN, "INSERT"): {Login.IDENTITY},
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many entries were looked at, and every fault as a sentence; none: nothing wrong was found."""

    entries: int
    faults: list[str]


def verify(name_of: Callable[[Login], str]) -> Verdict:
    """Check the log of every FMO. `name_of` tells the database name of a login. Goes on after a fault."""
    with open_session(_acting(Login.IDENTITY)) as session:
        faults = [*_table_faults(session), *_grant_faults(session, name_of)]
        fmos = statements.fmo_ids(session)
    entries = 0
    for fmo_id in fmos:
        with open_session(_acting(Login.COMPLIANCE, fmo_id=fmo_id)) as session:
            found = statements.counts(session, fmo_id, ENTRY_VERSION)
        entries += found.entries
        for number, what in (
            (found.unknown_version, "of a version that this program does not know"),
            (found.future, "dated in the future"),
            (found.outside, "outside every monthly partition"),
        ):
            if number:
                faults.append(f"FMO {fmo_id}: {number:,} {'entry is' if number == 1 else 'entries are'} {what}.")
    return Verdict(entries, faults)


def _acting(login: Login, **tenant: object) -> Scope:
    return Scope(login=login, role=Role.SYSTEM, actor_name="log verify", **tenant)  # type: ignore[arg-type]  # fmo_id


def _table_faults(session: TenantSession) -> Iterator[str]:
    found = {row.name: row for row in statements.tables(session)}
    first = statements.this_month(session)
    for ahead in range(MONTHS_AHEAD + 1):
        year, month = divmod(first.year * 12 + first.month - 1 + ahead, 12)
        if f"{LOG}_{year}_{month + 1:02}" not in found:
            yield f"The partition for {year}-{month + 1:02} is missing."
    if f"{LOG}_default" not in found:
        yield "The default partition is missing: an entry outside the months would be refused."
    for name, row in found.items():
        if not row.walled:
            yield f"Row security is not forced on {name}."
        if not row.kept:
            yield f"The trigger that refuses changes and deletions is missing or switched off on {name}."


def _grant_faults(session: TenantSession, name_of: Callable[[Login], str]) -> Iterator[str]:
    names = [row.name for row in statements.tables(session)]
    for login in Login:
        may = statements.grants(session, name_of(login), names)
        must = {right for right, logins in ALLOWED.items() if login in logins}
        for table, verb in sorted(may - must):
            yield f"The login {login.value} may {verb} on {table}."
        for table, verb in sorted(must - may):
            yield f"The login {login.value} may not {verb} on {table}."
