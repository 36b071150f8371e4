"""How claims read to either side."""

from __future__ import annotations

from portal.sync.claims.models import PolicyClaim

# The account never learns whether the book has the policy under somebody else: two verdicts read alike to it.
_NOTHING_TO_ADD = (
    "We have looked into it. With what the carriers have sent us we cannot add this policy to your account. If you have"
    " a confirmation of the carrier that names you as the writing agent, please send it to us."
)
ATTRIBUTED, SENT_ON = "attributed", "sent_on"
VERDICTS = {
    SENT_ON: "Sent on to the carrier: it stays open",
    ATTRIBUTED: "Attributed: it will come with the next run",
    "anothers": "It is another agent's",
    "unknown": "It is not in our book",
    "other": "Something else",
}
ANSWERS = {
    SENT_ON: "We have asked the carrier about it. What comes of that will stand here.",
    ATTRIBUTED: "Thank you. We have put it right; the policy comes into your account with the next sync.",
    "anothers": _NOTHING_TO_ADD,
    "unknown": _NOTHING_TO_ADD,
}
STATES = {"open": ("Waiting for an answer", "info"), "answered": ("Answered", "neutral")}
ASKED_ON = ("Sent on to the carrier", "info")
NOT_THEIRS = (
    "No policy of this number stands under an NPN of this account, so none will come with the next run. Attribute it"
    " first, by the agent's carrier identifiers or the account's NPNs, or choose another answer. Nothing was sent."
)


def state(claim: PolicyClaim) -> tuple[str, str]:
    """The claim's state as a word and its tone."""
    return ASKED_ON if claim.status == "open" and claim.sent_on_at else STATES[claim.status]


def verdict(claim: PolicyClaim) -> str | None:
    """What the FMO decided, in the FMO's own words; not for the account."""
    return VERDICTS.get(claim.verdict or "")
