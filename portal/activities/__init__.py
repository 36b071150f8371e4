"""Log Activity: the registry of activity types (upper rooms register theirs), the activity record, timelines."""
