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
