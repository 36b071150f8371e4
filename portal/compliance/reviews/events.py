"""What reviewing the log leaves in it."""

from __future__ import annotations

from portal.core.events import changes, reads

LISTED = reads("review.list", "looked at the reviews of the access log")
SEEN = reads("review.read", "looked at a review of the access log", ("part",))
BEGUN = changes("review.begin", "began a review of the access log", ("number",))
RECOMPUTED = changes("review.recompute", "had the findings of a review computed anew", ("number",))
COMPUTED = changes("review.compute", "had the findings of a review computed", ("number", "entries", "findings", "new"))
DECIDED = changes("review.decide", "judged findings of a review", ("review", "finding_kind", "disposition", "count"))
SIGNED = changes("review.sign", "signed a review of the access log off", ("number", "findings", "sha256"))
EXPORTED = reads("review.export", "took along a signed review of the access log", ("number", "form"))
CLOSED = changes("review.close_follow_up", "closed a follow-up of a review", ("finding",))
HANDED_OVER = changes(
    "review.hand_over", "handed a follow-up of a review over to another officer", ("finding", "owner")
)
REMINDED = changes("review.remind", "told the compliance officers that a review is overdue", ("officers",))
RULES_SEEN = reads("review.rules_read", "looked at how the access log is reviewed")
RULES_CHANGED = changes("review.rules", "changed how the access log is reviewed", ("rules",))
WATCHED_SEEN = reads("watch.list", "looked at the watch list of members")
WATCHED = changes("watch.add", "put a member on the watch list")
UNWATCHED = changes("watch.remove", "took a member off the watch list")
