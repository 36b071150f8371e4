"""Events that mechanism itself makes: refusals, and what nobody gave a name to."""

from __future__ import annotations

from portal.core.events import reads

REFUSED_RECORD = reads("refused.record", "asked for a record that is not theirs", ("endpoint",))
REFUSED_PAGE = reads("refused.page", "asked for a page of another role", ("endpoint",))
UNDECLARED_READ = reads("sensitive.read", "saw records")
