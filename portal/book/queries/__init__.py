"""Reading the book. Members and policies are selected whole, so that the access log knows whose were seen."""

from portal.book.queries.feeds import (
    connectors,
    connectors_by_ids,
    feed_listing,
    last_run_of,
    problem_listing,
    problems_of,
    runs_by_ids,
)
from portal.book.queries.figures import (
    Capped,
    Freshness,
    any_policies,
    carrier_freshness,
    npn_counts,
    open_feeds,
    unattributed_count,
)
from portal.book.queries.held import (
    Account,
    accounts_concerned,
    attribution_that_waits,
    held_listing,
    held_of,
    other_admins,
    waiting_changes,
)
from portal.book.queries.policies import (
    carriers,
    members_of,
    policies_of,
    policy_listing,
    run_of,
    writers_of,
)

__all__ = [
    "Account", "Capped", "Freshness", "accounts_concerned", "any_policies", "attribution_that_waits",
    "carrier_freshness", "carriers",
    "connectors", "connectors_by_ids", "feed_listing", "held_listing", "held_of", "last_run_of", "members_of",
    "npn_counts", "open_feeds", "other_admins", "policies_of", "policy_listing", "problem_listing", "problems_of",
    "run_of", "runs_by_ids", "unattributed_count", "waiting_changes", "writers_of",
]  # fmt: skip
