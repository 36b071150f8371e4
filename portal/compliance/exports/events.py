"""What officers do with long files of the log; a download is an `access.export` like any other."""

from __future__ import annotations

from portal.core.events import changes, reads

SEEN = reads("log_file.list", "looked at the files of the access log")
ORDERED = changes("log_file.order", "had a file of the access log made", ("filters",))
MADE = reads("log_file.write", "read the access log into a file", ("filters", "count"))
CANCELLED = changes("log_file.cancel", "cancelled a file of the access log")
