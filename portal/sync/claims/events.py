"""What claims leave in the log: never the number that was typed."""

from __future__ import annotations

from portal.core.events import changes, reads

ASKED_WHY_NOT = reads("crm_policy.why_not", "asked why a policy is not in the account")
CLAIMED = changes("policy_claim.make", "told the FMO that a policy is theirs", ("carrier",))
CLAIMS_SEEN = reads("policy_claim.list", "looked at the policies that agents claim")
CLAIM_SEEN = reads("policy_claim.read", "looked at a policy that an agent claims")
ANSWERED = changes("policy_claim.answer", "answered an agent's claim", ("verdict", "business"))
