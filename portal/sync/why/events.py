"""What asking why leaves in the log."""

from __future__ import annotations

from portal.core.events import reads

WHY_SEEN = reads("policy.why", "asked why a policy is in an account or not", ("business",))
WHY_FOUND = reads("policy.why_find", "looked for a policy that an account does not show", ("business", "found"))
