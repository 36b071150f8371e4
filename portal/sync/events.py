"""What Policy Sync leaves in the access log."""

from __future__ import annotations

from portal.core.events import changes, reads

POLICY_DISCLOSED = changes("policy.disclosed", "delivered a policy to an account")
POLICY_RELEASED = changes("policy.released", "took policies out of an account")
RUN_REQUESTED = changes("sync.request", "asked for a sync run", ("why", "run"))
RUN_CANCELLED = changes("sync.cancel", "cancelled a sync run", ("run",))
RUN_SUCCEEDED = changes("sync.succeed", "finished a sync run", ("policies", "added", "updated", "released"))
RUN_FAILED = changes("sync.fail", "could not finish a sync run")
RUN_SEEN = reads("sync.read", "looked at what a sync run did")
RUN_EXPORTED = reads("sync.export", "downloaded what a sync run did", ("lines",))
RESYNC_ASKED = changes("resync.ask", "asked the FMO for a re-sync")
LOOSE_SEEN = reads("policy.unattributed", "looked at policies without a writing agent")
