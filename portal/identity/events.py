"""What happens around sign-in."""

from __future__ import annotations

from portal.core.events import changes, reads

SIGNED_IN = changes("session.start", "signed in")
HALF_WAY = changes("session.half_way", "proved a first factor and was asked for the second", ("wanted",))
SIGN_IN_REFUSED = reads("session.refused", "was refused at sign-in", ("why",))
SIGNED_OUT = changes("session.end", "signed out")
INVITED = changes("invitation.create", "invited a user", ("user_id", "business"))
INVITATION_MAILED = changes("invitation.mail", "mailed an invitation", ("user_id", "business"))
INVITATION_REFUSED = reads("invitation.refused", "was refused at an invitation", ("why",))
INVITATION_USED = changes("invitation.use", "proved the NPN and set a password")
USER_ADDED = changes("user.add", "added a user", ("role",))
USER_STATE = changes("user.state", "changed whether a user may sign in", ("state",))
PASSWORD_RESET = changes("user.reset", "set a user's password anew")
FMO_ADDED = changes("fmo.add", "added an FMO")
RULES_CHANGE = changes("fmo.rules", "changed the FMO's rules", ("rules",))
SESSIONS_ENDED = changes("session.end_own", "ended sessions of their own", ("sessions",))
