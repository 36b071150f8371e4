"""What this room finds by itself; each module registers its kinds when it is imported, in the order of this list."""

from portal.compliance.reviews.kinds import signing_in, habits, members, deeds, exceptions, sample  # isort: skip

__all__ = ["deeds", "exceptions", "habits", "members", "sample", "signing_in"]
