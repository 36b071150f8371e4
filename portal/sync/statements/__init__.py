"""Set-based SQL of Policy Sync: the source, its people, the copies, what leaves, the log and the report."""
