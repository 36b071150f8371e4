"""What the log says about the book."""

from portal.core.events import changes, reads

COUNTS = ("rows", "new", "changed", "unchanged", "refused", "dropped", "unattributed", "released", "missing")

LISTED = reads("policy.list", "looked at the list of policies")
SEEN = reads("policy.read", "looked at a policy of the book")
MEMBER_SEEN = reads("member.read", "looked at a member of the book")
MBI_REVEALED = reads("member.reveal", "revealed a Medicare number")
FEED_REQUESTED = changes("feed.request", "handed in a carrier file", ("size", "dry_run"))
FEED_LOADED = changes("feed.load", "loaded a carrier file", (*COUNTS, "dry_run"))
FEED_FAILED = changes("feed.fail", "could not load a carrier file", ("phase",))
WRITER_CONFIRMED = changes(
    "connector.confirm",
    "confirmed which column names the writing agent",
    ("identifier", "columns", "policies", "released"),
)
REATTRIBUTED = changes(
    "policy.reattribute", "attributed policies anew after a change of the crosswalk", ("policies", "released")
)
PROBLEMS_EXPORTED = reads("feed.export", "downloaded the refused rows of a feed run")
MOVES = ("policies", "between", "lost", "given")
HELD = changes("held.keep", "asked for a change that waits for a second administrator", ("change", *MOVES))
HELD_AGAIN = changes("held.recount", "found that a held change would move other policies by now", ("change", *MOVES))
HELD_APPROVED = changes("held.approve", "approved a held change", ("change", *MOVES))
HELD_REJECTED = changes("held.reject", "rejected a held change", ("change", *MOVES))
HELD_STALE = changes("held.end", "ended a held change that can no longer be made", ("change", *MOVES))
