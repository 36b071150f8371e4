"""Set-based SQL of Policy Sync: the source, its people, the copies, what leaves, and what the log and the report say."""
