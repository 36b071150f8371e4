"""What this room writes into the log."""

from __future__ import annotations

from portal.core.events import changes

ACTIVITY_LOG = changes("activity.log", "logged an activity", ("type", "on_kind", "on_id", "other_kind", "other_id"))
