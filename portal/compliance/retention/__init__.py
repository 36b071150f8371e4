"""Keeping the log: months made ahead, ten years, archives, legal holds, and the end of a month by policy."""
