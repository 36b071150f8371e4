"""Looking for possible duplicates in a whole account, and keeping the queue what it should be."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from portal.core import access
from portal.core.outbox import send_after_commit
from portal.crm.duplicates.alike import find
from portal.crm.duplicates.events import DUPLICATES_SOUGHT
from portal.crm.duplicates.statements import queue
from portal.crm.statements import contacts_lock

MOST = 10_000  # pairs that a person may be asked about; the strongest
TELLING = frozenset(
    ("first_name", "last_name", "suffix", "birth_date", "gender", "email", "phone", "zip", "address1")
)  # the fields by which people are told apart


@dataclass(frozen=True, slots=True)
class Sought:
    """What a look at the account gave: pairs that hold now, how many of them are new, how many hold no more."""

    pairs: int
    new: int
    gone: int


def look_again(business_id: UUID) -> None:
    """Have the account looked through after this transaction: a contact came, or says something else."""
    send_after_commit("find_duplicates", business_id)


def find_duplicates(business_id: UUID) -> Sought:
    """Bring the account's queue up to date: new pairs come, open ones that no longer hold go, decided ones stay so.

    May be called any number of times. The ladder's own doubts stay until a person decides, or one of the two loses what
    carriers said of it. Nobody else adds, merges, removes or releases contacts of the account until this transaction
    ends.
    """
    contacts_lock.hold(business_id)  # what leaves meanwhile must not be told of again
    queue.forget_keys(business_id)
    people = queue.people(business_id)
    decided = queue.kept_apart(business_id)
    pairs = [pair for pair in find(people) if frozenset((pair.one, pair.other)) not in decided][:MOST]
    new, gone = queue.renew(business_id, pairs)
    if new or gone:
        access.record(DUPLICATES_SOUGHT, kind="business", ids=[business_id], pairs=len(pairs), new=new, gone=gone)
    return Sought(len(pairs), new, gone)
