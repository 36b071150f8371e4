"""Reading an account. Everything here is already narrowed to what the actor may see."""

from portal.crm.queries.account import Account, account, npns
from portal.crm.queries.contacts import (
    TURNING,
    contact_listing,
    found_contacts,
    policies_of,
    policy_counts,
    states,
    story_of,
)
from portal.crm.queries.figures import HomeFigures, home_figures
from portal.crm.queries.policies import contacts_of, found_policies, policy_listing

__all__ = [
    "TURNING",
    "Account",
    "HomeFigures",
    "account",
    "contact_listing",
    "contacts_of",
    "found_contacts",
    "found_policies",
    "home_figures",
    "npns",
    "policies_of",
    "policy_counts",
    "policy_listing",
    "states",
    "story_of",
]
