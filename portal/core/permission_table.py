"""The permission table in words: `python -m portal permissions` writes it into the documentation, a test compares."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from portal.core.permissions import GRANTED, Permission
from portal.core.scope import Role

PLACE: Final = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"
MEANS: Final[dict[Permission, str]] = {
    Permission.ANY_SIGNED_IN: "Sign out, and manage one's own sign-in",
    Permission.SEARCH: "Search among what one may open",
    Permission.FMO_HOME: "Open the FMO's home",
    Permission.DOWNLINE_READ: "See agents, agencies, their carrier identifiers and timelines",
    Permission.DOWNLINE_EDIT: "Add and change agents and agencies, the crosswalk, and import both",
    Permission.ACTIVITY_LOG: "Log an activity on a record's timeline",
    Permission.BUSINESS_READ: "See Businesses, their NPNs and their users",
    Permission.BUSINESS_USERS: "Invite again, lock, let in again and change the role of users of Businesses",
    Permission.PROVISION: "Provision Businesses, switch and start Policy Sync, add, move and off-board agents",
    Permission.SYNC_READ: "See sync runs, previews and what accounts hold, in counts",
    Permission.SYNC_REPORT: "See policy by policy what a sync run did, and download it",
    Permission.SUMS_READ: "See whether the book adds up with the accounts, in counts",
    Permission.BOOK_READ: "See Policies, members, unattributed policies, claims, the quarantine, and why each is there",
    Permission.BOOK_REVEAL: "Reveal a member's Medicare number",
    Permission.BOOK_ATTRIBUTE: "Say who wrote a policy",
    Permission.CLAIM_ANSWER: "Answer agents who miss a policy",
    Permission.FEED_READ: "See SmartConnectors, feed runs and their reports",
    Permission.FEED_LOAD: "Load files, map them, decide on refused rows, say where files come from",
    Permission.FEED_UNDO: "Undo a feed run",
    Permission.FEED_INPUT: "Download a carrier's file as it is kept",
    Permission.HELD_READ: "See changes that wait for a second person",
    Permission.HELD_DECIDE: "Approve or reject them",
    Permission.STAFF: "See staff and officers; invite, lock, reset and change staff other than administrators",
    Permission.STAFF_ADMINS: "The same for administrators",
    Permission.SETTINGS: "Change the FMO's rules",
    Permission.ACCESS_READ: "Read the access log, look a member up",
    Permission.ACCESS_EXPORT: "Download the access log",
    Permission.ALARMS: "See alarms, acknowledge them with a note",
    Permission.DISCLOSURES: "Account for a member's disclosures, judge deliveries, work on cases of wrong delivery",
    Permission.RECERTIFY: "See who has access, confirm or withdraw it each quarter, for everybody but oneself",
    Permission.RETENTION: "Set how long the access log is kept, place and lift legal holds, approve a month's end",
    Permission.OFFICERS: "Invite, disable and reset other compliance officers",
    Permission.EMERGENCY_ASK: "Ask for emergency access to a Business, and end it",
    Permission.EMERGENCY_READ: "Read the contacts of that Business with their policies, for an hour",
    Permission.EMERGENCY_REVIEW: "See who took emergency access, end it, judge it afterwards",
    Permission.CRM_READ: "See the account's contacts and policies",
    Permission.CRM_EDIT: "Add and change contacts, write notes",
    Permission.CRM_REVEAL: "Reveal a client's Medicare number",
    Permission.CRM_TAKE_OUT: "Download what one typed",
    Permission.RESYNC_ASK: "Ask the FMO for a re-sync",
    Permission.CLAIM_MAKE: "Tell the FMO that a policy is missing",
    Permission.CRM_REMOVE: "Remove and restore contacts and policies",
    Permission.CRM_DUPLICATES: "See and decide possible duplicates",
    Permission.CRM_UPLOAD: "Bring contacts in from a file",
    Permission.CRM_MERGE: "Merge contacts, undo merges",
    Permission.CRM_USERS: "See the account's users, suspend them",
}
_HEAD = """# Who may do what

This page is written by `python -m portal permissions` from the table that the program obeys, `GRANTED` in
`portal/core/permissions.py`; a test compares the two. Every address asks for exactly one of these permissions, and
answers whoever does not hold it with the page of an address that does not exist.

Beyond the table:

- A Limited agent sees their own NPN only, everywhere.
- Provisioning and support, and the user administrator, get counts and never a row of a member: row security in
  PostgreSQL shows their requests none.
- Who sees no members moves no sign-in that is in use to another mailbox: whoever reads mails there could set the
  password. An address to which an invitation is out they may correct.
- Emergency access opens one account for an hour to who asks for it with a reason, under a role of its own; every
  compliance officer is told and judges it afterwards.
- Nobody changes their own role or state. Only an administrator makes, changes or locks an administrator, and the last
  active one cannot be locked, deactivated or given another role.
- Emergency access is nobody's role: it is what a member of the staff who asked for it, with a reason, may do for one
  hour in one Business. Compliance is told at once and judges it afterwards.
- Compliance officers are made by the operator or by another officer, and no staff can touch them; every officer is
  told.
- What this installation's operator does at the shell is logged like everything else.
"""


def as_markdown() -> str:
    """The whole page."""
    roles = [role for role in Role if role is not Role.SYSTEM]
    lines = [f"| | {' | '.join(role.label for role in roles)} |", f"|---|{'---|' * len(roles)}"]
    for permission in Permission:
        marks = ("yes" if permission in GRANTED[role] else "" for role in roles)
        lines.append(f"| {MEANS[permission]} (`{permission.value}`) | {' | '.join(marks)} |")
    return "\n".join([_HEAD, *lines, ""])


if __name__ == "__main__":
    PLACE.write_text(as_markdown(), encoding="utf-8")
    sys.stdout.write(f"Wrote {PLACE.name}.\n")
