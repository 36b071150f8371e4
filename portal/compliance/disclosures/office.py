"""Where members write and call: the officers say it once, and every letter bears it at its head and at its foot."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from portal.compliance.disclosures import events
from portal.compliance.disclosures.models import MemberOffice
from portal.core import access, scope
from portal.core.models import table_of
from portal.extensions import db


@dataclass(frozen=True, slots=True)
class Office:
    """What letters print; the fields are the columns of the table."""

    name: str
    address: str  # its lines, one below the other
    phone: str
    email: str | None = None

    @property
    def in_a_line(self) -> str:
        """Name and address for a sentence."""
        return ", ".join([self.name, *self.address.splitlines()])


def held() -> Office | None:
    """What the scope's FMO said; None where nobody has."""
    row = db.session.scalar(select(MemberOffice).where(MemberOffice.id == scope.fmo_id()))
    return Office(**{one.name: getattr(row, one.name) for one in fields(Office)}) if row else None


def change(new: Office) -> bool:
    """Keep it, and in the log what it was and is; False where nothing differs."""
    before, after = held(), asdict(new)
    was = asdict(before) if before else dict.fromkeys(after)
    told = {name: [was[name], after[name]] for name in after if was[name] != after[name]}
    if not told:
        return False
    at_work = scope.current()
    row = {**after, "changed_name": at_work.actor_name}
    kept = insert(table_of(MemberOffice)).values(fmo_id=at_work.fmo_id, id=at_work.fmo_id, **row)
    set_ = {**row, "changed_at": func.now()}  # the model's own onupdate is not asked here
    db.session.execute(kept.on_conflict_do_update(index_elements=["fmo_id", "id"], set_=set_))
    access.record(events.OFFICE_CHANGED, kind="member_office", ids=[scope.fmo_id()], fields=list(told), office=told)
    return True
