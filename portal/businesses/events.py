"""What this room writes into the log."""

from __future__ import annotations

from portal.core.events import changes

BUSINESS_CREATE = changes("business.create", "created an Agent CRM Business", ("npn", "producer"))
BUSINESS_SYNC = changes("business.sync", "switched Policy Sync on or off", ("enabled",))
BUSINESS_CONTINUOUS = changes("business.continuous", "switched continuous sync on or off", ("enabled",))
BUSINESS_AGREEMENT = changes("business.agreement", "changed the agreement of a Business", ("signed_on", "until"))
NPN_ADD = changes("business_npn.add", "added an NPN to a Business", ("npn", "business"))
NPN_END = changes("business_npn.end", "removed an NPN from a Business", ("npn", "business", "released"))
USER_ADD = changes("business.add_user", "added a user to a Business", ("given_role", "npn", "business"))
USER_DEACTIVATE = changes("business.deactivate_user", "deactivated a user", ("business",))
USER_REACTIVATE = changes("business.reactivate_user", "reactivated a user", ("business",))
USER_ROLE = changes("business.user_role", "changed a user's role", ("given_role", "earlier_role", "business"))
USER_SUSPEND = changes("business.suspend_user", "suspended a user's access to the account", ("business",))
USER_LIFT = changes("business.lift_suspension", "lifted the suspension of a user", ("business",))
USER_MOVE = changes(
    "business.move_user", "moved a user to another Business", ("from_business", "business", "given_role")
)
USER_LEAVE = changes("business.user_leaves", "set the last day of a user's sign-in", ("business", "until"))
