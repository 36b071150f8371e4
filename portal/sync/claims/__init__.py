"""What agents say is theirs and do not see, and what the FMO answers."""

from portal.sync.claims import narrowing as narrowing  # whoever reads a claim reads it narrowed
