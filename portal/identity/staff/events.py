"""What happens to the FMO's own people."""

from __future__ import annotations

from portal.core.events import changes, reads

ADDED = changes("staff.add", "added one of the FMO’s people", ("given_role",))
ROLE_CHANGED = changes("staff.role", "changed the role of one of the FMO’s people", ("given_role", "earlier_role"))
LOCKED = changes("staff.lock", "locked one of the FMO’s people out")
UNLOCKED = changes("staff.unlock", "let one of the FMO’s people in again")
DEACTIVATED = changes("staff.deactivate", "deactivated one of the FMO’s people")
REACTIVATED = changes("staff.reactivate", "reactivated one of the FMO’s people")
RESET = changes("staff.reset", "had one of the FMO’s people choose a new password")
WITHDRAWN = changes("user.withdrawn", "closed a sign-in whose access an officer withdrew")
REFUSED = reads("staff.refused", "tried to change one of the FMO’s people")
OFFICERS_TOLD = changes("officer.told", "told the compliance officers of a change among them", ("change",))
