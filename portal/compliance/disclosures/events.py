"""What is found about deliveries, and what the officers do about disclosures."""

from __future__ import annotations

from portal.core.events import changes, reads

# The entry of a delivery is never changed: this one, by Business, policy and run, says what was found later.
MISDELIVERED = changes(
    "policy.misdelivered",
    "found that a policy was delivered to the wrong account",
    ("business", "delivered_run", "misdelivery"),
)
RIGHTLY_DELIVERED = changes(
    "policy.rightly_delivered",
    "found that a policy was delivered to the right account",
    ("business", "delivered_run", "misdelivery"),
)
HOME = reads("disclosure.home", "looked at requests for an accounting")
ACCOUNTING = reads("disclosure.accounting", "looked at a member's disclosures", ("lines",))
ACCOUNTING_EXPORT = reads("disclosure.export", "downloaded a member's disclosures", ("lines",))
LETTER = reads("disclosure.letter", "made a member's accounting letter", ("lines",))
RECORDED = changes("disclosure.record", "recorded a disclosure outside the portal", ("disclosed_as",))
STRUCK = changes("disclosure.strike", "struck out a recorded disclosure")
REQUESTED = changes("disclosure.request", "recorded a member's request for an accounting")
REQUEST_SEEN = reads("disclosure.request_read", "looked at a member's request for an accounting")
PUT_OFF = changes("disclosure.put_off", "put off the answer to a request for an accounting")
ANSWERED = changes("disclosure.answer", "answered a member's request for an accounting", ("lines",))
DOUBTS = reads("misdelivery.list", "looked at possible wrong deliveries")
DOUBT_SEEN = reads("misdelivery.read", "looked at a possible wrong delivery")
OFFICE_SEEN = reads("disclosure.office_read", "looked at where members write and call")
OFFICE_CHANGED = changes("disclosure.office", "changed where members write and call", ("office",))
