"""A carrier never seen: an admin maps a sample of its file in the browser, and it becomes a SmartConnector."""

KEEP_DAYS = 7
MAX_BYTES = 20 * 1024 * 1024
