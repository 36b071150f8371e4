"""The users page of the FMO, and the officers' page of the compliance officers."""

from portal.identity.staff.views import officers, people

__all__ = ["officers", "people"]
