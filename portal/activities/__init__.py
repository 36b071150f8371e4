"""Log Activity: the registry of activity types, the activity record, timelines. Upper rooms register their types here."""
