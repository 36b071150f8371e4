"""What Policy Sync leaves in the access log."""

from __future__ import annotations

from portal.core.events import changes

POLICY_DISCLOSED = changes("policy.disclosed", "delivered a policy to an account")
POLICY_RELEASED = changes("policy.released", "took policies out of an account")
RUN_REQUESTED = changes("sync.request", "asked for a sync run", ("why", "run"))
RUN_CANCELLED = changes("sync.cancel", "cancelled a sync run", ("run",))
RUN_SUCCEEDED = changes("sync.succeed", "finished a sync run", ("policies", "added", "updated", "released"))
RESYNC_ASKED = changes("resync.ask", "asked the FMO for a re-sync")
