"""What the officers do about wrong deliveries."""

from __future__ import annotations

from portal.core.events import changes, reads

LISTED = reads("breach_case.list", "looked at the cases of wrong delivery")
SEEN = reads("breach_case.read", "looked at a case of wrong delivery", ("affected",))
MEMBERS_EXPORT = reads("breach_case.export", "downloaded the members whom a wrong delivery affected", ("affected",))
NAMES_EXPORT = reads(
    "breach_case.names_export", "downloaded the names of members whom a wrong delivery affected", ("affected",)
)
OPENED = changes("breach_case.open", "opened a case of wrong delivery", ("business", "every_policy"))
ASSESSED = changes("breach_case.assess", "wrote an assessment of a case of wrong delivery", ("answered",))
CONCLUDED = changes("breach_case.conclude", "concluded a case of wrong delivery", ("conclusion", "affected"))
TOLD = changes("breach_case.tell", "noted that a carrier was told of a case of wrong delivery", ("carrier", "affected"))
MARKED = changes("breach_case.mark", "found deliveries of a case to be wrong", ("business", "policies"))
CLOSED = changes("breach_case.close", "closed a case of wrong delivery")
TERM_SET = changes("carrier_term.set", "changed within how many days a carrier is told", ("carrier", "days"))
