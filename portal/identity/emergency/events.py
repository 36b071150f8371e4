"""What emergency access leaves in the log, beside what is read under it."""

from __future__ import annotations

from portal.core.events import changes, reads

ASKED = changes("emergency.ask", "took emergency access to a Business", ("business",))
ENDED = changes("emergency.end", "ended an emergency access", ("business",))
TOLD = changes("emergency.tell", "told the compliance officers of an emergency access", ("officers", "business"))
REVIEWED = changes("emergency.review", "judged an emergency access", ("business", "finding"))
LISTED = reads("emergency.list", "looked at the emergency accesses")
SEEN = reads("emergency.read", "looked at an emergency access")
