"""What is done to keep the log, and to end keeping it."""

from __future__ import annotations

from portal.core.events import Event, changes, reads

SEEN = reads("retention.view", "looked at how long the access log is kept")
TERM = changes("retention.change", "changed how long the access log is kept", ("years", "earlier_years"))
HELD = changes("legal_hold.place", "placed a legal hold on the access log", ("hold",))
LIFTED = changes("legal_hold.lift", "lifted a legal hold on the access log", ("hold",))
ARCHIVED = changes("log_archive.write", "archived a month of the access log", ("month", "count"))
UNPACKED = reads("log_archive.export", "took along an archived month of the access log", ("month", "count"))
APPROVED = changes("log_archive.approve", "approved that an archived month leaves the access log", ("month", "count"))
# Written by the database itself, in the transaction in which the month goes.
ENDED: Event = changes("log_archive.end", "took an archived month out of the access log", ("month", "count"))
