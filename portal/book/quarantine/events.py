"""What the log says about refused rows and learned values: counts and names of columns, never a value."""

from portal.core.events import changes, reads

LISTED = reads("refused_row.list", "looked at rows that were refused")
SEEN = reads("refused_row.read", "looked at a refused row with its values")
MEMBERS_FOUND = reads("refused_row.member", "looked for the member of a refused row")
LOADED = changes("refused_row.load", "sent rows that were put right by hand to be loaded", ("rows", "run", "learned"))
DISMISSED = changes("refused_row.dismiss", "dismissed refused rows", ("rows",))
LEARNED = changes("value_alias.learn", "decided how a value is read from now on", ("column", "rows"))
REVOKED = changes("value_alias.revoke", "ended a decision about how a value is read", ("column",))
