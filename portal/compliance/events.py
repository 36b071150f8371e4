"""What the officers themselves do with the log; it is in the log like everything else."""

from __future__ import annotations

from portal.core.events import reads

LOG_LIST = reads("access.list", "looked through the access log", ("filters",))
LOG_ENTRY = reads("access.entry", "opened an entry of the access log")
LOG_EXPORT = reads("access.export", "downloaded entries of the access log", ("filters", "count", "capped"))
LOG_SUMMARY = reads("access.summary", "looked at the figures of the access log")
MEMBER_LOOKUP = reads("access.lookup", "looked up a member", ("by", "found"))
