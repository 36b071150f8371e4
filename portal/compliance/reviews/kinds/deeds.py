"""What is looked at whenever it happens: reveals, downloads, emergency access, merges, moves, rights, refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from portal.compliance import sentences
from portal.compliance.reviews.kinds import parts
from portal.compliance.reviews.registry import Found, Period, register
from portal.compliance.reviews.statements import acts

Actions = Callable[[], Iterable[str]]
EMERGENCY = ("emergency.ask", "emergency.end")
MERGES = ("contact.merge", "contact.unmerge")
MOVES = ("held.keep", "held.recount", "held.approve", "held.reject", "held.end", "feed.undo_ask", "feed.undo")
PEOPLE = (
    "staff.add", "staff.role", "staff.lock", "staff.unlock", "staff.deactivate", "staff.reactivate", "staff.reset",
    "business.add_user", "business.move_user", "business.user_role", "business.user_leaves",
    "business.deactivate_user", "business.reactivate_user", "business.suspend_user", "business.lift_suspension",
    "user.add", "user.join", "user.claim_role", "user.reset", "user.state", "factor.reset", "identity.unlink",
    "sso.change", "sso.passwords", "fmo.rules", "recertification.withdraw",
)  # fmt: skip
LOG = (
    "retention.change", "legal_hold.place", "legal_hold.lift", "log_archive.approve", "log_archive.end",
    "log_archive.export", "review.rules", "watch.remove",
)  # fmt: skip
WRONG = ("policy.misdelivered",)
CROSSWALK = (
    "identifier.add", "identifier.edit", "identifier.end", "identifier.import", "producer.import", "connector.confirm",
    "policy.reattribute", "attribution.give", "attribution.end", "business_npn.add", "business_npn.end",
)  # fmt: skip
REFUSED = ("refused.record", "refused.page", "staff.refused")


def _selected(name: str) -> Actions:
    return lambda: sentences.actions_of(name)


def _deed(name: str, heading: str, looks_for: str, actions: Actions, outcome: str = "") -> None:
    def find(period: Period) -> Iterable[Found]:
        rows = acts.acts(period.session, list(actions()), outcome, **period.values)
        return [parts.deeds(group) for group in parts.by_person_and_day(rows)]

    register(name, heading, looks_for, find)


_deed("reveals", "Medicare numbers revealed", "Every Medicare number that was shown in clear.", _selected("reveals"))
_deed("exports", "Downloads", "Every download of records, reports or entries.", _selected("exports"))
_deed("emergency", "Emergency access", "Every emergency access to an account.", lambda: EMERGENCY)
_deed("merges", "Merges of contacts", "Contacts that were merged, and merges that were taken back.", lambda: MERGES)
_deed(
    "moves", "Held and approved moves", "Moves of policies that waited for a second person, and undos.", lambda: MOVES
)
_deed(
    "rights", "Permissions and users", "Who was let in, kept out or given other rights; changed rules.", lambda: PEOPLE
)
_deed(
    "crosswalk",
    "Crosswalk and attributions",
    "Changes of whose policy is whose: carrier identifiers, attributions, NPNs of Businesses.",
    lambda: CROSSWALK,
)
_deed(
    "misdelivered",
    "Wrong deliveries",
    "Policies of which it was found that they were delivered to the wrong account.",
    lambda: WRONG,
)
_deed(
    "log",
    "Changes of how the log is kept",
    "How long the log is kept, holds, months that left it, and how it is reviewed: the officers' own doing.",
    lambda: LOG,
)
_deed(
    "refused",
    "Refused attempts",
    "Attempts to open a record of another account or FMO, or a page of another role.",
    lambda: REFUSED,
)
