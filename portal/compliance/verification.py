"""What can be proven of the log: that its tables are as they must be, and that every entry is what was sealed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from portal.compliance import statements
from portal.compliance.models import ENTRY_VERSION
from portal.compliance.retention import months
from portal.compliance.seals import checking
from portal.compliance.seals.checking import Tell
from portal.compliance.seals.contents import Found
from portal.compliance.seals.models import INSTALLATION
from portal.compliance.seals.witnesses import Witnessed
from portal.config import RETENTION_LOGIN, load_settings
from portal.core.scope import Login, Role, Scope
from portal.core.session import TenantSession, open_session

LOG, BEFORE_SIGN_IN = "access_entry", "installation_entry"
SEALS = ("seal", "seal_member")
# What each login may do with the log; whatever is not here is a fault.
ALLOWED = {
    (LOG, "INSERT"): set(Login) - {Login.SEALER},
    (LOG, "SELECT"): {Login.COMPLIANCE, Login.SEALER},
    (BEFORE_SIGN_IN, "INSERT"): {Login.IDENTITY},
    (BEFORE_SIGN_IN, "SELECT"): {Login.SEALER},
    **{(table, "INSERT"): {Login.SEALER} for table in SEALS},
    **{(table, "SELECT"): {Login.COMPLIANCE, Login.SEALER} for table in SEALS},
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many entries and seals were looked at, and every fault as a sentence; none: nothing wrong was found."""

    entries: int
    seals: int
    faults: list[str]
    archived: int = 0  # entries that left the log by policy; their seals are checked, and their files


def verify(name_of: Callable[[Login], str], witnessed: Witnessed = MappingProxyType({})) -> Verdict:
    """Check every FMO's log and the installation's, whatever is found. `name_of` tells the database name of a login.

    `witnessed`: what witnesses say of the chains.
    """
    faults = [*tables(name_of)]
    with open_session(_acting(Login.IDENTITY)) as session:
        fmos = statements.fmo_ids(session)
    entries = seals = archived = 0
    for fmo_id in fmos:
        counted, wrong = places(fmo_id)
        found = checking.verify(fmo_id, told=witnessed.get(fmo_id, ()))
        entries, seals, archived = entries + counted, seals + found.seals, archived + found.archived
        faults += [f"FMO {fmo_id}: {fault}" for fault in [*wrong, *told(found)]]
    found = checking.verify(INSTALLATION, told=witnessed.get(INSTALLATION, ()))
    faults += [f"The installation's own log: {fault}" for fault in told(found)]
    strangers = witnessed.keys() - {INSTALLATION, *fmos}
    faults += [f"A witness was told of the chain {one}, which is not there." for one in strangers]
    return Verdict(entries, seals + found.seals, faults, archived)


def verify_fmo(fmo_id: UUID, name_of: Callable[[Login], str], tell: Tell) -> Found:
    """Check the log of one FMO, and the tables, which are everybody's; `tell` hears how far it is."""
    wrong = [*tables(name_of), *places(fmo_id)[1]]
    found = checking.verify(fmo_id, tell)
    found.faults[:0] = wrong
    found.fault_count += len(wrong)
    return found


def told(found: Found) -> list[str]:
    """Every fault that was kept, and how many there are beyond them."""
    beyond = found.fault_count - len(found.faults)
    return [*found.faults, *([f"There are {beyond:,} faults more."] if beyond else [])]


def tables(name_of: Callable[[Login], str]) -> list[str]:
    """What is wrong with the log's tables: partitions, walls, triggers, rights."""
    with open_session(_acting(Login.IDENTITY)) as session:
        return [*_table_faults(session), *_grant_faults(session, name_of)]


def places(fmo_id: UUID) -> tuple[int, list[str]]:
    """How many entries an FMO's log has, and which stand where or are what they should not be."""
    with open_session(_acting(Login.COMPLIANCE, fmo_id=fmo_id)) as session:
        found = statements.counts(session, fmo_id, ENTRY_VERSION)
    wrong = []
    for number, what in (
        (found.unknown_version, "of a version that this program does not know"),
        (found.future, "dated in the future"),
        (found.outside, "outside every monthly partition"),
    ):
        if number:
            wrong.append(f"{number:,} {'entry is' if number == 1 else 'entries are'} {what}.")
    return found.entries, wrong


def _acting(login: Login, **tenant: object) -> Scope:
    return Scope(login=login, role=Role.SYSTEM, actor_name="log verify", **tenant)  # type: ignore[arg-type]  # fmo_id


def _table_faults(session: TenantSession) -> Iterator[str]:
    found = {row.name: row for row in statements.tables(session)}
    first = months.Month(statements.this_month(session))
    for month in map(first.later, range(months.AHEAD + 1)):
        if month.partition not in found:
            yield f"The partition for {month} is missing."
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
    for table, verb in sorted(statements.grants(session, load_settings().login_name(RETENTION_LOGIN), names)):
        yield f"The login {RETENTION_LOGIN} may {verb} on {table}."
