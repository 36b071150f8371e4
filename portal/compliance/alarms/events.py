"""What happens to alarms."""

from __future__ import annotations

from portal.core.events import changes, reads

LISTED = reads("alarm.list", "looked at the alarms")
SEEN = reads("alarm.read", "looked at an alarm", ("alarm",))
RAISED = changes("alarm.raise", "raised an alarm", ("alarm",))
OVER = changes("alarm.over", "found an alarm to be over", ("alarm",))
TOLD = changes("alarm.tell", "told the compliance officers of alarms", ("officers",))
ACKNOWLEDGED = changes("alarm.acknowledge", "acknowledged an alarm", ("alarm",))
